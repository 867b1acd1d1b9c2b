/// A text with `{{…}}` placeholders, compiled once to segments. Rendering is one pass from left to
/// right; values are spliced as they are and never expanded again.
package struct PlaceholderTemplate: Sendable {
    enum Segment: Sendable {
        case literal([UInt8])
        case placeholder(Placeholder)
    }

    /// The text it was compiled from.
    package let source: String
    let segments: [Segment]
    /// The template is `{{raw_body}}` and nothing else.
    let isRawBody: Bool
    /// The name in `{{headers.name}}`, when the template is that and nothing else, as the bytes that it is
    /// looked for with; nil for other templates and for names that are not in lower case.
    let headerName: [UInt8]?

    /// A template that is one literal.
    init(literal: String) {
        source = literal
        segments = literal.isEmpty ? [] : [.literal(Array(literal.utf8))]
        isRawBody = false
        headerName = nil
    }

    init(source: String, segments: [Segment]) {
        self.source = source
        self.segments = segments
        let path = Self.onlyPath(segments)
        isRawBody = path == [.key("raw_body")]
        if let path, path.count == 2, path[0] == .key("headers"), case .key(let name) = path[1],
            name.utf8.allSatisfy({ asciiLowercased($0) == $0 })
        {
            headerName = Array(name.utf8)
        } else {
            headerName = nil
        }
    }

    /// The path of a template that is one placeholder with one path and nothing else.
    private static func onlyPath(_ segments: [Segment]) -> [PathStep]? {
        guard segments.count == 1, case .placeholder(let whole)? = segments.first,
            whole.alternatives.count == 1, whole.defaultValue == nil,
            whole.alternatives[0].type == .string, whole.alternatives[0].paths.count == 1
        else { return nil }
        return whole.alternatives[0].paths[0]
    }

    /// What it always renders to; nil when that depends on placeholders.
    var literal: [UInt8]? {
        if segments.isEmpty { return [] }
        guard segments.count == 1, case .literal(let bytes) = segments[0] else { return nil }
        return bytes
    }

    var placeholders: [Placeholder] {
        segments.compactMap { segment in
            if case .placeholder(let placeholder) = segment { placeholder } else { nil }
        }
    }

    /// The first members of every path, without repeats.
    var roots: [String] {
        var roots: [String] = []
        for path in placeholders.flatMap(\.paths) {
            if case .key(let root)? = path.first, !roots.contains(root) { roots.append(root) }
        }
        return roots
    }

    /// The second members of paths below a root, such as the names below `environment_variables`.
    func members(of root: String) -> [String] {
        placeholders.flatMap(\.paths).compactMap { path in
            guard path.count > 1, path[0] == .key(root), case .key(let name) = path[1] else {
                return nil
            }
            return name
        }
    }

    /// Text that looks like a placeholder and is none (`{{a[0]}}`, `{{}}`, `{{a`): legal in
    /// general, never meant in a signature configuration.
    var strayPlaceholder: String? {
        for case .literal(let bytes) in segments {
            let text = String(decoding: bytes, as: UTF8.self)
            if let range = text.firstRange(of: "{{") {
                return String(text[range.lowerBound...].prefix(40))
            }
        }
        return nil
    }
}

/// One `{{…}}`.
struct Placeholder: Sendable {
    struct Alternative: Sendable {
        /// A union of paths: the first that leads to a value counts.
        let paths: [[PathStep]]
        let type: PlaceholderType
    }

    /// The text after `?:`.
    struct DefaultValue: Sendable {
        let text: String
        let type: PlaceholderType
    }

    /// Braces included.
    let text: String
    let alternatives: [Alternative]
    let defaultValue: DefaultValue?
    let nullWhenMissing: Bool
    let undefinedWhenMissing: Bool
    let ignoresEmptyStrings: Bool

    var paths: [[PathStep]] { alternatives.flatMap(\.paths) }
}

/// One step of a path.
enum PathStep: Sendable, Equatable {
    case key(String)
    /// Arrays only; −1 is the last.
    case index(Int)
    /// The first member whose name matches.
    case pattern(NamePattern)
}

/// How a found value is turned into the result.
enum PlaceholderType: String, Sendable {
    case string = "str"
    case integer = "int"
    case number = "num"
    case boolean = "bool"
    case json
    case null
    case undefined
    case ignoreEmptyString = "ignore-empty-str"
    case any
}

/// The part of a regular expression that the characters of a placeholder can spell: letters,
/// digits, `_` and `-`, each perhaps optional (`?`), found anywhere in a name.
struct NamePattern: Sendable, Equatable {
    struct Item: Sendable, Equatable {
        let byte: UInt8
        let isOptional: Bool
    }

    let items: [Item]
    let ignoresCase: Bool

    func matches(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return (0...bytes.count).contains { matches(bytes, from: $0) }
    }

    /// Every set of positions that can follow the items read so far: no backtracking, so the time
    /// is bounded by items × length.
    private func matches(_ bytes: [UInt8], from start: Int) -> Bool {
        var positions: Set<Int> = [start]
        for item in items {
            var next: Set<Int> = item.isOptional ? positions : []
            for position in positions where position < bytes.count {
                let byte = ignoresCase ? asciiLowercased(bytes[position]) : bytes[position]
                if byte == item.byte { next.insert(position + 1) }
            }
            if next.isEmpty { return false }
            positions = next
        }
        return true
    }
}

/// A placeholder that does not parse.
package struct PlaceholderError: Error, Sendable, Equatable, CustomStringConvertible {
    package let placeholder: String
    package let message: String

    package var description: String { "\(placeholder): \(message)" }
}
