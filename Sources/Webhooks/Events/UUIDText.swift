import JSON

/// UUIDs in their text form (RFC 9562), from bits that are given.
package enum UUIDText {
    /// Version 7: 48 bits of Unix milliseconds, then 74 random bits.
    package static func version7(milliseconds: Int64, high: UInt64, low: UInt64) -> String {
        let time = UInt64(bitPattern: max(0, milliseconds)) & 0xFFFF_FFFF_FFFF
        return text(
            high: time << 16 | 0x7000 | high & 0x0FFF,
            low: 0x8000_0000_0000_0000 | low >> 2)
    }

    /// Version 4: 122 random bits.
    package static func version4(high: UInt64, low: UInt64) -> String {
        text(
            high: high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000,
            low: 0x8000_0000_0000_0000 | low >> 2)
    }

    private static func text(high: UInt64, low: UInt64) -> String {
        var text = InlineArray<36, UInt8>(repeating: UInt8(ascii: "-"))
        var place = 0
        let parts: InlineArray<4, UInt64> = [high >> 32, high, low >> 32, low]
        for index in parts.indices {
            var digits = HexText.digits(UInt32(truncatingIfNeeded: parts[index]))
            for _ in 0..<8 {
                if place == 8 || place == 13 || place == 18 || place == 23 { place += 1 }
                text[place] = UInt8(truncatingIfNeeded: digits)
                digits >>= 8
                place += 1
            }
        }
        // ASCII, so it is never refused.
        do { return String(copying: try UTF8Span(validating: text.span)) } catch { return "" }
    }
}
