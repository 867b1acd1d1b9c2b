import JSON

/// Where a request carries a credential itself, not a signature made with one: what is kept of the
/// request must not hold it.
package struct Redaction: Sendable {
    /// Lower-case names.
    package var headers: Set<String> = []
    /// Parameters of the URL.
    private(set) var parameters: Set<String> = []
    /// Paths inside the body.
    var members: [[PathStep]] = []

    static let mark = "[redacted]"

    package init() {}

    init(headers: [String], credentials: [PlaceholderTemplate]) {
        self.headers = Set(headers)
        for path in credentials.flatMap(\.placeholders).flatMap(\.paths) where path.count > 1 {
            guard case .key(let root) = path[0] else { continue }
            switch (root, path[1]) {
            case ("headers", .key(let name)): self.headers.insert(name.lowercased())
            case ("query", .key(let name)): parameters.insert(name)
            case ("body", _): members.append(Array(path.dropFirst()))
            default: continue
            }
        }
    }

    /// More headers than the integration names.
    package func and(headers names: Set<String>) -> Redaction {
        var redaction = self
        redaction.headers.formUnion(names)
        return redaction
    }

    /// Whether a header is not to be kept: those that hold credentials by their definition (RFC 9110 §11,
    /// RFC 6265), and those that the integration names.
    func hides(header name: Span<UInt8>) -> Bool {
        switch name.count {
        case 6: if Self.isNamed("cookie", name) { return true }
        case 10: if Self.isNamed("set-cookie", name) { return true }
        case 13: if Self.isNamed("authorization", name) { return true }
        case 19: if Self.isNamed("proxy-authorization", name) { return true }
        default: break
        }
        return !headers.isEmpty && headers.contains { Self.isNamed($0, name) }
    }

    private static func isNamed(_ lowercased: String, _ name: Span<UInt8>) -> Bool {
        HeaderFields.isNamed(lowercased.utf8.span, name)
    }

    /// A URL or target without the values of its secret parameters.
    func url(_ text: String) -> String {
        guard !parameters.isEmpty, let mark = text.firstIndex(of: "?") else { return text }
        let query = text[text.index(after: mark)...]
        return text[...mark] + Self.form(query, without: parameters)
    }

    /// The body without its secret members; nil when it cannot be told where they are.
    func body(_ request: ReceivedRequest) -> [UInt8]? {
        guard !members.isEmpty else { return request.body }
        if let coding = request.fields.header(named: "content-encoding"),
            coding.lowercased() != "identity"
        {
            return nil
        }
        if let document = try? JSONDocument(parsing: request.body) {
            return json(document)
        }
        let names = members.compactMap { path -> String? in
            if case .key(let name)? = path.first { name } else { nil }
        }
        guard let text = String(validating: request.body, as: UTF8.self) else { return nil }
        return Array(Self.form(text[...], without: Set(names)).utf8)
    }

    private func json(_ document: JSONDocument) -> [UInt8] {
        let ranges = members.compactMap { path -> Range<Int>? in
            var node: JSONNode? = document.root
            for step in path {
                switch step {
                case .key(let name): node = node?[name]
                case .index(let index) where index >= 0: node = node?[index]
                case .index(let index): node = node.flatMap { $0[$0.count + index] }
                // Any member may be meant.
                case .pattern: break
                }
            }
            return node.map { $0.rawBytes.startIndex..<$0.rawBytes.endIndex }
        }
        var bytes: [UInt8] = []
        var end = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound })
        where range.lowerBound >= end {
            bytes += document.bytes[end..<range.lowerBound]
            bytes += Array("\"\(Self.mark)\"".utf8)
            end = range.upperBound
        }
        return bytes + document.bytes[end...]
    }

    /// A form or query with the values of some names replaced.
    private static func form(_ text: Substring, without names: Set<String>) -> String {
        text.split(separator: "&", omittingEmptySubsequences: false).map { part in
            let name = part.prefix { $0 != "=" }
            guard part.count > name.count, let decoded = FormText.parse(String(name))?.keys.first,
                names.contains(decoded)
            else { return String(part) }
            return name + "=" + mark
        }
        .joined(separator: "&")
    }
}
