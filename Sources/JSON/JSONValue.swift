/// A JSON value: made in memory, or an untouched part of a received document.
///
///     let event = try JSONValue(parsing: Array(#"{"type": "push", "size": 2}"#.utf8))
///     event["type"]?.stringValue  // "push"
///     let answer: JSONValue = ["ok": true, "of": event]
///     answer.jsonString  // {"ok":true,"of":{"type": "push", "size": 2}}
public enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
    /// A part of a document, read when touched and written by copying its bytes.
    case node(JSONNode)

    /// Parses a text.
    ///
    /// - Throws: `JSONError` with line and column.
    public init(parsing bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError) {
        self = .node(try JSONDocument(parsing: bytes, limits: limits).root)
    }

    /// What it is.
    public var kind: JSONKind {
        switch self {
        case .null: .null
        case .bool: .bool
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        case .node(let node): node.kind
        }
    }

    /// True for `null`.
    public var isNull: Bool { kind == .null }

    /// The member named `key`, or nil.
    public subscript(key: String) -> JSONValue? {
        switch self {
        case .object(let object): object[key]
        case .node(let node): node[key].map(JSONValue.node)
        default: nil
        }
    }

    /// The element at `position`, or nil.
    public subscript(position: Int) -> JSONValue? {
        switch self {
        case .array(let elements): elements.indices.contains(position) ? elements[position] : nil
        case .node(let node): node[position].map(JSONValue.node)
        default: nil
        }
    }

    /// Its text, or nil when it is no string.
    public var stringValue: String? {
        switch self {
        case .string(let text): text
        case .node(let node): node.stringValue
        default: nil
        }
    }

    /// Its number as a double, or nil when it is none.
    public var doubleValue: Double? { numberValue?.double }

    /// Its number, or nil when it is none.
    public var numberValue: JSONNumber? {
        switch self {
        case .number(let number): number
        case .node(let node): node.numberValue
        default: nil
        }
    }

    /// Its number as an integer, or nil when it is none or has a fraction.
    public var intValue: Int? { numberValue?.int }

    /// Its boolean, or nil when it is none.
    public var boolValue: Bool? {
        switch self {
        case .bool(let flag): flag
        case .node(let node): node.boolValue
        default: nil
        }
    }

    /// Its elements, or nil when it is no array. A document's elements stay unread.
    public var arrayValue: [JSONValue]? {
        switch self {
        case .array(let elements): return elements
        case .node(let node) where node.kind == .array:
            var elements: [JSONValue] = []
            elements.reserveCapacity(node.count)
            node.forEachElement { elements.append(.node($0)) }
            return elements
        default: return nil
        }
    }

    /// Its members, or nil when it is no object. A document's values stay unread.
    public var objectValue: JSONObject? {
        switch self {
        case .object(let object): return object
        case .node(let node) where node.kind == .object:
            var object = JSONObject()
            object.reserveCapacity(node.count)
            node.forEachMember { object[$0] = .node($1) }
            return object
        default: return nil
        }
    }
}

extension JSONValue: Equatable {
    /// Equal when of one kind with equal contents: strings by code units, numbers as doubles, objects
    /// in whatever order.
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        guard left.kind == right.kind else { return false }
        return switch left.kind {
        case .null: true
        case .bool: left.boolValue == right.boolValue
        case .number: left.doubleValue == right.doubleValue
        case .string: (left.stringValue ?? "").hasSameCodeUnits(as: right.stringValue ?? "")
        case .array: left.arrayValue == right.arrayValue
        case .object: left.objectValue == right.objectValue
        }
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// `null`.
    public init(nilLiteral: ()) { self = .null }
    /// `true` or `false`.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A number.
    public init(integerLiteral value: Int) { self = .number(JSONNumber(Double(value))) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(JSONNumber(value)) }
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object; of repeated keys the last value stands.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.map { (key: $0.0, value: $0.1) }))
    }
}
