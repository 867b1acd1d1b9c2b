internal import JSON

/// What is read at every step. It stands here because only what is of one module is inlined.
///
/// The reason for unsafe: see `DocumentView`; indexes and ranges are checked.
extension DocumentView {
    /// An entry of the tape.
    func entry(_ index: Int) -> TapeEntry {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: entryCount))
        return unsafe tape[index]
    }

    /// What the value at `index` is.
    func kind(at index: Int) -> JSONKind {
        switch entry(index).meta & 7 {
        case 1: .bool
        case 2: .number
        case 3: .string
        case 4: .array
        case 5: .object
        default: .null
        }
    }

    /// The entry after the value at `index` and all inside it.
    func next(after index: Int) -> Int { index &+ 1 &+ Int(entry(index).inside) }

    /// Elements of the array or members of the object at `index`.
    func count(of index: Int) -> Int { Int(entry(index).meta >> 4) }

    /// The first element's entry, or the first member's key's, when the container holds any.
    func firstChild(of index: Int) -> Int { index &+ 1 }

    /// The bytes of a string without quotes and with its escapes, or of any other value as written.
    func textRange(at index: Int) -> Range<Int> {
        let entry = entry(index)
        return Int(entry.offset)..<Int(entry.offset) &+ Int(entry.length)
    }

    /// The bytes of the value as written, a string's quotes included.
    func rawRange(at index: Int) -> Range<Int> {
        let range = textRange(at: index)
        return kind(at: index) == .string
            ? range.lowerBound &- 1..<range.upperBound &+ 1 : range
    }

    /// True for a string that has no escapes: its bytes are its text.
    func isPlainString(at index: Int) -> Bool { entry(index).meta & 8 == 0 }

    /// The value of a literal `true` or `false`.
    func bool(at index: Int) -> Bool { entry(index).meta & 15 == 9 }

    /// Calls `body` with the bytes at `range`.
    func withBytes<Result>(_ range: Range<Int>, _ body: (Span<UInt8>) -> Result) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
        return body(
            unsafe UnsafeBufferPointer(start: bytes + range.lowerBound, count: range.count).span)
    }
}
