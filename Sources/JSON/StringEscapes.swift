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

    /// The text of a string whose escapes the scanner has checked.
    static func decode(_ text: UnsafeBufferPointer<UInt8>) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let byte = unsafe text[index]
            if byte != UInt8(ascii: "\\") {
                out.append(byte)
                index += 1
                continue
            }
            let escape = unsafe text[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0C)
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "r"): out.append(0x0D)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "u"):
                let scalar = unsafe decodeUnicode(text, &index)
                out.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            default: out.append(escape)
            }
        }
        return String(decoding: out, as: UTF8.self)
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
