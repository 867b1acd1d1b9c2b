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
    private let tape: TapeMemory
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
        var tape = TapeMemory()
        own = try tape.scan(bytes, limits: limits, takesPlain: takesPlain)
        self.tape = tape
        self.bytes = bytes
    }

    /// The whole value.
    public var root: JSONNode { JSONNode(document: self, index: 0) }
}

// MARK: Navigation by tape index

/// Values as indexes of the tape: see `DocumentView`.
extension JSONDocument {
    /// Itself for whoever holds on to it meanwhile.
    package var view: DocumentView { own }

    package func kind(at index: Int) -> JSONKind { entry(index).kind }

    package func next(after index: Int) -> Int { index + 1 + Int(entry(index).inside) }

    package func count(of index: Int) -> Int { entry(index).count }

    package func firstChild(of index: Int) -> Int { index + 1 }

    package func rawRange(at index: Int) -> Range<Int> { entry(index).rawRange }

    package func bool(at index: Int) -> Bool { entry(index).isTrue }

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

    /// The whole tape, for tests.
    package var entries: [TapeEntry] { (0..<own.entryCount).map(entry) }

    private func entry(_ index: Int) -> TapeEntry {
        withExtendedLifetime(self) { own.entry(index) }
    }
}
