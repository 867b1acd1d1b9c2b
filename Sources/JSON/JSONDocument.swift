private import func Glibc.memcmp

/// A JSON text, checked once, whose values are read only when they are asked for.
///
/// The received bytes are kept as they came; the tape beside them says where each value lies and
/// where the next one begins, so that a part that nobody touches costs nothing and can be written
/// again by copying its bytes.
///
///     let document = try JSONDocument(parsing: Array(#"{"a": [1, 2.50]}"#.utf8))
///     document.root["a"]?[1]?.rawBytes   // the bytes of 2.50
public final class JSONDocument: Sendable {
    /// The text as received.
    public let bytes: [UInt8]
    @usableFromInline package let tape: ContiguousArray<TapeEntry>

    /// Checks `bytes` against RFC 8259.
    ///
    /// Decided where the RFC leaves room: a byte order mark is refused; duplicate keys are accepted and
    /// the last one is found; numbers of any length are accepted; an escaped lone surrogate is accepted.
    ///
    /// - Throws: `JSONError` with line and column.
    public init(parsing bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError) {
        guard bytes.count <= limits.bytesMax else {
            throw JSONError(.tooLarge, at: limits.bytesMax, in: bytes)
        }
        // Room for the usual text, seldom one value in less than eight bytes; the second room is for
        // any: each value but the first follows a separator, or opens a container. One more, since the
        // scanner makes sure that there is room for a key and a value.
        var tape = Self.scan(bytes, entriesMax: bytes.count / 8 + 8, limits.depthMax)
        if case .failure(.tapeIsFull) = tape {
            let half = bytes.count / 2 + 2
            tape = Self.scan(
                bytes, entriesMax: half + min(half, max(0, limits.depthMax)), limits.depthMax)
        }
        switch tape {
        case .success(let tape):
            self.tape = tape
            self.bytes = bytes
        case .failure(.invalid(let code, let offset)):
            throw JSONError(code, at: offset, in: bytes)
        case .failure(.tapeIsFull): throw JSONError(.tooLarge, at: bytes.count, in: bytes)
        }
    }

    private static func scan(
        _ bytes: [UInt8], entriesMax: Int, _ depthMax: Int
    ) -> Result<ContiguousArray<TapeEntry>, JSONScanner.Failure> {
        var failure: JSONScanner.Failure?
        // The reason for unsafe: the scanner writes the tape without the checks of an array, which
        // took a third of its time.
        let tape = unsafe ContiguousArray<TapeEntry>(unsafeUninitializedCapacity: entriesMax) {
            (tape, count) in
            unsafe withUnsafeTemporaryAllocation(
                of: UInt64.self, capacity: JSONScanner.wordCount
            ) { words in
                unsafe bytes.withUnsafeBytes { buffer in
                    do throws(JSONScanner.Failure) {
                        count = try unsafe JSONScanner(
                            buffer, tape: tape, words: words, depthMax: depthMax
                        ).scan()
                    } catch {
                        failure = error
                    }
                }
            }
        }
        return failure.map { .failure($0) } ?? .success(tape)
    }

    /// The whole value.
    public var root: JSONNode { JSONNode(document: self, index: 0) }
}

// MARK: Navigation by tape index

/// For evaluators that hold a document once and its values as indexes: no reference counting.
extension JSONDocument {
    /// What the value at `index` is.
    @inlinable package func kind(at index: Int) -> JSONKind { tape[index].kind }

    /// The entry after the value at `index` and all inside it.
    @inlinable package func next(after index: Int) -> Int { Int(tape[index].next) }

    /// Elements of the array or members of the object at `index`.
    @inlinable package func count(of index: Int) -> Int { tape[index].count }

    /// The first element's entry, or the first member's key's, when the container holds any.
    @inlinable package func firstChild(of index: Int) -> Int { index + 1 }

    /// The bytes of a string without quotes and with its escapes, or of any other value as written.
    @inlinable package func textRange(at index: Int) -> Range<Int> {
        let entry = tape[index]
        return Int(entry.offset)..<Int(entry.offset) + Int(entry.length)
    }

    /// The bytes of the value as written, a string's quotes included.
    @inlinable package func rawRange(at index: Int) -> Range<Int> {
        let range = textRange(at: index)
        return kind(at: index) == .string ? range.lowerBound - 1..<range.upperBound + 1 : range
    }

    /// True for a string that has no escapes: its bytes are its text.
    @inlinable package func isPlainString(at index: Int) -> Bool { !tape[index].isFlagged }

    /// The value of a literal `true` or `false`.
    @inlinable package func bool(at index: Int) -> Bool {
        tape[index].kind == .bool && tape[index].isFlagged
    }

    /// The nearest double of the number at `index`.
    package func double(at index: Int) -> Double {
        unsafe bytes.withUnsafeBufferPointer {
            unsafe NumberText.double(UnsafeBufferPointer(rebasing: $0[textRange(at: index)]))
        }
    }

    /// The text of the string or key at `index`, escapes resolved.
    package func string(at index: Int) -> String {
        unsafe bytes.withUnsafeBufferPointer {
            let text = unsafe UnsafeBufferPointer(rebasing: $0[textRange(at: index)])
            return isPlainString(at: index)
                ? unsafe String(decoding: text, as: UTF8.self) : unsafe StringEscapes.decode(text)
        }
    }

    /// The value's entry of the member named `key` of the object at `index`, the last one when the key
    /// repeats (as ECMAScript's `JSON.parse`), or -1.
    package func member(of index: Int, key: String) -> Int {
        var key = key
        return key.withUTF8 { unsafe member(of: index, keyUTF8: $0) }
    }

    /// The same for a key given as bytes.
    package func member(of index: Int, key: Span<UInt8>) -> Int {
        unsafe key.withUnsafeBufferPointer { unsafe member(of: index, keyUTF8: $0) }
    }

    /// The same for a key in UTF-8.
    package func member(of index: Int, keyUTF8 key: UnsafeBufferPointer<UInt8>) -> Int {
        guard kind(at: index) == .object else { return -1 }
        var found = -1
        var entry = index + 1
        let end = next(after: index)
        unsafe bytes.withUnsafeBufferPointer { text in
            while entry < end {
                let range = textRange(at: entry)
                if tape[entry].isFlagged {
                    let name = unsafe StringEscapes.decode(
                        UnsafeBufferPointer(rebasing: text[range]))
                    if unsafe name.utf8.elementsEqual(key) { found = entry + 1 }
                } else if range.count == key.count,
                    unsafe equalBytes(text.baseAddress, range.lowerBound, key)
                {
                    found = entry + 1
                }
                entry = next(after: entry + 1)
            }
        }
        return found
    }
}

/// True when `key.count` bytes from `offset` are those of `key`.
@inline(__always)
private func equalBytes(
    _ base: UnsafePointer<UInt8>?, _ offset: Int, _ key: UnsafeBufferPointer<UInt8>
) -> Bool {
    guard let base = unsafe base, let other = key.baseAddress else { return key.isEmpty }
    return unsafe memcmp(base + offset, other, key.count) == 0
}
