import JSON

/// The sending side's view of a placeholder text: what must be there so that the receiver's rendering
/// gives what we sign.
struct SigningTemplate {
    enum Part: Equatable {
        case literal(String)
        /// Paths that are tried in order, each as its members: `headers`, `x-signature`.
        case paths([[String]], fallback: String?)
    }
    let parts: [Part]

    /// `{{a.b|c:type?:default}}`; the type and modifiers after `:` do not matter to a sender.
    init(_ text: String) {
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstRange(of: "{{"),
            let close = rest[open.upperBound...].firstRange(of: "}}")
        {
            if open.lowerBound > rest.startIndex {
                parts.append(.literal(String(rest[..<open.lowerBound])))
            }
            var inside = String(rest[open.upperBound..<close.lowerBound])
            var fallback: String?
            if let mark = inside.firstRange(of: "?:") {
                fallback = String(inside[mark.upperBound...])
                inside = String(inside[..<mark.lowerBound])
            }
            let paths = inside.split(separator: "|").map { alternative in
                alternative.prefix { $0 != ":" }.split(separator: ".").map {
                    String($0.filter { $0 != " " })
                }
            }
            parts.append(.paths(paths, fallback: fallback))
            rest = rest[close.upperBound...]
        }
        if !rest.isEmpty { parts.append(.literal(String(rest))) }
        self.parts = parts
    }

    /// The names below a root that it mentions: `headers` → `["webhook-id"]`.
    func members(of root: String) -> [String] {
        parts.flatMap { part -> [String] in
            guard case .paths(let paths, _) = part else { return [] }
            return paths.filter { $0.count > 1 && $0[0] == root }
                .map { $0.dropFirst().joined(separator: ".") }
        }
    }

    /// The bytes, with what `lookup` knows; nil when something is missing.
    func render(_ lookup: ([String]) -> [UInt8]?) -> [UInt8]? {
        var bytes: [UInt8] = []
        for part in parts {
            switch part {
            case .literal(let text): bytes += text.utf8
            case .paths(let paths, let fallback):
                // What is there and empty, such as a body, is better than nothing.
                let values = paths.compactMap(lookup)
                let found = values.first { !$0.isEmpty } ?? fallback.map { Array($0.utf8) }
                guard let value = found ?? values.first else { return nil }
                bytes += value
            }
        }
        return bytes
    }
}

extension Substring {
    /// The first place of a short ASCII text.
    func firstRange(of text: String) -> Range<String.Index>? {
        let pattern = Array(text.utf8)
        var start = startIndex
        while start < endIndex {
            if utf8[start...].starts(with: pattern) {
                return start..<utf8.index(start, offsetBy: pattern.count)
            }
            start = utf8.index(after: start)
        }
        return nil
    }
}

extension String {
    /// The first place of a short ASCII text.
    func firstRange(of text: String) -> Range<String.Index>? { self[...].firstRange(of: text) }
}
