internal import JSON

/// A value during evaluation.
///
/// Parts of received documents stay unread: `node` is a document's number and a place on its tape, and
/// costs no reference counting. Whoever needs the contents asks the `Evaluator`, which holds the
/// documents.
enum Value {
    case undefined
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array(ArrayBox)
    case object(ObjectBox)
    case function(FunctionBox)
    case node(document: Int32, index: Int32)
    /// One item of a tuple stream: a context and the variables bound beside it.
    case tuple(TupleBox)
    /// A member that is made when it is first touched.
    case lazy(LazyObject.Source, Int32)

    var isUndefined: Bool {
        if case .undefined = self { return true }
        return false
    }

    /// A literal's text, for error messages.
    var plainText: String {
        switch self {
        case .undefined: "undefined"
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .number(let number): ScriptNumber.string(number)
        case .string(let text): text
        default: "value"
        }
    }
}

/// An array, and what the language remembers about how it came to be.
final class ArrayBox {
    var items: [Value]
    /// A result of navigation, which is flattened and unwrapped; not an array of the data.
    var isSequence: Bool
    /// A sequence that stays an array even with one item (`[]`).
    var keepSingleton = false
    /// Made by an array constructor inside a path: not flattened.
    var isCons = false
    /// Wraps an input that is itself an array, so that it counts as one input.
    var isOuterWrapper = false
    var isTupleStream = false
    /// How deep it nests, once that was asked for.
    var height: Int?

    init(_ items: [Value], isSequence: Bool = false) {
        self.items = items
        self.isSequence = isSequence
    }
}

/// A context and its bindings in a tuple stream.
final class TupleBox {
    var context: Value
    var bindings: [(name: String, value: Value)]

    init(context: Value, bindings: [(name: String, value: Value)] = []) {
        self.context = context
        self.bindings = bindings
    }

    func bind(_ name: String, _ value: Value) {
        if let place = bindings.firstIndex(where: { $0.name == name }) {
            bindings[place].value = value
        } else {
            bindings.append((name, value))
        }
    }
}

/// An object with ordered members; keys are compared by code units.
final class ObjectBox {
    private(set) var keys: [String]
    private(set) var values: [Value]
    private var places: [JSON.CodeUnits: Int] = [:]
    /// Some key looks like an array index, which ECMAScript puts first.
    private(set) var hasIndexKeys = false
    /// How deep it nests, once that was asked for.
    var height: Int?
    private static let scanMax = 16

    init() {
        keys = []
        values = []
    }

    /// Members whose keys the caller knows to differ and to look like no array index.
    init(plain keys: [String], _ values: [Value]) {
        self.keys = keys
        self.values = values
    }

    init(copying other: ObjectBox) {
        keys = other.keys
        values = other.values
        places = other.places
        hasIndexKeys = other.hasIndexKeys
    }

    var count: Int { keys.count }

    func place(of key: String) -> Int? {
        if keys.count > Self.scanMax {
            if places.count != keys.count {
                places.removeAll(keepingCapacity: true)
                for (place, key) in keys.enumerated() { places[JSON.CodeUnits(key)] = place }
            }
            return places[JSON.CodeUnits(key)]
        }
        return keys.firstIndex { $0.hasSameCodeUnits(as: key) }
    }

    func get(_ key: String) -> Value { place(of: key).map { values[$0] } ?? .undefined }

    func set(_ key: String, _ value: Value) {
        if let place = place(of: key) {
            values[place] = value
            return
        }
        if keys.count >= Self.scanMax { places[JSON.CodeUnits(key)] = keys.count }
        if Self.arrayIndex(key) != nil { hasIndexKeys = true }
        keys.append(key)
        values.append(value)
    }

    func setValue(at place: Int, _ value: Value) { values[place] = value }

    func remove(_ key: String) {
        guard let place = place(of: key) else { return }
        keys.remove(at: place)
        values.remove(at: place)
        places = [:]
    }

    /// Places in the order ECMAScript lists them: array indexes ascending, then by insertion
    /// (ECMA-262 §10.1.11).
    var order: [Int] {
        guard hasIndexKeys else { return Array(keys.indices) }
        let indexed = keys.indices.compactMap { place in
            Self.arrayIndex(keys[place]).map { (number: $0, place: place) }
        }
        let rest = keys.indices.filter { Self.arrayIndex(keys[$0]) == nil }
        return indexed.sorted { $0.number < $1.number }.map(\.place) + rest
    }

    /// The number of a key that is a canonical array index (0 to 2^32 - 2), or nil.
    static func arrayIndex(_ key: String) -> UInt32? {
        guard let first = key.utf8.first, first >= 0x30, first <= 0x39, key.utf8.count <= 10,
            first != 0x30 || key.utf8.count == 1, let number = UInt32(key), number != UInt32.max
        else { return nil }
        return number
    }
}

/// A frame of variables.
final class Frame {
    private var names: [String] = []
    private var values: [Value] = []
    let parent: Frame?
    /// Set in the outermost frame alone.
    private let functions: FunctionTable?

    init(_ parent: Frame?) {
        self.parent = parent
        functions = nil
    }

    init(_ functions: FunctionTable) {
        parent = nil
        self.functions = functions
    }

    func bind(_ name: String, _ value: Value) {
        if let place = names.lastIndex(of: name) {
            values[place] = value
        } else {
            names.append(name)
            values.append(value)
        }
    }

    /// The value of a variable; `standard` is what the standard functions have under this name.
    func lookup(_ name: String, standard: Value) -> Value {
        var frame: Frame? = self
        while let current = frame {
            if let functions = current.functions {
                return functions === FunctionTable.standard
                    ? standard : functions.table[name] ?? .undefined
            }
            if let place = current.names.lastIndex(of: name) { return current.values[place] }
            frame = current.parent
        }
        return .undefined
    }

    func lookup(_ name: String) -> Value {
        var frame: Frame? = self
        while let current = frame {
            if let functions = current.functions { return functions.table[name] ?? .undefined }
            if let place = current.names.lastIndex(of: name) { return current.values[place] }
            frame = current.parent
        }
        return .undefined
    }
}

/// The functions an expression starts with, made once when it is compiled.
final class FunctionTable: @unchecked Sendable {
    // Never written after `init`; functions hold nothing that changes.
    let table: [String: Value]

    init(_ custom: [CustomFunction]) {
        var table = Self.standard.table
        for function in custom {
            table[function.name] = .function(FunctionBox(.native(function.native)))
        }
        self.table = table
    }

    private init(builtIn: [NativeFunction]) {
        table = Dictionary(
            builtIn.map { ($0.name, Value.function(FunctionBox(.native($0)))) },
            uniquingKeysWith: { _, last in last })
    }

    /// Shared by every expression that adds nothing.
    static let standard = FunctionTable(builtIn: FunctionRegistry.all)
}
