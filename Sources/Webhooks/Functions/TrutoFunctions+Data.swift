import JSON
import JSONata

extension TrutoFunctions {
    private static func isEmptyContainer(_ value: JSONValue) -> Bool {
        value.arrayValue?.isEmpty == true || value.objectValue?.isEmpty == true
    }

    /// A member by a path with dots, as lodash's `get`.
    private static func member(_ value: JSONValue, _ path: String) -> JSONValue? {
        var current: JSONValue? = value
        for part in path.split(separator: ".") {
            current = current.flatMap { Int(part).flatMap($0.subscriptIndex) ?? $0[String(part)] }
        }
        return current
    }

    static func text(_ value: JSONValue?) -> String {
        guard let value else { return "undefined" }
        return value.stringValue ?? value.jsonString
    }

    static let data: [CustomFunction] = [
        CustomFunction("firstNonEmpty", arity: 16) { (arguments, _) throws(JSONataError) in
            arguments.lazy.compactMap { $0 }.first { !$0.isNull }
        },
        CustomFunction("removeEmpty", arity: 1) { (arguments, _) throws(JSONataError) in
            guard let value = given(arguments, 0) else { return nil }
            let count = value.arrayValue?.count ?? value.stringValue?.utf8.count ?? 0
            // Not a conditional expression: its nil would be JSON's null.
            if count == 0 { return nil }
            return value
        },
        CustomFunction("removeEmptyItems", arity: 1) { (arguments, _) throws(JSONataError) in
            guard let items = given(arguments, 0)?.arrayValue else { return given(arguments, 0) }
            return .array(items.filter { !isFalsy($0) && !isEmptyContainer($0) })
        },
        CustomFunction("toNumber", arity: 1) { (arguments, _) throws(JSONataError) in
            guard let value = arguments.first ?? nil else { return nil }
            if let number = value.doubleValue { return .number(JSONNumber(number)) }
            if let flag = value.boolValue { return .number(JSONNumber(flag ? 1 : 0)) }
            guard let text = value.stringValue else {
                return .number(JSONNumber(value.isNull ? 0 : .nan))
            }
            return .number(JSONNumber(number(text)))
        },
        CustomFunction("mapValues", arity: 4) { (arguments, _) throws(JSONataError) in
            guard let value = given(arguments, 0) else {
                return given(arguments, 3) ?? arguments.first ?? nil
            }
            guard let mapping = given(arguments, 1)?.objectValue else { return value }
            let isLower = given(arguments, 2)?.boolValue == true
            var lower = JSONObject()
            for (key, value) in mapping { lower[isLower ? key : key.lowercased()] = value }
            return mapped(value, lower)
        },
        CustomFunction("pick", arity: 2) { (arguments, _) throws(JSONataError) in
            guard let object = given(arguments, 0)?.objectValue else { return [:] }
            let names = elements(given(arguments, 1)).compactMap(\.stringValue)
            var result = JSONObject()
            for name in names { result[name] = object[name] }
            return .object(result)
        },
        CustomFunction("omit", arity: 2) { (arguments, _) throws(JSONataError) in
            guard var object = given(arguments, 0)?.objectValue else { return [:] }
            for name in elements(given(arguments, 1)).compactMap(\.stringValue) {
                object[name] = nil
            }
            return .object(object)
        },
        CustomFunction("values", arity: 1) { (arguments, _) throws(JSONataError) in
            let value = given(arguments, 0)
            return .array(
                value?.arrayValue ?? (value?.objectValue ?? JSONObject()).map(\.value))
        },
    ]

