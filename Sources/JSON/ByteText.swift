private import func Glibc.memchr
private import func Glibc.memcmp

/// UTF-8 text given as bytes that lie somewhere else.
package enum ByteText {
    // The reason for unsafe: C compares and searches faster than a loop over bytes; the pointers are
    // those of the spans and do not leave the calls.

    package static func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe left.withUnsafeBufferPointer { a in
            unsafe right.withUnsafeBufferPointer { b in
                guard let a = a.baseAddress, let b = b.baseAddress else { return true }
                return unsafe memcmp(a, b, left.count) == 0
            }
        }
    }

    package static func string(_ text: Span<UInt8>) -> String {
        unsafe text.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// True when every byte is ASCII.
    package static func isASCII(_ text: Span<UInt8>) -> Bool {
        unsafe text.withUnsafeBytes { bytes in
            var place = 0
            var seen: UInt64 = 0
            while bytes.count - place >= 8 {
                seen |= unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                place += 8
            }
            while place < bytes.count {
                seen |= UInt64(unsafe bytes[place])
                place += 1
            }
            return seen & 0x8080_8080_8080_8080 == 0
        }
    }

    /// Where `part` first is, in bytes; nil when it is not there.
    package static func firstRange(of part: Span<UInt8>, in text: Span<UInt8>) -> Int? {
        if part.count == 0 { return 0 }
        return unsafe text.withUnsafeBufferPointer { (whole) -> Int? in
            unsafe part.withUnsafeBufferPointer { (wanted) -> Int? in
                guard let base = whole.baseAddress, let other = wanted.baseAddress else {
                    return nil
                }
                var place = 0
                while whole.count - place >= wanted.count {
                    let room = whole.count - place - wanted.count + 1
                    guard let found = unsafe memchr(base + place, Int32(other[0]), room) else {
                        return nil
                    }
                    place = unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
                    if unsafe memcmp(base + place, other, wanted.count) == 0 { return place }
                    place += 1
                }
                return nil
            }
        }
    }

    /// Negative, zero or positive as `left` comes before, with or after `right` by UTF-16 code units;
    /// nil when bytes from 0xEE on are the first to differ or come before, whose order is another one
    /// in UTF-16.
    package static func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Int? {
        for place in 0..<min(left.count, right.count) {
            let (a, b) = (left[place], right[place])
            if a >= 0xEE || b >= 0xEE { return nil }
            if a != b { return a < b ? -1 : 1 }
        }
        return left.count - right.count
    }
}
