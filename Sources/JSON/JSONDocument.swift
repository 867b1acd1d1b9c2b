/// A JSON text, checked once, whose values are read only when they are asked for.
///
/// The received bytes are kept as they came; the tape beside them says where each value lies and
/// where the next one begins, so that a part that nobody touches costs nothing and can be written
/// again by copying its bytes.
///
///     let document = try JSONDocument(parsing: Array(#"{"a": [1, 2.50]}"#.utf8))
///     document.root["a"]?[1]?.rawBytes  // the bytes of 2.50
public final class JSONDocument: Sendable {
    /// The text as received.
    public let bytes: [UInt8]
    @usableFromInline package let tape: ContiguousArray<TapeEntry>
    private let own: DocumentView

    /// Checks `bytes` against RFC 8259.
    ///
    /// Decided where the RFC leaves room: a byte order mark is refused; duplicate keys are accepted and
    /// the last one is found; numbers of any length are accepted; an escaped lone surrogate is accepted.
    ///
    /// - Throws: `JSONError` with line and column.
    public convenience init(
        parsing bytes: [UInt8], limits: JSONLimits = .default
    ) throws(JSONError) {
        try self.init(parsing: bytes, limits: limits, takesPlain: true)
    }

    /// The same; `takesPlain` is false to take nothing the short way, for tests that compare the two.
    package init(
        parsing bytes: [UInt8], limits: JSONLimits = .default, takesPlain: Bool
    ) throws(JSONError) {
        guard bytes.count <= limits.bytesMax else {
            throw JSONError(.tooLarge, at: limits.bytesMax, in: bytes)
        }
        // Room for the usual text, seldom one value in less than eight bytes; the second room is for
        // any: each value but the first follows a separator, or opens a container. One more, since the
        // scanner makes sure that there is room for a key and a value.
        var tape = Self.scan(bytes, entriesMax: bytes.count / 8 + 8, limits.depthMax, takesPlain)
        if case .failure(.tapeIsFull) = tape {
            let half = bytes.count / 2 + 2
            tape = Self.scan(
                bytes, entriesMax: half + min(half, max(0, limits.depthMax)), limits.depthMax,
                takesPlain)
        }
        switch tape {
        case .success(let tape):
            self.tape = tape
            self.bytes = bytes
            guard let view = DocumentView(bytes, tape) else {
                throw JSONError(.emptyInput, at: 0, in: bytes)
            }
            own = view
        case .failure(.invalid(let code, let offset)):
            throw JSONError(code, at: offset, in: bytes)
        case .failure(.tapeIsFull): throw JSONError(.tooLarge, at: bytes.count, in: bytes)
        }
    }

    private static func scan(
        _ bytes: [UInt8], entriesMax: Int, _ depthMax: Int, _ takesPlain: Bool
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
                        ).scan(takesPlain: takesPlain)
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

/// Values as indexes of the tape: see `DocumentView`.
extension JSONDocument {
    /// Itself for whoever holds on to it meanwhile.
    package var view: DocumentView { own }

    @inlinable package func kind(at index: Int) -> JSONKind { tape[index].kind }

    @inlinable package func next(after index: Int) -> Int {
        index + 1 + Int(tape[index].inside)
    }

    @inlinable package func count(of index: Int) -> Int { tape[index].count }

    @inlinable package func firstChild(of index: Int) -> Int { index + 1 }

    package func rawRange(at index: Int) -> Range<Int> { tape[index].rawRange }

    package func bool(at index: Int) -> Bool { tape[index].isTrue }

    package func double(at index: Int) -> Double {
        withExtendedLifetime(self) { own.double(at: index) }
    }

    package func string(at index: Int) -> String {
        withExtendedLifetime(self) { own.string(at: index) }
    }

    package func member(of index: Int, key: String) -> Int {
        withExtendedLifetime(self) { own.member(of: index, key: key) }
    }

    package var isPlain: Bool { withExtendedLifetime(self) { own.isPlain } }
}