    /// A text as lodash's `toNumber` reads it: decimal, or whole with 0x, 0o or 0b; none is zero.
    private static func number(_ text: String) -> Double {
        let spaces: Set<Character> = [" ", "\t", "\n", "\r", "\r\n", "\u{B}", "\u{C}", "\u{A0}"]
        var rest = text[...]
        while let first = rest.first, spaces.contains(first) { rest = rest.dropFirst() }
        while let last = rest.last, spaces.contains(last) { rest = rest.dropLast() }
        guard !rest.isEmpty else { return 0 }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)]
        where rest.lowercased().hasPrefix(prefix) {
            let digits = rest.dropFirst(2)
            guard let first = digits.first, first != "+", first != "-" else { return .nan }
            return UInt64(digits, radix: radix).map { Double($0) } ?? .nan
        }
        switch rest {
        case "Infinity", "+Infinity": return .infinity
        case "-Infinity": return -.infinity
        default:
            guard rest.utf8.allSatisfy({ Set("0123456789+-.eE".utf8).contains($0) }) else {
                return .nan
            }
            return Double(rest) ?? .nan
        }
    }

    private static func mapped(_ value: JSONValue, _ mapping: JSONObject) -> JSONValue {
        switch value.kind {
        case .string, .number:
            guard let found = mapping[text(value).lowercased()], !found.isNull else { return value }
            return found
        case .array: return .array(elements(value).map { mapped($0, mapping) })
        case .object:
            var result = JSONObject()
            for (key, member) in value.objectValue ?? JSONObject() {
                result[key] = mapped(member, mapping)
            }
            return .object(result)
        case .null, .bool: return value
        }
    }

    static let lists: [CustomFunction] = [
        CustomFunction("groupBy", arity: 2) { (arguments, _) throws(JSONataError) in
            var places = JSONObject()
            var groups: [(key: String, items: [JSONValue])] = []
            for item in elements(given(arguments, 0)) {
                let key = text(member(item, string(arguments, 1) ?? ""))
                if let place = places[key]?.intValue {
                    groups[place].items.append(item)
                } else {
                    places[key] = .number(JSONNumber(Double(groups.count)))
                    groups.append((key, [item]))
                }
            }
            return .object(JSONObject(groups.map { ($0.key, .array($0.items)) }))
        },
        CustomFunction("keyBy", arity: 2) { (arguments, _) throws(JSONataError) in
            var result = JSONObject()
            for item in elements(given(arguments, 0)) {
                result[text(member(item, string(arguments, 1) ?? ""))] = item
            }
            return .object(result)
        },
        CustomFunction("compact", arity: 1) { (arguments, _) throws(JSONataError) in
            .array(elements(given(arguments, 0)).filter { !isFalsy($0) })
        },
        CustomFunction("chunk", arity: 2) { (arguments, _) throws(JSONataError) in
            let items = elements(given(arguments, 0))
            let size = max(0, given(arguments, 1)?.intValue ?? 1)
            guard size > 0 else { return [] }
            return .array(
                stride(from: 0, to: items.count, by: size).map {
                    .array(Array(items[$0..<min(items.count, $0 + size)]))
                })
        },
        CustomFunction("difference", arity: 2) { (arguments, _) throws(JSONataError) in
            // By their text: comparing each with each would take for ever on long lists.
            let others = Set(elements(given(arguments, 1)).map { $0.serialized() })
            return .array(
                elements(given(arguments, 0)).filter { !others.contains($0.serialized()) })
        },
        CustomFunction("flatten", arity: 1) { (arguments, _) throws(JSONataError) in
            .array(flattened(elements(given(arguments, 0)), 1))
        },
        CustomFunction("flattenDeep", arity: 1) { (arguments, _) throws(JSONataError) in
            .array(flattened(elements(given(arguments, 0)), 512))
        },
        CustomFunction("flattenDepth", arity: 2) { (arguments, _) throws(JSONataError) in
            let depth = given(arguments, 1)?.intValue ?? 1
            return .array(flattened(elements(given(arguments, 0)), min(max(0, depth), 512)))
        },
        CustomFunction("orderBy", arity: 3) { (arguments, _) throws(JSONataError) in
            let paths = elements(given(arguments, 1)).compactMap(\.stringValue)
            let orders = elements(given(arguments, 2)).compactMap(\.stringValue)
            let items = elements(given(arguments, 0)).enumerated().sorted { left, right in
                for (place, path) in paths.enumerated() {
                    let order = compare(member(left.element, path), member(right.element, path))
                    if order != 0 {
                        return (place < orders.count && orders[place] == "desc" ? -order : order)
                            < 0
                    }
                }
                return left.offset < right.offset
            }
            return .array(items.map(\.element))
        },
    ]

    private static func flattened(_ items: [JSONValue], _ depth: Int) -> [JSONValue] {
        guard depth > 0 else { return items }
        return items.flatMap { item in
            item.arrayValue.map { flattened($0, depth - 1) } ?? [item]
        }
    }

    /// lodash's shorthands: an object whose members must be equal, a name whose member must be truthy, or a
    /// name and a value.
    static func matches(_ item: JSONValue, _ predicate: JSONValue?) -> Bool {
        guard let predicate else { return !isFalsy(item) }
        if let name = predicate.stringValue {
            return member(item, name).map { !isFalsy($0) } ?? false
        }
        if let pair = predicate.arrayValue, pair.count == 2, let name = pair[0].stringValue {
            return member(item, name) == pair[1]
        }
        return (predicate.objectValue ?? JSONObject()).allSatisfy { item[$0.key] == $0.value }
    }

    private static func compare(_ left: JSONValue?, _ right: JSONValue?) -> Int {
        if let a = left?.doubleValue, let b = right?.doubleValue {
            return a < b ? -1 : a > b ? 1 : 0
        }
        guard let left, let right else { return left == nil ? (right == nil ? 0 : 1) : -1 }
        let (a, b) = (Array(text(left).utf16), Array(text(right).utf16))
        return a == b ? 0 : a.lexicographicallyPrecedes(b) ? -1 : 1
    }
}

extension JSONValue {
    /// The element at a place, for paths.
    fileprivate func subscriptIndex(_ place: Int) -> JSONValue? {
        kind == .array ? self[place] : nil
    }
}
