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
        let first = HexText.digits(UInt32(truncatingIfNeeded: high >> 32))
        let second = HexText.digits(UInt32(truncatingIfNeeded: high))
        let third = HexText.digits(UInt32(truncatingIfNeeded: low >> 32))
        let last = HexText.digits(UInt32(truncatingIfNeeded: low))
        write(first, 8, at: 0, to: &text)
        write(second, 4, at: 9, to: &text)
        write(second >> 32, 4, at: 14, to: &text)
        write(third, 4, at: 19, to: &text)
        write(third >> 32, 4, at: 24, to: &text)
        write(last, 8, at: 28, to: &text)
        // ASCII, so it is never refused.
        do { return String(copying: try UTF8Span(validating: text.span)) } catch { return "" }
    }

    @inline(__always) private static func write(
        _ digits: UInt64, _ count: Int, at place: Int, to text: inout InlineArray<36, UInt8>
    ) {
        for index in 0..<count {
            text[place + index] = UInt8(truncatingIfNeeded: digits >> UInt64(8 * index))
        }
    }
}
