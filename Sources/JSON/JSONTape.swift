/// What a JSON value is.
public enum JSONKind: UInt8, Sendable {
    case null
    case bool
    case number
    case string
    case array
    case object
}

/// One value of a document: where its bytes lie and where the next value's entry is.
///
/// The tape holds the values in document order. An object's members are its key's entry (a string)
/// followed by its value's. A container's `inside` skips all it holds.
@usableFromInline package struct TapeEntry: Sendable, BitwiseCopyable {
    /// First byte of the value; of a string, the byte after the opening quote.
    @usableFromInline package var offset: UInt32
    /// Bytes of the value as written; of a string, without its quotes.
    @usableFromInline package var length: UInt32
    /// Kind (3 bits), escape flag (1 bit), number of elements or members (28 bits).
    @usableFromInline package var meta: UInt32
    /// How many entries the values inside a container take: none for anything else, so that most
    /// entries end in the same eight bytes.
    @usableFromInline package var inside: UInt32

    /// One element or member in `meta`.
    static let one: UInt32 = 1 << 4
    static let escapeFlag: UInt32 = 1 << 3
    /// The text of a literal `true`; shares the flag's bit, as a literal has no escapes.
    static let trueFlag: UInt32 = 1 << 3

    @inlinable package init(kind: JSONKind, offset: Int, length: Int, flag: Bool = false) {
        self.offset = UInt32(truncatingIfNeeded: offset)
        self.length = UInt32(truncatingIfNeeded: length)
        self.meta = UInt32(kind.rawValue) | (flag ? 1 << 3 : 0)
        self.inside = 0
    }

    @inlinable package var kind: JSONKind {
        JSONKind(rawValue: UInt8(truncatingIfNeeded: meta & 7)) ?? .null
    }
    @inlinable var isObject: Bool { meta & 7 == 5 }
    /// What ends a container: arrays are of kind 4 and objects of kind 5, `]` and `}` are 32 apart.
    @inlinable var closer: UInt8 { 0x5D | UInt8(truncatingIfNeeded: (meta & 1) << 5) }
    /// The bytes of a string without quotes and with its escapes, or of any other value as written.
    @inlinable package var range: Range<Int> { Int(offset)..<Int(offset) &+ Int(length) }
    /// The bytes of the value as written, a string's quotes included.
    @inlinable package var rawRange: Range<Int> {
        kind == .string ? Int(offset) &- 1..<Int(offset) &+ Int(length) &+ 1 : range
    }
    /// A literal `true`.
    @inlinable package var isTrue: Bool { kind == .bool && isFlagged }
    /// A string with escapes, or `true`.
    @inlinable package var isFlagged: Bool { meta & (1 << 3) != 0 }
    /// Elements of an array, members of an object.
    @inlinable package var count: Int { Int(meta >> 4) }
}
