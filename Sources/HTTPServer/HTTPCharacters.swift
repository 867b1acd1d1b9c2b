/// Character classes of RFC 9110 §5.6 and RFC 9112 §3, each a bitmap of ASCII.
enum HTTPCharacters {
    /// `tchar`: what names of methods and fields are made of.
    @inline(__always) static func isToken(_ byte: UInt8) -> Bool {
        isLetter(byte) || isIn(byte, low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
    }

    /// `unreserved`, `sub-delims` and `%`: what a registered name is made of (RFC 3986 §3.2.2).
    @inline(__always) static func isRegisteredName(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte)
            || isIn(byte, low: 0x2BFF_7FF2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE)
    }

    /// Visible ASCII: what a request target is made of.
    @inline(__always) static func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

    /// `field-vchar`, obs-text, space and tab: what a field value is made of (RFC 9110 §5.5).
    @inline(__always) static func isFieldValue(_ byte: UInt8) -> Bool {
        (byte >= 0x20 && byte != 0x7F) || byte == 0x09
    }

    /// Space and tab: `OWS` is made of them (RFC 9110 §5.6.3).
    @inline(__always) static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    @inline(__always) static func hexDigit(_ byte: UInt8) -> Int? {
        let digit = byte &- UInt8(ascii: "0")
        if digit < 10 { return Int(digit) }
        let letter = (byte | 0x20) &- UInt8(ascii: "a")
        return letter < 6 ? Int(letter) + 10 : nil
    }

    // Letters and digits are in both bitmaps, but told sooner, and names are mostly made of them.

    @inline(__always) private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- UInt8(ascii: "a") < 26
    }

    @inline(__always) private static func isDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10
    }

    @inline(__always)
    private static func isIn(_ byte: UInt8, low: UInt64, high: UInt64) -> Bool {
        let bit = (byte < 64 ? low : high) &>> UInt64(byte & 63)
        return byte < 0x80 && bit & 1 != 0
    }
}
