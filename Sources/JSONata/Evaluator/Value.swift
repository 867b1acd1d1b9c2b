internal import JSON

/// What a value is, whether read or not.
enum ValueKind: UInt8, CaseIterable {
    case undefined
    case null
    case bool
    case number
    case string
    case array
    case object
    case function
}

/// A value during evaluation: sixteen bytes that hold no reference, so that copying one costs nothing.
///
/// What does not fit lies in the memory of the `Evaluator` (its arrays, objects, functions and texts,
/// named by their number there) or unread in a document. Whoever needs the contents asks the evaluator.
enum Value: Sendable {
    case undefined
    case null
    case bool(Bool)
    case number(Double)
    case string(TextRange)
    case array(Int32)
    case object(Int32)
    /// Negative for the built-in and custom functions, which every evaluation has.
    case function(Int32)
    /// A part of a document that is not read yet: never a literal.
    case node(document: Int32, index: Int32)
    /// One item of a tuple stream: a context and the variables bound beside it.
    case tuple(Int32)
    /// A member of the input that is made when it is first touched.
    case lazy(Int32)
    /// A call in tail position, to be made by whoever called the function it stands in.
    case thunk(Int32)

    var isUndefined: Bool {
        if case .undefined = self { return true }
        return false
    }
}

/// Where a text's UTF-8 lies.
struct TextRange: Sendable {
    /// Texts that the evaluation made.
    static let own: Int32 = 0
    /// Texts of the expression.
    static let constants: Int32 = 1
    /// The first document; the others follow.
    static let documents: Int32 = 2

    var source: Int32
    var start: UInt32
    var count: UInt32

    init(_ source: Int32, _ range: Range<Int>) {
        self.source = source
        start = UInt32(truncatingIfNeeded: range.lowerBound)
        count = UInt32(truncatingIfNeeded: range.count)
    }

    var range: Range<Int> { Int(start)..<Int(start) + Int(count) }

    /// The part of it from `lower` up to `upper`, counted in bytes.
    func part(_ lower: Int, _ upper: Int) -> TextRange {
        TextRange(source, Int(start) + lower..<Int(start) + upper)
    }
}

/// An array of an evaluation: where its items lie, and what the language remembers about how it came
/// to be. Its items do not change.
struct ArrayHeader {
    struct Flags: OptionSet {
        let rawValue: UInt8

        /// A result of navigation, which is flattened and unwrapped; not an array of the data.
        static let isSequence = Flags(rawValue: 1)
        /// A sequence that stays an array even with one item (`[]`).
        static let keepSingleton = Flags(rawValue: 2)
        /// Made by an array constructor inside a path: not flattened.
        static let isCons = Flags(rawValue: 4)
        /// Wraps an input that is itself an array, so that it counts as one input.
        static let isOuterWrapper = Flags(rawValue: 8)
        static let isTupleStream = Flags(rawValue: 16)
        /// The numbers from `start` on, which no cell holds.
        static let isRange = Flags(rawValue: 32)
    }

    /// The first item's cell, or the first number of a range.
    let start: Int
    let count: Int
    var flags: Flags
    /// How deep it nests, once that was asked for.
    var height: Int32 = -1
}

/// An object of an evaluation: cells hold a key and a value for each member.
struct ObjectHeader {
    var start: Int
    var count = 0
    var capacity: Int
    /// The number of the index of its keys, which large ones have.
    var index: Int32 = -1
    /// How deep it nests, once that was asked for.
    var height: Int32 = -1
    /// Some key looks like an array index, which ECMAScript puts first.
    var hasIndexKeys = false
}

/// A context and its bindings in a tuple stream.
struct TupleHeader {
    var context: Value
    /// The newest binding, which hides older ones of its name; -1 for none.
    var bindings: Int32
}

/// A variable and its value, and the binding before it.
struct Binding {
    let name: Int32
    let next: Int32
    var value: Value
}

/// A frame of variables.
struct Frame {
    let parent: Int32
    var bindings: Int32 = -1
    /// A tuple whose bindings are visible here too, or -1.
    var tuple: Int32 = -1
}

/// A call in tail position that is still to be made.
struct Thunk {
    let node: Int32
    let input: Value
    let frame: Int32
}

/// Items one after the other, of an array or of a document's.
struct Cursor {
    static let cells: Int32 = -1
    static let numbers: Int32 = -2

    /// The document, or where else the items are.
    let document: Int32
    var place: Int
    var left: Int
}

/// Arguments of a call: a run of the evaluator's stack.
struct Arguments {
    var base: Int
    var count: Int
}

/// What a built-in function is called with beside its arguments.
struct CallContext {
    let input: Value
    let frame: Int32
}
