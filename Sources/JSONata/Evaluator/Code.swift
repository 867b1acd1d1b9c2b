internal import JSON

/// An expression as it is evaluated: the nodes of its tree in one array, without references between
/// them, so that walking over them costs no reference counting.
struct Code: Sendable {
    /// A run of entries of another array.
    struct List: Sendable {
        var start: Int32 = 0
        var count: Int32 = 0

        var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
    }

    /// What a binary operator does.
    enum Operation: UInt8, Sendable {
        case none, add, subtract, multiply, divide, remainder, equal, unequal, less, lessOrEqual
        case greater, greaterOrEqual, concatenate, range, includes, and, or

        static let signs: [String: Operation] = [
            "+": .add, "-": .subtract, "*": .multiply, "/": .divide, "%": .remainder,
            "=": .equal, "!=": .unequal, "<": .less, "<=": .lessOrEqual, ">": .greater,
            ">=": .greaterOrEqual, "&": .concatenate, "..": .range, "in": .includes,
            "and": .and, "or": .or,
        ]
    }

    struct Flags: OptionSet, Sendable {
        let rawValue: UInt16

        static let keepArray = Flags(rawValue: 1 << 0)
        static let keepSingletonArray = Flags(rawValue: 1 << 1)
        static let isConsArray = Flags(rawValue: 1 << 2)
        static let isTuple = Flags(rawValue: 1 << 3)
        static let isThunk = Flags(rawValue: 1 << 4)
        /// A path of plain names: navigated without making sequences.
        static let isPlainPath = Flags(rawValue: 1 << 5)
        /// A name and nothing else: looked up in each item without evaluating a node.
        static let isPlainName = Flags(rawValue: 1 << 6)
        /// Nothing is done to the result after the node itself is evaluated, unless it is a sequence.
        static let hasPlainResult = Flags(rawValue: 1 << 7)
        /// The keys of an object constructor are written out, and none repeats, needs another place
        /// (ECMA-262 §10.1.11) or is refused.
        static let hasLiteralKeys = Flags(rawValue: 1 << 8)
        /// A condition `a ?? b`, which asks whether a exists.
        static let asksExistence = Flags(rawValue: 1 << 9)
        /// A `?` among the arguments of a partial application.
        static let isPlaceholder = Flags(rawValue: 1 << 10)
        /// A variable that nothing in the expression binds: what the standard functions have for it.
        static let isFree = Flags(rawValue: 1 << 12)
        /// Descendants of which only objects matter, as a name is looked up in each.
        static let findsObjects = Flags(rawValue: 1 << 11)
    }

    struct Node: Sendable {
        var kind: JSONata.Node.Kind
        var operation = Operation.none
        var flags: Flags = []
        /// Where the token began, in UTF-16 units.
        var position: Int32
        var lhs: Int32 = -1
        var rhs: Int32 = -1
        var third: Int32 = -1
        /// In `lists`: steps of a path, items of an array or block, arguments of a function, names of a
        /// lambda's parameters, keys and values of an object, terms of a sort with 1 for descending.
        var list = List()
        /// The name of a variable or of a path's step, -1 for `$` and for anything else.
        var name: Int32 = -1
        /// The entry in `details`, -1 for none.
        var detail: Int32 = -1
        /// A literal's value, a name's text, what the standard functions have for a variable.
        var literal = Value.undefined
    }

    /// A predicate or an index binding of a step.
    struct Stage: Sendable {
        let predicate: Int32
        let index: Int32
    }

    /// What few nodes have.
    struct Detail: Sendable {
        /// In `stages`.
        var predicates = List()
        var stages = List()
        var group: Int32 = -1
        /// Names of variables that a step binds.
        var focus: Int32 = -1
        var index: Int32 = -1
        var ancestor: Int32 = -1
        /// The name under which `%` finds its parent.
        var slot: Int32 = -1
        var regex: JSONataRegex?
        var signature: Signature?
    }

    var nodes: ContiguousArray<Node> = []
    var lists: ContiguousArray<Int32> = []
    var stages: ContiguousArray<Stage> = []
    var details: ContiguousArray<Detail> = []
    /// UTF-8 of literals and names.
    var constants: ContiguousArray<UInt8> = []
    /// Some of them cannot be written as JSON as they are.
    private(set) var constantsNeedEscape = false
    var names: [String] = []
    /// Names that something in the expression binds.
    private(set) var bound: Set<Int32> = []
    private var places: [JSON.CodeUnits: Int32] = [:]
    var root: Int32 = -1
    /// The number of the name under which `$$` finds the input, -1 when it is not used.
    private(set) var inputName: Int32 = -1

    /// The number of a name, one number a name.
    mutating func name(_ text: String) -> Int32 {
        let key = JSON.CodeUnits(text)
        if let place = places[key] { return place }
        let place = Int32(truncatingIfNeeded: names.count)
        names.append(text)
        places[key] = place
        if text == "$" {
            inputName = place
            bound.insert(place)
        }
        return place
    }

    /// The number of a name that something binds.
    mutating func boundName(_ text: String) -> Int32 {
        let place = name(text)
        bound.insert(place)
        return place
    }

    /// Finds the variables that nothing binds among the nodes from `start` on.
    mutating func markFreeVariables(from start: Int) {
        for place in start..<nodes.count
        where nodes[place].kind == .variable && nodes[place].name >= 0 {
            if bound.contains(nodes[place].name) {
                nodes[place].flags.remove(.isFree)
            } else {
                nodes[place].flags.insert(.isFree)
            }
        }
    }

    /// The number of a name that is there already.
    func existing(_ name: String) -> Int32? { places[JSON.CodeUnits(name)] }

    mutating func constant(_ text: String) -> TextRange {
        let start = constants.count
        constants.append(contentsOf: text.utf8)
        if !JSONWriter.needsNoEscape(constants.span.extracting(start..<constants.count)) {
            constantsNeedEscape = true
        }
        return TextRange(TextRange.constants, start..<constants.count)
    }

    /// The token that errors name: an operator's sign, a name, a variable.
    func token(_ node: Node) -> String {
        if node.name >= 0 { return names[Int(node.name)] }
        if case .string(let range) = node.literal {
            return String(decoding: constants[range.range], as: UTF8.self)
        }
        for (sign, operation) in Operation.signs where operation == node.operation { return sign }
        return ""
    }
}
