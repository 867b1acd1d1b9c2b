import JSON

/// Query strings with nested names, `a[b]=1&c[]=2&c[]=3`, as the npm package `qs` reads and writes them.
enum QueryString {
    /// Parameters beyond it are left out, as in `qs`.
    static let parametersMax = 1000
    /// Brackets beyond it stay part of a name, as in `qs`.
    static let depthMax = 5
    /// Places up to it make an array, as in `qs`.
    static let placeMax = 20

    private final class Node {
        var values: [String] = []
        var keys: [String] = []
        var nodes: [String: Node] = [:]

        func child(_ key: String) -> Node {
            if let node = nodes[key] { return node }
            let node = Node()
            keys.append(key)
            nodes[key] = node
            return node
        }

        /// `[]` has no name: each is a place of its own, after those that are there.
        func pushed() -> Node { child("[]\(keys.count)") }

        var json: JSONValue {
            let own = values.map(JSONValue.string)
            if keys.isEmpty { return own.count == 1 ? own[0] : .array(own) }
            let places = keys.map { $0.hasPrefix("[]") ? Int.max : QueryString.place($0) }
            if places.allSatisfy({ $0 != nil }) {
                let sorted = keys.indices.sorted {
                    (places[$0] ?? 0, $0) < (places[$1] ?? 0, $1)
                }
                return .array(own + sorted.compactMap { nodes[keys[$0]]?.json })
            }
            var object = JSONObject()
            for value in values { object[value] = true }
            for key in keys { object[key] = nodes[key]?.json }
            return .object(object)
        }
    }

    private static func place(_ key: String) -> Int? {
        guard let place = Int(key), place >= 0, place <= placeMax, String(place) == key else {
            return nil
        }
        return place
    }

    /// The parameters of a query string, with or without its question mark.
    static func parse(_ text: String) -> JSONValue {
        let root = Node()
        let query = text.hasPrefix("?") ? text.dropFirst() : text[...]
        for part in query.split(separator: "&").prefix(parametersMax) {
            let mark = part.firstIndex(of: "=")
            let value = mark.map { part[part.index(after: $0)...] } ?? ""
            let name = QueryText.decode(part[..<(mark ?? part.endIndex)])
            guard !name.isEmpty else { continue }
            var node = root
            for segment in segments(name) {
                node = segment.isEmpty ? node.pushed() : node.child(segment)
            }
            node.values.append(QueryText.decode(value))
        }
        return root.keys.isEmpty
            ? [:]
            : .object(
                JSONObject(
                    root.keys.map {
                        ($0, root.nodes[$0]?.json ?? .null)
                    }))
    }

    /// `a[b][]` → a, b and nothing.
    private static func segments(_ name: String) -> [String] {
        guard let open = name.firstIndex(of: "[") else { return [name] }
        var segments = open == name.startIndex ? [] : [String(name[..<open])]
        var rest = name[open...]
        for _ in 0..<depthMax {
            guard rest.first == "[", let close = rest.firstIndex(of: "]") else { break }
            segments.append(String(rest[rest.index(after: rest.startIndex)..<close]))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { segments.append(String(rest)) }
        // At the top a name is a name, even an empty one.
        if segments.first?.isEmpty == true { segments[0] = "0" }
        return segments
    }

    /// How an array is written.
    enum ArrayFormat: String {
        case indices, brackets, `repeat`
    }

    static func string(_ object: JSONObject, _ format: ArrayFormat) -> String {
        var parts: [String] = []
        for (key, value) in object { append(value, key, format, &parts) }
        return parts.joined(separator: "&")
    }

    private static func append(
        _ value: JSONValue, _ name: String, _ format: ArrayFormat, _ parts: inout [String]
    ) {
        if let elements = value.arrayValue {
            for (place, element) in elements.enumerated() {
                let suffix =
                    switch format {
                    case .indices: "[\(place)]"
                    case .brackets: "[]"
                    case .repeat: ""
                    }
                append(element, name + suffix, format, &parts)
            }
        } else if let object = value.objectValue {
            for (key, member) in object { append(member, "\(name)[\(key)]", format, &parts) }
        } else {
            let text = value.isNull ? "" : value.stringValue ?? value.jsonString
            parts.append(QueryText.encode(name) + "=" + QueryText.encode(text))
        }
    }
}
