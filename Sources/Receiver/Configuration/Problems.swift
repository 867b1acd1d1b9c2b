/// Collects every problem of one file, so that a user sees all of them at once.
package struct Problems {
    package let file: String
    package private(set) var list: [Problem] = []

    package init(file: String) { self.file = file }

    mutating func add(
        _ mark: SourceMark?, _ keyPath: String, _ message: String,
        _ severity: Problem.Severity = .error
    ) {
        list.append(
            Problem(
                file: file, mark: mark, keyPath: keyPath, message: message, severity: severity))
    }
}

/// Reads one mapping member by member; what was never asked for is an unknown key.
struct MappingReader {
    let node: ConfigurationNode
    let path: String
    private let members: [ConfigurationNode.Member]
    private var known: [String] = []

    /// - Returns: nil, with a problem, when the node is no mapping.
    init?(_ node: ConfigurationNode, path: String, example: String, _ problems: inout Problems) {
        self.node = node
        self.path = path
        switch node.content {
        case .mapping(let members): self.members = members
        case .null: members = []
        default:
            problems.add(
                node.mark, path, "expected a mapping, found \(node.kindInWords); write \(example)")
            return nil
        }
    }

    func path(_ key: String) -> String { Problem.join(path, key) }

    /// The member's value; a null counts as absent.
    mutating func value(_ key: String) -> ConfigurationNode? {
        known.append(key)
        guard let value = members.first(where: { $0.key == key })?.value else { return nil }
        if case .null = value.content { return nil }
        return value
    }

    /// A string; numbers and booleans must be quoted.
    mutating func string(_ key: String, _ problems: inout Problems) -> String? {
        guard let value = value(key) else { return nil }
        return Self.string(value, path(key), &problems)
    }

    static func string(
        _ value: ConfigurationNode, _ path: String, _ problems: inout Problems
    ) -> String? {
        if case .string(let text) = value.content { return text }
        let advice = value.scalarText.map { "put it in quotes: \"\($0)\"" } ?? "write one string"
        problems.add(value.mark, path, "expected a string, found \(value.kindInWords); \(advice)")
        return nil
    }

    /// A string that is not empty.
    mutating func text(_ key: String, _ problems: inout Problems) -> String? {
        guard let value = value(key), let text = Self.string(value, path(key), &problems) else {
            return nil
        }
        if text.isEmpty { problems.add(value.mark, path(key), "it is empty; write a value") }
        return text.isEmpty ? nil : text
    }

    /// `true` or `false`.
    mutating func bool(_ key: String, _ problems: inout Problems) -> Bool? {
        guard let value = value(key) else { return nil }
        if case .bool(let flag) = value.content { return flag }
        problems.add(
            value.mark, path(key),
            "expected true or false, found \(value.scalarText ?? value.kindInWords)")
        return nil
    }

    /// A whole number in a range.
    mutating func integer(
        _ key: String, _ range: ClosedRange<Int>, _ problems: inout Problems
    ) -> Int? {
        guard let value = value(key) else { return nil }
        guard case .number(let text) = value.content, let number = Int(text) else {
            problems.add(
                value.mark, path(key),
                "expected a whole number, found \(value.scalarText ?? value.kindInWords); "
                    + "write one from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        guard range.contains(number) else {
            problems.add(
                value.mark, path(key),
                "\(number) is out of range; write a number from \(range.lowerBound) to "
                    + "\(range.upperBound)")
            return nil
        }
        return number
    }

    /// A size in bytes, `1MiB`.
    mutating func size(
        _ key: String, _ range: ClosedRange<Int>, _ problems: inout Problems
    ) -> Int? {
        quantity(
            key, range, "a size", Quantities.bytes, Quantities.sizeAdvice,
            Quantities.sizeText, &problems)
    }

    /// A duration in milliseconds, `300s`.
    mutating func duration(
        _ key: String, _ range: ClosedRange<Int>, _ problems: inout Problems
    ) -> Int? {
        quantity(
            key, range, "a duration", Quantities.milliseconds, Quantities.durationAdvice,
            Quantities.durationText, &problems)
    }

    private mutating func quantity(
        _ key: String, _ range: ClosedRange<Int>, _ what: String,
        _ parse: (String) -> Int?, _ advice: (String) -> String, _ show: (Int) -> String,
        _ problems: inout Problems
    ) -> Int? {
        guard let value = value(key) else { return nil }
        let written: String?
        switch value.content {
        case .number(let text), .string(let text): written = text
        default: written = nil
        }
        guard let text = written else {
            problems.add(
                value.mark, path(key), "expected \(what), found \(value.kindInWords); \(advice(""))"
            )
            return nil
        }
        guard let number = parse(text) else {
            problems.add(value.mark, path(key), "\"\(text)\" is not \(what); \(advice(text))")
            return nil
        }
        guard range.contains(number) else {
            problems.add(
                value.mark, path(key),
                "\(text) is out of range; write \(show(range.lowerBound)) to "
                    + "\(show(range.upperBound))")
            return nil
        }
        return number
    }

    /// One of some words.
    mutating func choice<Value: RawRepresentable & CaseIterable>(
        _ key: String, _ type: Value.Type, _ problems: inout Problems
    ) -> Value? where Value.RawValue == String {
        guard let value = value(key) else { return nil }
        if let text = value.scalarText, let choice = Value(rawValue: text) { return choice }
        let words = Value.allCases.map(\.rawValue)
        var advice = "write \(words.joined(separator: ", "))"
        if let text = value.scalarText, let near = Spelling.nearest(to: text, among: words) {
            advice = "did you mean \(near)?"
        }
        problems.add(
            value.mark, path(key),
            "\(value.scalarText.map { "\"\($0)\"" } ?? value.kindInWords) is not known; \(advice)")
        return nil
    }

    /// A value, or a list of them.
    mutating func list(_ key: String) -> [ConfigurationNode] {
        guard let value = value(key) else { return [] }
        if case .sequence(let elements) = value.content { return elements }
        return [value]
    }

    /// The members themselves, for mappings whose keys are the user's own names.
    var allMembers: [ConfigurationNode.Member] { members }

    /// Reports the keys that nobody asked for.
    func finish(_ problems: inout Problems) {
        for member in members where !known.contains(member.key) {
            let near = Spelling.nearest(to: member.key, among: known)
            let advice =
                near.map { "did you mean \($0)?" }
                ?? "known keys: \(Set(known).sorted().joined(separator: ", "))"
            problems.add(member.mark, path(member.key), "unknown key; \(advice)")
        }
    }
}
