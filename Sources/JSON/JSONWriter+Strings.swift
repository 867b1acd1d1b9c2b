extension JSONWriter {
    /// Copies runs that need no escape in one go; the scan reads eight bytes at a time.
    mutating func writeString(_ text: UnsafeBufferPointer<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        var start = 0
        var index = 0
        while index < text.count {
            unsafe Self.skipPlain(text, &index)
            guard index < text.count else { break }
            let byte = unsafe text[index]
            if byte == 0xF4, let unit = unsafe Self.surrogate(text, index) {
                unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
                writeEscape(unit)
                index += 4
                start = index
            } else if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
                writeEscape(byte)
                index += 1
                start = index
            } else {
                index += 1
            }
        }
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
        bytes.append(UInt8(ascii: "\""))
    }

    /// True when `writeString` would copy the text as it is.
    package static func needsNoEscape(_ text: Span<UInt8>) -> Bool {
        unsafe text.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return true }
            var place = 0
            while true {
                place = unsafe PlainRun.end(base, from: place, to: bytes.count)
                guard place < bytes.count else { return true }
                let byte = unsafe bytes[place]
                // Beyond ASCII only what may begin a lone surrogate's stand-in.
                guard byte >= 0x80, byte != 0xF4 else { return false }
                place += 1
            }
        }
    }

    /// Moves `index` to the next byte that may need an escape: a control character, a quote, a
    /// backslash, or 0xF4, which may begin a lone surrogate's stand-in.
    private static func skipPlain(_ text: UnsafeBufferPointer<UInt8>, _ index: inout Int) {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let high: UInt64 = 0x8080_8080_8080_8080
        while text.count - index >= 8 {
            let word = unsafe UnsafeRawPointer(text.baseAddress.unsafelyUnwrapped)
                .loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let below = (word &- (ones &* 0x20)) & ~word
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            let lead = word ^ (ones &* 0xF4)
            let special =
                (below | ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
                    | ((lead &- ones) & ~lead)) & high
            if special != 0 {
                index += UInt64(littleEndian: special).trailingZeroBitCount >> 3
                return
            }
            index += 8
        }
    }

    /// The surrogate that the four bytes at `index` stand for (U+10F000–U+10F7FF), or nil.
    private static func surrogate(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> UInt16? {
        guard index + 3 < text.count else { return nil }
        let value =
            unsafe UInt32(text[index] & 0x07) << 18 | UInt32(text[index + 1] & 0x3F) << 12
            | UInt32(text[index + 2] & 0x3F) << 6 | UInt32(text[index + 3] & 0x3F)
        return Unicode.Scalar(value).flatMap(StringEscapes.surrogate(for:))
    }

    private mutating func writeEscape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): raw("\\\"")
        case UInt8(ascii: "\\"): raw("\\\\")
        case 0x08: raw("\\b")
        case 0x0C: raw("\\f")
        case 0x0A: raw("\\n")
        case 0x0D: raw("\\r")
        case 0x09: raw("\\t")
        default: writeEscape(UInt16(byte))
        }
    }

    private mutating func writeEscape(_ unit: UInt16) {
        raw("\\u")
        for shift in stride(from: 12, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: unit >> shift & 0xF)
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
