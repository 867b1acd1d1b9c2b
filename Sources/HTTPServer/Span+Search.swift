import Glibc

/// Searching and comparing received bytes.
///
/// unsafe: each function compares with the span's count before it reads without a check.
extension Span<UInt8> {
    /// The place of the next `byte`.
    func firstIndex(of byte: UInt8, from start: Int) -> Int? {
        guard start < count else { return nil }
        // memchr stays within the extracted span, and the pointer does not leave the closure.
        return unsafe extracting(start...).withUnsafeBufferPointer { bytes -> Int? in
            guard let base = bytes.baseAddress,
                let found = unsafe memchr(base, Int32(byte), bytes.count)
            else { return nil }
            return unsafe start + (UnsafeRawPointer(found) - UnsafeRawPointer(base))
        }
    }

    /// True when the bytes from `start` on begin with `text`.
    @inline(__always) func starts(_ text: StaticString, at start: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard start >= 0, length <= count - start else { return false }
        for offset in 0..<length {
            if unsafe self[unchecked: start + offset] != text.utf8Start[offset] { return false }
        }
        return true
    }

    /// True when the bytes are `text`, in any spelling. The text is of lower-case letters, digits and hyphens,
    /// and no control character is among the bytes: then one bit alone is a letter's case, and set in
    /// whatever else there is.
    @inline(__always) func equals(_ range: Range<Int>, _ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard range.count == length, range.lowerBound >= 0, range.upperBound <= count else {
            return false
        }
        for offset in 0..<length {
            let byte = unsafe self[unchecked: range.lowerBound + offset]
            if unsafe byte | 0x20 != text.utf8Start[offset] { return false }
        }
        return true
    }

    /// Where the bytes end that a field's value may have (RFC 9110 §5.5), from `start` on.
    @inline(__always) func endOfFieldValue(from start: Int) -> Int {
        var index = start
        while index < count {
            if count - index >= 8 {
                let word = unsafe bytes.unsafeLoadUnaligned(
                    fromByteOffset: index, as: UInt64.self)
                let controls = Self.controls(UInt64(littleEndian: word))
                if controls == 0 {
                    index &+= 8
                    continue
                }
                index &+= controls.trailingZeroBitCount >> 3
            }
            guard unsafe HTTPCharacters.isFieldValue(self[unchecked: index]) else { break }
            index &+= 1
        }
        return index
    }

    /// The highest bit of the first byte that is below 0x20 or is 0x7F, and perhaps of later ones; 0 when
    /// there is none: only such a byte borrows from the next when 0x20 is taken from it, or 1 after 0x7F
    /// became 0.
    @inline(__always) private static func controls(_ word: UInt64) -> UInt64 {
        let highest: UInt64 = 0x8080_8080_8080_8080
        let low = (word &- 0x2020_2020_2020_2020) & ~word
        let flipped = word ^ 0x7F7F_7F7F_7F7F_7F7F
        let delete = (flipped &- 0x0101_0101_0101_0101) & ~flipped
        return (low | delete) & highest
    }
}
