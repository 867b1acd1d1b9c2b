import JSON

/// `$base64encode` and `$base64decode` on the UTF-8 of a text (RFC 4648 §4).
///
/// The reference works on Latin-1 and cuts everything beyond; its documentation says UTF-8, and so
/// it is here. ASCII gives the same either way.
package enum Base64Text {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
        // URL-safe letters are read as well, as the reference does.
        values[Int(UInt8(ascii: "-"))] = 62
        values[Int(UInt8(ascii: "_"))] = 63
        return values
    }()

    /// `$base64encode`.
    package static func encode(_ text: String) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count / 3 * 4 + 4)
        var bits: UInt32 = 0
        var count = 0
        for byte in text.utf8 {
            bits = bits << 8 | UInt32(byte)
            count += 1
            if count == 3 {
                for shift in [18, 12, 6, 0] as [UInt32] {
                    out.append(alphabet[Int(bits >> shift & 63)])
                }
                (bits, count) = (0, 0)
            }
        }
        if count > 0 {
            bits <<= count == 1 ? 16 : 8
            out.append(alphabet[Int(bits >> 18 & 63)])
            out.append(alphabet[Int(bits >> 12 & 63)])
            out.append(count == 2 ? alphabet[Int(bits >> 6 & 63)] : UInt8(ascii: "="))
            out.append(UInt8(ascii: "="))
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// `$base64decode`, as lenient as the reference: letters outside the alphabet are passed over, what
    /// follows the padding is not read. What comes out need not be UTF-8.
    package static func decode(_ text: Span<UInt8>) -> [UInt8] {
        let values = values
        var out = [UInt8](repeating: 0, count: text.count / 4 * 3 + 3)
        var length = 0
        var bits: UInt32 = 0
        var count = 0
        var place = 0
        while place < text.count {
            if count == 0, text.count - place >= 4 {
                // Four letters at once: none has a value above 63.
                let (a, b) = (values[Int(text[place])], values[Int(text[place + 1])])
                let (c, d) = (values[Int(text[place + 2])], values[Int(text[place + 3])])
                if a | b | c | d < 64 {
                    out[length] = a << 2 | b >> 4
                    out[length + 1] = b << 4 | c >> 2
                    out[length + 2] = c << 6 | d
                    length += 3
                    place += 4
                    continue
                }
            }
            let byte = text[place]
            place += 1
            if byte == UInt8(ascii: "=") { break }
            let value = values[Int(byte)]
            guard value < 64 else { continue }
            bits = bits << 6 | UInt32(value)
            count += 1
            if count == 4 {
                for shift in [16, 8, 0] as [UInt32] {
                    out[length] = UInt8(truncatingIfNeeded: bits >> shift)
                    length += 1
                }
                (bits, count) = (0, 0)
            }
        }
        if count >= 2 {
            out[length] = UInt8(truncatingIfNeeded: bits >> (count == 2 ? 4 : 10))
            length += 1
        }
        if count == 3 {
            out[length] = UInt8(truncatingIfNeeded: bits >> 2)
            length += 1
        }
        out.removeLast(out.count - length)
        return out
    }
}
