internal import JSON

/// ECMAScript's encodeURI family (ECMA-262 §19.2.6).
enum PercentEncoding {
    private static let unreserved = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()".utf8)
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// Every byte but unreserved ones and those of `kept` as `%XX`.
    ///
    /// - Throws: D3140 for a lone surrogate.
    static func encode(
        _ text: String, keeping kept: String, _ function: String
    ) throws(JSONataError) -> String {
        if text.unicodeScalars.contains(where: { StringEscapes.surrogate(for: $0) != nil }) {
            throw JSONataError("D3140", value: text, functionName: function)
        }
        let keep = Set(kept.utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            if unreserved.contains(byte) || keep.contains(byte) {
                out.append(byte)
            } else {
                out.append(contentsOf: [
                    UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)],
                ])
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The text of `%XX` sequences; those of the characters in `left` stay as they are.
    ///
    /// - Throws: D3140 for a broken sequence or bytes that are no UTF-8.
    static func decode(
        _ text: String, leaving left: String, _ function: String
    ) throws(JSONataError) -> String {
        let leave = Set(left.utf8)
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "%") else {
                out.append(bytes[index])
                index += 1
                continue
            }
            guard index + 2 < bytes.count, let value = hex(bytes[index + 1], bytes[index + 2])
            else {
                throw JSONataError("D3140", value: text, functionName: function)
            }
            if leave.contains(value) {
                out.append(contentsOf: bytes[index...index + 2])
            } else {
                out.append(value)
            }
            index += 3
        }
        guard let decoded = String(validating: out, as: UTF8.self) else {
            throw JSONataError("D3140", value: text, functionName: function)
        }
        return decoded
    }

    private static func hex(_ high: UInt8, _ low: UInt8) -> UInt8? {
        let value = { (byte: UInt8) -> UInt8? in
            switch byte {
            case 0x30...0x39: byte - 0x30
            case 0x41...0x46: byte - 0x37
            case 0x61...0x66: byte - 0x57
            default: nil
            }
        }
        guard let first = value(high), let second = value(low) else { return nil }
        return first << 4 | second
    }
}
