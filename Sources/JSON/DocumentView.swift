private import func Glibc.memcmp

/// A document as whoever holds on to it reads it: by indexes of its tape and without counting
/// references, which would take more time than the reading.
///
/// The reason for unsafe: the pointers are those of the text's array and of a `TapeMemory`. An array's
/// elements stay where they are as long as it lives and is not changed; so they hold while the document
/// is held, which is on the caller. Indexes are checked; what an entry of the tape says was checked by
/// the scanner.
@safe package struct DocumentView: BitwiseCopyable, @unchecked Sendable {
    // Unchecked because nobody writes to what the pointers lead to.
    package let bytes: UnsafePointer<UInt8>
    package let tape: UnsafePointer<TapeEntry>
    package let byteCount: Int
    package let entryCount: Int

    init?(_ bytes: [UInt8], _ tape: UnsafePointer<TapeEntry>, _ entryCount: Int) {
        guard let text = unsafe bytes.withUnsafeBufferPointer({ $0.baseAddress }) else {
            return nil
        }
        unsafe self.bytes = text
        unsafe self.tape = tape
        byteCount = bytes.count
        self.entryCount = entryCount
    }

    func entry(_ index: Int) -> TapeEntry {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: entryCount))
        return unsafe tape[index]
    }

    /// The bytes of an entry.
    @inline(__always) private func text(_ entry: TapeEntry) -> UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(start: bytes + Int(entry.offset), count: Int(entry.length))
    }

    /// The nearest double of the number at `index`.
    package func double(at index: Int) -> Double { unsafe NumberText.double(text(entry(index))) }

    /// The text of the string or key at `index`, escapes resolved.
    package func string(at index: Int) -> String {
        let entry = entry(index)
        return entry.isFlagged
            ? unsafe StringEscapes.decode(text(entry))
            : unsafe String(decoding: text(entry), as: UTF8.self)
    }

    /// Calls `body` with the parts of that text, one after the other.
    package func forEachPart(at index: Int, _ body: (Span<UInt8>) -> Void) {
        unsafe StringEscapes.forEachPart(text(entry(index)), body)
    }

    // MARK: Members

    /// The value's entry of the member named `key` of the object at `index`, the last one when the key
    /// repeats (as ECMAScript's `JSON.parse`), or -1.
    package func member(of index: Int, key: String) -> Int {
        var key = key
        return key.withUTF8 { member(of: index, key: unsafe $0.span) }
    }

    /// The same for a key given as bytes.
    package func member(of index: Int, key: Span<UInt8>) -> Int {
        unsafe key.withUnsafeBufferPointer { unsafe member(of: index, keyUTF8: $0) }
    }

    @inline(__always) private func member(
        of index: Int, keyUTF8 key: UnsafeBufferPointer<UInt8>
    ) -> Int {
        let object = entry(index)
        guard object.isObject else { return -1 }
        let ends = unsafe KeyEnds(UnsafeRawPointer(key.baseAddress), key.count)
        let length = UInt32(truncatingIfNeeded: key.count)
        var found: UnsafePointer<TapeEntry>?
        var entry = unsafe tape + (index &+ 1)
        let end = unsafe entry + Int(object.inside)
        while unsafe entry < end {
            if unsafe entry.pointee.isFlagged {
                return unsafe memberAmongEscapes(of: index, keyUTF8: key)
            }
            if unsafe entry.pointee.length == length,
                unsafe ends.match(bytes + Int(entry.pointee.offset), key)
            {
                unsafe found = entry
            }
            // As in `memberEnd`.
            let value = unsafe entry[1]
            unsafe entry += 2
            if value.meta & 4 != 0 { unsafe entry += Int(value.inside) }
        }
        guard let found = unsafe found else { return -1 }
        return unsafe found - tape + 1
    }

    /// The same for an object with keys that have escapes.
    @inline(never) private func memberAmongEscapes(
        of index: Int, keyUTF8 key: UnsafeBufferPointer<UInt8>
    ) -> Int {
        var found = -1
        var place = index &+ 1
        let end = place &+ Int(entry(index).inside)
        while place < end {
            let name = string(at: place)
            if unsafe name.utf8.elementsEqual(key) { found = place &+ 1 }
            place = memberEnd(place)
        }
        return found
    }

    /// The entry after the member whose key's entry is at `place`.
    ///
    /// A branch, where `inside` alone would do: the processor foresees most and goes on to the next key,
    /// while it would have to wait for what it reads.
    @inline(__always) private func memberEnd(_ place: Int) -> Int {
        if unsafe tape[place &+ 1].meta & 4 == 0 { return place &+ 2 }
        return unsafe place &+ 2 &+ Int(tape[place &+ 1].inside)
    }

    /// The beginning and the end of a key, by which keys of its length are told from it.
    private struct KeyEnds {
        var first: UInt64
        var last: UInt64

        /// All of a key of up to sixteen bytes; `count` bytes are there.
        @inline(__always) init(_ pointer: UnsafeRawPointer?, _ count: Int) {
            guard let pointer = unsafe pointer else {
                (first, last) = (0, 0)
                return
            }
            if count >= 8 {
                first = unsafe pointer.loadUnaligned(as: UInt64.self)
                last = unsafe pointer.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
            } else if count >= 4 {
                first = unsafe UInt64(pointer.loadUnaligned(as: UInt32.self))
                last = unsafe UInt64(
                    pointer.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
            } else if count > 0 {
                first = unsafe UInt64(pointer.load(as: UInt8.self))
                last = unsafe UInt64(pointer.load(fromByteOffset: count >> 1, as: UInt8.self))
                last |= unsafe UInt64(pointer.load(fromByteOffset: count &- 1, as: UInt8.self)) << 8
            } else {
                (first, last) = (0, 0)
            }
        }

        /// Whether the bytes at `other`, as many as the key has, are the key's.
        @inline(__always) func match(
            _ other: UnsafePointer<UInt8>, _ key: UnsafeBufferPointer<UInt8>
        ) -> Bool {
            let ends = unsafe KeyEnds(UnsafeRawPointer(other), key.count)
            guard ends.first == first, ends.last == last else { return false }
            guard key.count > 16, let base = key.baseAddress else { return true }
            return unsafe memcmp(other, base, key.count) == 0
        }

        /// A number that mostly differs for different keys.
        @inline(__always) func mark(_ count: Int) -> UInt64 {
            (first ^ UInt64(truncatingIfNeeded: count)) &* 0x9E37_79B9_7F4A_7C15 ^ last
        }
    }

    // MARK: Plain objects

    /// More members than this are not compared with each other.
    private static let plainMembersMax = 128

    /// True when the members of the object at `index` may be listed as they lie there: no key has
    /// escapes, repeats or begins with a digit, which ECMAScript might list first (ECMA-262 §10.1.11).
    /// False also when there are too many members to tell quickly.
    package func hasPlainMembers(at index: Int) -> Bool {
        let count = entry(index).count
        guard count <= Self.plainMembersMax else { return false }
        return unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: count + 8) {
            memory in
            // A bit for each mark: most keys are told from all before them by it.
            for word in 0..<8 { unsafe memory[word] = 0 }
            var place = index &+ 1
            for member in 0..<count {
                let entry = unsafe tape[place]
                if entry.isFlagged { return false }
                let key = unsafe bytes + Int(entry.offset)
                if entry.length > 0, unsafe key.pointee &- 0x30 < 10 { return false }
                let mark = unsafe KeyEnds(UnsafeRawPointer(key), Int(entry.length))
                    .mark(Int(entry.length))
                let hash = Int(truncatingIfNeeded: (mark &* 0x9E37_79B9_7F4A_7C15) >> 55)
                let bit = UInt64(1) << UInt64(hash & 63)
                if unsafe memory[hash >> 6] & bit != 0 {
                    for other in 0..<member where unsafe memory[8 &+ other] == mark {
                        // The same length and ends: seldom another key.
                        if string(at: self.key(other, of: index)) == string(at: place) {
                            return false
                        }
                    }
                }
                unsafe memory[hash >> 6] |= bit
                unsafe memory[8 &+ member] = mark
                place = memberEnd(place)
            }
            return true
        }
    }

    /// The entry of the key of the member number `place`.
    private func key(_ place: Int, of index: Int) -> Int {
        var entry = index + 1
        for _ in 0..<place { entry = memberEnd(entry) }
        return entry
    }

    /// True when all objects are as `hasPlainMembers` has it and all numbers are written as ECMAScript
    /// would write them, few digits and no exponent.
    package var isPlain: Bool {
        for index in 0..<entryCount {
            switch entry(index).kind {
            case .object:
                if !hasPlainMembers(at: index) { return false }
            case .number:
                if !isPlainNumber(entry(index)) { return false }
            default: break
            }
        }
        return true
    }

    private func isPlainNumber(_ entry: TapeEntry) -> Bool {
        let text = unsafe text(entry)
        let zero = UInt8(ascii: "0")
        let hasPoint = unsafe text.contains(UInt8(ascii: "."))
        return unsafe text.count <= 15 && !text.contains { $0 | 0x20 == UInt8(ascii: "e") }
            && !(hasPoint && text.last == zero)
            && !(text.first == UInt8(ascii: "-") && text.dropFirst().first == zero)
    }
}
