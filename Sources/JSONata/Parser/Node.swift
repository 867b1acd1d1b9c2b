/// A place where `%` finds the parent it asks for.
final class AncestorSlot {
    var label: String
    var level: Int
    let index: Int

    init(label: String, level: Int, index: Int) {
        self.label = label
        self.level = level
        self.index = index
    }
}

/// A node of the syntax tree, from the parser's first shape to the one that is evaluated.
///
/// The second pass (`TreeProcessor`) turns `.` and `[` into paths with steps and predicates, marks tail
/// calls and finds the parents of `%`.
final class Node: @unchecked Sendable {
    // Written by the parser and the second pass only, before the expression is given to anybody.

    enum Kind: UInt8 {
        case path
        case binary
        case negate
        case arrayConstructor
        case objectConstructor
        case name
        case literal
        case wildcard
        case descendant
        case parent
        case condition
        case block
        case bind
        case regex
        case function
        case partial
        case lambda
        case apply
        case transform
        case sort
        case variable
        /// A `?` in a partial application, or a keyword used as a name.
        case operatorToken
        case end
    }

    /// A predicate or an index binding of a step.
    struct Stage {
        let predicate: Node?
        let index: String?
    }

    struct SortTerm {
        let expression: Node
        let isDescending: Bool
    }

    var kind: Kind
    /// Where the token began, in UTF-16 units.
    var position: Int
    /// An operator's, a name's or a variable's text.
    var text: String
    var literal: Literal = .undefined
    /// Steps of a path, items of an array or block, arguments of a function, parameters of a lambda.
    var nodes: [Node] = []
    var lhs: Node?
    var rhs: Node?
    var third: Node?
    /// Keys and values of an object or a grouping.
    var pairs: [(key: Node, value: Node)] = []
    var terms: [SortTerm] = []
    var predicates: [Stage] = []
    var stages: [Stage] = []
    /// The object constructor that groups this node's result.
    var group: Node?
    var regex: JSONataRegex?
    var signature: Signature?

    var keepArray = false
    var keepSingletonArray = false
    var isConsArray = false
    var isTuple = false
    var isThunk = false
    var focus: String?
    var index: String?
    var ancestor: AncestorSlot?
    var slot: AncestorSlot?
    var seekingParent: [AncestorSlot]?
    /// A path of plain names: navigated without making sequences.
    var isPlainPath = false
    init(_ kind: Kind, position: Int, text: String = "") {
        self.kind = kind
        self.position = position
        self.text = text
    }
}
