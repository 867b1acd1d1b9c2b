/// Strict text encodings of bytes (RFC 4648). What is not exactly one encoding of some bytes does
/// not decode: no white space, no foreign alphabet, no non-zero trailing bits.
package enum Encodings {
    /// Whether base64 text carries `=`.
    package enum Padding: Sendable {
        case required
        case optional
        case forbidden
    }

    /// Hex of either case (the two may mix); nil for an odd length or another character.
    package static func decodeHex(_ text: Span<UInt8>) -> [UInt8]? {
        let count = text.count
        guard count.isMultiple(of: 2) else { return nil }
        var isHex = true
        var bytes: [UInt8] = []
        bytes.append(addingCapacity: count / 2) { bytes in
            for place in 0..<count / 2 {
                guard let high = hexDigit(text[2 * place]), let low = hexDigit(text[2 * place + 1])
                else {
                    isHex = false
                    return
                }
                bytes.append(high << 4 | low)
            }
        }
        return isHex ? bytes : nil
    }

    /// Base64 with the standard alphabet; nil unless canonical.
    package static func decodeBase64(
        _ text: Span<UInt8>, padding: Padding = .required
    ) -> [UInt8]? {
        decode64(text, padding: padding, urlSafe: false)
    }

    /// Base64 with the URL and file name safe alphabet; nil unless canonical.
    package static func decodeBase64URL(
        _ text: Span<UInt8>, padding: Padding = .optional
    ) -> [UInt8]? {
        decode64(text, padding: padding, urlSafe: true)
    }

    package static func decodeHex(_ text: String) -> [UInt8]? {
        let bytes = Array(text.utf8)
        return decodeHex(bytes.span)
    }

    package static func decodeBase64(
        _ text: String, padding: Padding = .required
    ) -> [UInt8]? {
        let bytes = Array(text.utf8)
        return decodeBase64(bytes.span, padding: padding)
    }

    package static func decodeBase64URL(
        _ text: String, padding: Padding = .optional
    ) -> [UInt8]? {
        let bytes = Array(text.utf8)
        return decodeBase64URL(bytes.span, padding: padding)
    }

    /// Lower-case hex.
    package static func encodeHex(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return text
    }

    /// Base64 with padding.
    package static func encodeBase64(_ bytes: [UInt8]) -> [UInt8] {
        encode64(bytes, alphabet: standardAlphabet, padded: true)
    }

    /// URL-safe base64, without padding unless asked for.
    package static func encodeBase64URL(_ bytes: [UInt8], padded: Bool = false) -> [UInt8] {
        encode64(bytes, alphabet: urlSafeAlphabet, padded: padded)
    }

    private static let standardAlphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlSafeAlphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    private static func encode64(
        _ bytes: [UInt8], alphabet: [UInt8], padded: Bool
    ) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var accumulator: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            accumulator = accumulator << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(alphabet[Int(accumulator >> bits & 63)])
            }
            accumulator &= 0xFF
        }
        if bits > 0 { text.append(alphabet[Int(accumulator << (6 - bits) & 63)]) }
        while padded && !text.count.isMultiple(of: 4) { text.append(UInt8(ascii: "=")) }
        return text
    }

    private static func decode64(
        _ text: Span<UInt8>, padding: Padding, urlSafe: Bool
    ) -> [UInt8]? {
        var count = text.count
        var pads = 0
        while pads < 2, count > 0, byte(text, count - 1) == UInt8(ascii: "=") {
            count -= 1
            pads += 1
        }
        // 1 mod 4 holds six bits: not a byte. Padding is all of it or none.
        guard count % 4 != 1 else { return nil }
        let expectedPads = (4 - count % 4) % 4
        switch padding {
        case .required: guard pads == expectedPads else { return nil }
        case .optional: guard pads == expectedPads || pads == 0 else { return nil }
        case .forbidden: guard pads == 0 else { return nil }
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count * 3 / 4)
        var accumulator: UInt32 = 0
        var bits: UInt32 = 0
        for offset in 0..<count {
            guard let value = digit64(byte(text, offset), urlSafe: urlSafe) else { return nil }
            accumulator = accumulator << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: accumulator >> bits))
                accumulator &= (1 << bits) - 1
            }
        }
        // RFC 4648 §3.5: the bits left over must be zero, else two texts mean the same bytes.
        return accumulator == 0 ? bytes : nil
    }

    private static func byte(_ text: Span<UInt8>, _ offset: Int) -> UInt8 {
        text[offset]
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func digit64(_ byte: UInt8, urlSafe: Bool) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): urlSafe ? nil : 62
        case UInt8(ascii: "/"): urlSafe ? nil : 63
        case UInt8(ascii: "-"): urlSafe ? 62 : nil
        case UInt8(ascii: "_"): urlSafe ? 63 : nil
        default: nil
        }
    }
}
