package import JSON

/// A value of a configuration file, with the place where it stands.
package struct ConfigurationNode: Sendable {
    /// One member of a mapping.
    package struct Member: Sendable {
        package let key: String
        /// Where the key stands.
        package let mark: SourceMark
        package let value: ConfigurationNode
    }

    /// What it is, by YAML 1.2's core schema or JSON.
    package enum Content: Sendable {
        case null
        case bool(Bool)
        /// The text as written: `1.10` stays `1.10`.
        case number(String)
        case string(String)
        case sequence([ConfigurationNode])
        case mapping([Member])
    }

    package let content: Content
    package let mark: SourceMark
    /// Nodes in this tree, this one included: what an alias to it costs.
    package let weight: Int

    package init(_ content: Content, mark: SourceMark) {
        self.content = content
        self.mark = mark
        switch content {
        case .sequence(let elements): weight = elements.reduce(1) { $0 &+ $1.weight }
        case .mapping(let members): weight = members.reduce(1) { $0 &+ $1.value.weight &+ 1 }
        default: weight = 1
        }
    }

    /// The member's value, or nil.
    package subscript(key: String) -> ConfigurationNode? {
        guard case .mapping(let members) = content else { return nil }
        return members.first { $0.key.hasSameCodeUnits(as: key) }?.value
    }

    /// In words, for messages: `a string`.
    package var kindInWords: String {
        switch content {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// The scalar as written, for messages; nil for lists and mappings.
    package var scalarText: String? {
        switch content {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .number(let text), .string(let text): text
        case .sequence, .mapping: nil
        }
    }

    /// The same value without marks.
    package var jsonValue: JSONValue {
        switch content {
        case .null: return .null
        case .bool(let flag): return .bool(flag)
        case .number(let text):
            return .number(JSONNumber(text: text) ?? JSONNumber(CoreSchema.double(text)))
        case .string(let text): return .string(text)
        case .sequence(let elements): return .array(elements.map(\.jsonValue))
        case .mapping(let members):
            var object = JSONObject()
            object.reserveCapacity(members.count)
            for member in members { object[member.key] = member.value.jsonValue }
            return .object(object)
        }
    }

    /// Where the node at the end of a key path stands; as far as the path leads, the nearest place.
    package func mark(at keyPath: [String]) -> SourceMark {
        var node = self
        var mark = self.mark
        for component in keyPath {
            switch node.content {
            case .mapping(let members):
                guard let member = members.first(where: { $0.key.hasSameCodeUnits(as: component) })
                else { return mark }
                node = member.value
                mark = member.value.mark
            case .sequence(let elements):
                guard let index = Int(component), elements.indices.contains(index) else {
                    return mark
                }
                node = elements[index]
                mark = node.mark
            default: return mark
            }
        }
        return mark
    }
}
