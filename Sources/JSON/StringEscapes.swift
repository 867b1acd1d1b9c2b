private import func Glibc.memchr

/// Escapes of JSON strings (RFC 8259 §7), and how lone surrogates live in a Swift `String`.
///
/// A `String` cannot hold U+D800–U+DFFF. A lone one is kept as U+10F000 plus its distance from U+D800,
/// in the last private-use plane, and written as its `\udXXX` escape again.
package enum StringEscapes {
    /// First of the 2,048 private-use scalars that stand for lone surrogates.
    package static let surrogateBase: UInt32 = 0x10F000

    /// The stand-in for the lone surrogate `unit` (0xD800–0xDFFF).
    package static func scalar(forSurrogate unit: UInt32) -> Unicode.Scalar {
        Unicode.Scalar(surrogateBase &+ (unit & 0x7FF)) ?? "\u{FFFD}"
    }

    /// The surrogate that `scalar` stands for, or nil for an ordinary scalar.
    package static func surrogate(for scalar: Unicode.Scalar) -> UInt16? {
        scalar.value >= surrogateBase && scalar.value < surrogateBase + 0x800
            ? UInt16(0xD800 + (scalar.value - surrogateBase)) : nil
    }

    /// The surrogate that the four bytes at a place stand for, or nil.
    ///
    /// The reason for unsafe: the bytes are lent for the call; four of them are looked for first.
    static func surrogate(in text: UnsafeRawBufferPointer, at place: Int) -> UInt16? {
        guard place + 3 < text.count else { return nil }
        let value =
            unsafe UInt32(text[place] & 0x07) << 18 | UInt32(text[place + 1] & 0x3F) << 12
            | UInt32(text[place + 2] & 0x3F) << 6 | UInt32(text[place + 3] & 0x3F)
        return Unicode.Scalar(value).flatMap(surrogate(for:))
    }

    /// The text of a string whose escapes the scanner has checked.
    static func decode(_ text: UnsafeBufferPointer<UInt8>) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        unsafe forEachPart(text) { part in
            unsafe part.withUnsafeBufferPointer { unsafe out.append(contentsOf: $0) }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Calls `body` with the parts of that text, one after the other.
    static func forEachPart(
        _ text: UnsafeBufferPointer<UInt8>, _ body: (Span<UInt8>) -> Void
    ) {
        var index = 0
        while let base = text.baseAddress, index < text.count {
            let found = unsafe memchr(base + index, 0x5C, text.count - index)
            let mark = unsafe found.map { unsafe UnsafeRawPointer($0) - UnsafeRawPointer(base) }
            let end = mark ?? text.count
            if end > index {
                body(unsafe UnsafeBufferPointer(start: base + index, count: end - index).span)
            }
            guard end < text.count else { return }
            let escape = unsafe text[end + 1]
            index = end + 2
            if escape == UInt8(ascii: "u") {
                let scalar = unsafe decodeUnicode(text, &index)
                let bytes = Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                body(bytes.span)
                continue
            }
            var byte = escape
            switch escape {
            case UInt8(ascii: "b"): byte = 0x08
            case UInt8(ascii: "f"): byte = 0x0C
            case UInt8(ascii: "n"): byte = 0x0A
            case UInt8(ascii: "r"): byte = 0x0D
            case UInt8(ascii: "t"): byte = 0x09
            default: break
            }
            unsafe withUnsafePointer(to: byte) {
                body(unsafe UnsafeBufferPointer(start: $0, count: 1).span)
            }
        }
    }

    /// The four digits at `index`, and those of a following low surrogate that belongs to them.
    private static func decodeUnicode(
        _ text: UnsafeBufferPointer<UInt8>, _ index: inout Int
    ) -> Unicode.Scalar {
        let unit = unsafe codeUnit(text, index)
        index += 4
        if unit & 0xFC00 == 0xD800, index + 6 <= text.count,
            unsafe text[index] == UInt8(ascii: "\\"), unsafe text[index + 1] == UInt8(ascii: "u")
        {
            let low = unsafe codeUnit(text, index + 2)
            if low & 0xFC00 == 0xDC00 {
                index += 6
                return Unicode.Scalar(0x10000 + ((unit & 0x3FF) << 10 | low & 0x3FF)) ?? "\u{FFFD}"
            }
        }
        return Unicode.Scalar(unit) ?? scalar(forSurrogate: unit)
    }

    private static func codeUnit(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> UInt32 {
        var unit: UInt32 = 0
        for offset in 0..<4 where index + offset < text.count {
            unit = unsafe unit << 4 | (hexDigitValue(text[index + offset]) ?? 0)
        }
        return unit
    }
}
