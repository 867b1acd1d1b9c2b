/// Character classes of RFC 9110 §5.6 and RFC 9112 §3.
enum HTTPCharacters {
    /// `tchar`: what names of methods and fields are made of.
    static func isToken(_ byte: UInt8) -> Bool { byte < 0x80 && table[Int(byte)] & 1 != 0 }

    /// Visible ASCII: what a request target is made of.
    static func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

    /// `field-vchar`, obs-text, space and tab: what a field value is made of (RFC 9110 §5.5).
    static func isFieldValue(_ byte: UInt8) -> Bool {
        (byte >= 0x20 && byte != 0x7F) || byte == 0x09
    }

    private static let table: [UInt8] = (0..<128).map { code in
        let byte = UInt8(code)
        let letter = (byte | 0x20) &- UInt8(ascii: "a") < 26
        let digit = byte &- UInt8(ascii: "0") < 10
        return letter || digit || "!#$%&'*+-.^_`|~".utf8.contains(byte) ? 1 : 0
    }
}
