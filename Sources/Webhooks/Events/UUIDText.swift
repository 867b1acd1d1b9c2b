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
        for position in 0..<32 {
            if position == 8 || position == 12 || position == 16 || position == 20 { place += 1 }
            let half = position < 16 ? high : low
            let nibble = position & 15
            let digit = UInt8(truncatingIfNeeded: half >> UInt64(60 - nibble * 4)) & 15
            text[place] = digit < 10 ? 0x30 + digit : 0x57 + digit
            place += 1
        }
        // ASCII, so it is never refused.
        do { return String(copying: try UTF8Span(validating: text.span)) } catch { return "" }
    }
}
