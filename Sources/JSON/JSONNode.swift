/// A value of a `JSONDocument`, unread: a place on its tape.
///
///     let prices = try JSONDocument(parsing: Array(#"{"a": 1, "b": 2}"#.utf8)).root
///     var sum = 0.0
///     prices.forEachMember { (_, price) in sum += price.doubleValue ?? 0 }  // 3
public struct JSONNode: Sendable {
    /// The document it lies in.
    public let document: JSONDocument
    /// Its entry on the document's tape.
    @usableFromInline package let index: Int

    @inlinable package init(document: JSONDocument, index: Int) {
        self.document = document
        self.index = index
    }

    /// What it is.
    public var kind: JSONKind { document.kind(at: index) }

    /// Its bytes exactly as received, a string's quotes included.
    public var rawBytes: ArraySlice<UInt8> { document.bytes[document.rawRange(at: index)] }

    /// Elements of an array, members of an object, 0 of anything else.
    public var count: Int { document.count(of: index) }

    /// The member named `key`, the last one when it repeats; nil when there is none.
    public subscript(key: String) -> JSONNode? {
        let member = document.member(of: index, key: key)
        return member < 0 ? nil : JSONNode(document: document, index: member)
    }

    /// The element at `position`; nil outside the array, or when this is none.
    public subscript(position: Int) -> JSONNode? {
        guard kind == .array, position >= 0, position < count else { return nil }
        var entry = index + 1
        for _ in 0..<position { entry = document.next(after: entry) }
        return JSONNode(document: document, index: entry)
    }

    /// Calls `body` with each element in order.
    public func forEachElement<E: Error>(_ body: (JSONNode) throws(E) -> Void) throws(E) {
        guard kind == .array else { return }
        var entry = index + 1
        for _ in 0..<count {
            try body(JSONNode(document: document, index: entry))
            entry = document.next(after: entry)
        }
    }

    /// Calls `body` with each member's key and value in order, repeated keys included.
    public func forEachMember<E: Error>(
        _ body: (String, JSONNode) throws(E) -> Void
    ) throws(E) {
        guard kind == .object else { return }
        var entry = index + 1
        for _ in 0..<count {
            try body(
                document.string(at: entry), JSONNode(document: document, index: entry + 1))
            entry = document.next(after: entry + 1)
        }
    }

    /// Its boolean, or nil when it is none.
    public var boolValue: Bool? { kind == .bool ? document.bool(at: index) : nil }

    /// Its number as the nearest double, or nil when it is none.
    public var doubleValue: Double? { kind == .number ? document.double(at: index) : nil }

    /// Its text with escapes resolved, or nil when it is no string.
    public var stringValue: String? { kind == .string ? document.string(at: index) : nil }

    /// Its number with the text it was written with, or nil when it is none.
    public var numberValue: JSONNumber? {
        guard kind == .number else { return nil }
        return JSONNumber(
            double: document.double(at: index), text: String(decoding: rawBytes, as: UTF8.self))
    }

    /// The value read out whole; of repeated keys the last value stands, at the first one's place.
    public var value: JSONValue {
        switch kind {
        case .null: return .null
        case .bool: return .bool(document.bool(at: index))
        case .number: return numberValue.map(JSONValue.number) ?? .null
        case .string: return .string(document.string(at: index))
        case .array:
            var elements: [JSONValue] = []
            elements.reserveCapacity(count)
            forEachElement { elements.append($0.value) }
            return .array(elements)
        case .object:
            var object = JSONObject()
            object.reserveCapacity(count)
            forEachMember { object[$0] = $1.value }
            return .object(object)
        }
    }
}
