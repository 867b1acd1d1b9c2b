/// Lower-case hexadecimal digits.
enum Hex {
    static let digits: [UInt8] = Array("0123456789abcdef".utf8)

    /// Whether the byte is one of `0`…`9`, `a`…`f`.
    static func isLowercaseDigit(_ byte: UInt8) -> Bool { value(byte) != nil }

    /// What a lower-case digit stands for; nil for any other byte.
    static func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a")) + 10
        default: nil
        }
    }

    /// Two digits a byte.
    static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
