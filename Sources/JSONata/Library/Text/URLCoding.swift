import JSON

/// Percent-encoding as ECMAScript's encodeURI, encodeURIComponent and their inverses do it
/// (ECMA-262 §19.2.6).
package enum URLCoding {
    /// The four functions.
    package enum Function: String, Sendable {
        case encodeUrl
        case encodeUrlComponent
        case decodeUrl
        case decodeUrlComponent
    }

    /// Letters and digits never need encoding; these do not either.
    private static let marks = Set("-_.!~*'()".utf8)
    /// What separates the parts of a URI stays as it is in a whole one.
    private static let reserved = Set(";/?:@&=+$,#".utf8)

    /// Applies a function.
    ///
    /// - Throws: D3140 for a lone surrogate, a bad escape or bytes that are no UTF-8.
    package static func apply(
        _ function: Function, to text: String
    ) throws(JSONataError) -> String {
        let result =
            switch function {
            case .encodeUrl: encode(text, keeping: reserved)
            case .encodeUrlComponent: encode(text, keeping: [])
            case .decodeUrl: decode(text, keeping: reserved)
            case .decodeUrlComponent: decode(text, keeping: [])
            }
        guard let result else {
            throw JSONataError(
                .d3140, value: .string(text), functionName: function.rawValue)
        }
        return result
    }

    private static func encode(_ text: String, keeping kept: Set<UInt8>) -> String? {
        guard !text.unicodeScalars.contains(where: { StringEscapes.surrogate(for: $0) != nil })
        else { return nil }
        let hex = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            let isPlain = byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26
            if isPlain || marks.contains(byte) || kept.contains(byte) {
                out.append(byte)
            } else {
                out += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func decode(_ text: String, keeping kept: Set<UInt8>) -> String? {
        let bytes = Array(text.utf8)
        guard bytes.contains(UInt8(ascii: "%")) else { return text }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "%") else {
                out.append(bytes[index])
                index += 1
                continue
            }
            guard let first = escaped(bytes, index) else { return nil }
            if first < 0x80 {
                if kept.contains(first) {
                    out += bytes[index..<(index + 3)]
                } else {
                    out.append(first)
                }
                index += 3
                continue
            }
            guard let sequence = sequence(bytes, index, first) else { return nil }
            out += sequence
            index += 3 * sequence.count
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The byte that `%XX` at `index` stands for.
    private static func escaped(_ bytes: [UInt8], _ index: Int) -> UInt8? {
        guard index + 2 < bytes.count, bytes[index] == UInt8(ascii: "%") else { return nil }
        guard let high = hexDigit(bytes[index + 1]), let low = hexDigit(bytes[index + 2]) else {
            return nil
        }
        return high << 4 | low
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    /// The escaped bytes of one code point, which must be well-formed UTF-8.
    private static func sequence(_ bytes: [UInt8], _ index: Int, _ first: UInt8) -> [UInt8]? {
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        var sequence: [UInt8] = []
        for place in 0..<length {
            guard let byte = escaped(bytes, index + 3 * place) else { return nil }
            sequence.append(byte)
        }
        return String(validating: sequence, as: UTF8.self) == nil ? nil : sequence
    }
}
