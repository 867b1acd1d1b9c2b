private import func Glibc.memcmp

extension JSONDocument {
    /// More members than this are not compared with each other.
    private static let plainMembersMax = 128

    /// True when the members of the object at `index` may be listed as they lie there: no key has
    /// escapes, repeats or begins with a digit, which ECMAScript might list first (ECMA-262 §10.1.11).
    /// False also when there are too many members to tell quickly.
    package func hasPlainMembers(at index: Int) -> Bool {
        let count = count(of: index)
        guard count <= Self.plainMembersMax else { return false }
        return unsafe bytes.withUnsafeBufferPointer { text in
            // The reason for unsafe: ranges of the tape lie inside the text, which the scanner checked.
            unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: count) { marks in
                var entry = index + 1
                for place in 0..<count {
                    let range = textRange(at: entry)
                    guard isPlainString(at: entry) else { return false }
                    var mark: UInt64 = 0
                    if let base = text.baseAddress, !range.isEmpty {
                        let first = unsafe base[range.lowerBound]
                        if first &- 0x30 < 10 { return false }
                        mark = unsafe Self.mark(base + range.lowerBound, range.count)
                    }
                    for other in 0..<place where unsafe marks[other] == mark {
                        // Alike in length and at both ends: seldom, as `followers_url`, `following_url`.
                        if string(at: key(other, of: index)) == string(at: entry) { return false }
                    }
                    unsafe marks[place] = mark
                    entry = next(after: entry + 1)
                }
                return true
            }
        }
    }

    /// The entry of the key of the member number `place`.
    private func key(_ place: Int, of index: Int) -> Int {
        var entry = index + 1
        for _ in 0..<place { entry = next(after: entry + 1) }
        return entry
    }

    /// A number that keys with different lengths, first four or last four bytes do not share.
    @inline(__always) private static func mark(_ key: UnsafePointer<UInt8>, _ count: Int) -> UInt64
    {
        let raw = unsafe UnsafeRawPointer(key)
        var mark = UInt64(truncatingIfNeeded: count) << 56
        if count >= 4 {
            let first = unsafe raw.loadUnaligned(as: UInt32.self)
            let last = unsafe raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
            // Multiplied, so that the two do not cancel out.
            mark ^= UInt64(first) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(last)
        } else {
            for place in 0..<count { mark = unsafe mark << 8 | UInt64(key[place]) }
            mark ^= UInt64(truncatingIfNeeded: count) << 56
        }
        return mark
    }

    /// True when the string at `index` is `text`, code unit by code unit; nil when it has escapes.
    package func isPlainString(at index: Int, equalTo text: String) -> Bool? {
        guard isPlainString(at: index) else { return nil }
        let range = textRange(at: index)
        var text = text
        return text.withUTF8 { other in
            guard other.count == range.count else { return false }
            return unsafe bytes.withUnsafeBufferPointer { own in
                guard let a = own.baseAddress, let b = other.baseAddress else { return true }
                return unsafe memcmp(a + range.lowerBound, b, other.count) == 0
            }
        }
    }
}
