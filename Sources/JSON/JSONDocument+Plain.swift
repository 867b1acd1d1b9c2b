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
                // A bit for each mark: most keys are told from all before them by it.
                var seen = SIMD8<UInt64>()
                for place in 0..<count {
                    let range = textRange(at: entry)
                    guard isPlainString(at: entry) else { return false }
                    var mark: UInt64 = 0
                    if let base = text.baseAddress, !range.isEmpty {
                        let first = unsafe base[range.lowerBound]
                        if first &- 0x30 < 10 { return false }
                        mark = unsafe Self.mark(base + range.lowerBound, range.count)
                    }
                    let hash = Int(truncatingIfNeeded: (mark &* 0x9E37_79B9_7F4A_7C15) >> 55)
                    let (word, bit) = (hash >> 6, UInt64(1) << UInt64(hash & 63))
                    if seen[word] & bit != 0 {
                        for other in 0..<place where unsafe marks[other] == mark {
                            // Alike in length and at both ends: seldom, as `followers_url`,
                            // `following_url`.
                            if string(at: key(other, of: index)) == string(at: entry) {
                                return false
                            }
                        }
                    }
                    seen[word] |= bit
                    unsafe marks[place] = mark
                    entry = next(after: entry + 1)
                }
                return true
            }
        }
    }

    /// True when all objects are as `hasPlainMembers` has it and all numbers are written as ECMAScript
    /// would write them, few digits and no exponent.
    package var isPlain: Bool {
        for index in tape.indices {
            switch tape[index].kind {
            case .object:
                if !hasPlainMembers(at: index) { return false }
            case .number:
                if !isPlainNumber(bytes[textRange(at: index)]) { return false }
            default: break
            }
        }
        return true
    }

    private func isPlainNumber(_ text: ArraySlice<UInt8>) -> Bool {
        let zero = UInt8(ascii: "0")
        let hasPoint = text.contains(UInt8(ascii: "."))
        return text.count <= 15 && !text.contains { $0 | 0x20 == UInt8(ascii: "e") }
            && !(hasPoint && text.last == zero)
            && !(text.first == UInt8(ascii: "-") && text.dropFirst().first == zero)
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
