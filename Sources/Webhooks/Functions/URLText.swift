import JSON

/// A URL taken apart as the WHATWG URL standard has it, without what needs tables: international names
/// are refused, and an IPv4 address in another notation stays a name.
enum URLText {
    private static let ports = ["http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21]

    /// The members of a URL object; nil when the text is no absolute URL.
    static func parse(_ text: String) -> JSONObject? {
        let trimmed = trim(text)
        guard let colon = trimmed.firstIndex(of: ":"), let scheme = scheme(trimmed[..<colon]) else {
            return nil
        }
        var rest = trimmed[trimmed.index(after: colon)...]
        let hash = cut(&rest, from: "#").map { encoded($0, "\"<>`") } ?? ""
        let isSpecial = ports[scheme] != nil
        let query = cut(&rest, from: "?").map { encoded($0, isSpecial ? "\"#<>'" : "\"#<>") } ?? ""
        let hasAuthority = rest.hasPrefix("//")
        guard hasAuthority || !isSpecial else { return nil }
        var authority = Authority()
        if hasAuthority {
            rest = rest.dropFirst(2)
            let end = rest.firstIndex { $0 == "/" || isSpecial && $0 == "\\" } ?? rest.endIndex
            guard let read = Authority(rest[..<end], isSpecial, ports[scheme]) else { return nil }
            authority = read
            rest = rest[end...]
        }
        let path = hasAuthority ? normalized(rest, isSpecial) : encoded(rest, "")
        let origin = isSpecial ? "\(scheme)://\(authority.host)" : "null"
        let search = query.isEmpty ? "" : "?" + query
        let fragment = hash.isEmpty ? "" : "#" + hash
        let start = hasAuthority ? "//" + authority.credentials + authority.host : ""
        let members: [(String, String)] = [
            ("href", "\(scheme):\(start)\(path)\(search)\(fragment)"), ("origin", origin),
            ("protocol", scheme + ":"), ("username", authority.username),
            ("password", authority.password), ("host", authority.host),
            ("hostname", authority.hostname), ("port", authority.port), ("pathname", path),
            ("search", search), ("hash", fragment),
        ]
        var object = JSONObject(members.map { ($0.0, JSONValue.string($0.1)) })
        object["searchParams"] = .object(parameters(query))
        return object
    }

    /// Names and values; a repeated name has an array.
    private static func parameters(_ query: String) -> JSONObject {
        var names = JSONObject()
        var values: [(key: String, all: [JSONValue])] = []
        for part in query.split(separator: "&") {
            let mark = part.firstIndex(of: "=")
            let name = QueryText.decode(part[..<(mark ?? part.endIndex)])
            let value = JSONValue.string(
                QueryText.decode(mark.map { part[part.index(after: $0)...] } ?? ""))
            if let place = names[name]?.intValue {
                values[place].all.append(value)
            } else {
                names[name] = .number(JSONNumber(Double(values.count)))
                values.append((name, [value]))
            }
        }
        return JSONObject(values.map { ($0.key, $0.all.count == 1 ? $0.all[0] : .array($0.all)) })
    }

    private struct Authority {
        var username = ""
        var password = ""
        var hostname = ""
        var port = ""

        init() {}

        init?(_ text: Substring, _ isSpecial: Bool, _ standardPort: Int?) {
            var host = text
            if let at = text.lastIndex(of: "@") {
                let parts = text[..<at].split(
                    separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                username = URLText.encoded(parts[0], "\"#<>?`{}/:;=@[\\]^|")
                password = parts.count > 1 ? URLText.encoded(parts[1], "\"#<>?`{}/:;=@[\\]^|") : ""
                host = text[text.index(after: at)...]
            }
            let bracket = host.lastIndex(of: "]")
            if let colon = host.lastIndex(of: ":"), bracket.map({ $0 < colon }) ?? true {
                let digits = host[host.index(after: colon)...]
                guard digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
                if !digits.isEmpty {
                    guard let number = Int(digits), number <= 65_535 else { return nil }
                    port = number == standardPort ? "" : String(number)
                }
                host = host[..<colon]
            }
            if host.hasPrefix("[") {
                guard host.hasSuffix("]"), host.utf8.count > 2,
                    host.dropFirst().dropLast().utf8.allSatisfy({
                        Set("0123456789abcdefABCDEF:.".utf8).contains($0)
                    })
                else { return nil }
            } else {
                guard !host.isEmpty || !isSpecial,
                    host.utf8.allSatisfy({
                        $0 > 0x20 && $0 < 0x7F && !Set("#%/:<>?@[\\]^|".utf8).contains($0)
                    })
                else { return nil }
            }
            hostname = isSpecial ? host.lowercased() : String(host)
        }

        var host: String { port.isEmpty ? hostname : "\(hostname):\(port)" }
        var credentials: String {
            guard !username.isEmpty || !password.isEmpty else { return "" }
            return username + (password.isEmpty ? "" : ":" + password) + "@"
        }
    }

    private static func trim(_ text: String) -> Substring {
        let isTrimmed = { (character: Character) in
            character.unicodeScalars.allSatisfy { $0.value <= 0x20 }
        }
        var rest = text.filter { !["\t", "\n", "\r", "\r\n"].contains($0) }[...]
        while rest.first.map(isTrimmed) == true { rest = rest.dropFirst() }
        while rest.last.map(isTrimmed) == true { rest = rest.dropLast() }
        return rest
    }

    private static func scheme(_ text: Substring) -> String? {
        guard let first = text.utf8.first, (first | 0x20) >= 0x61, (first | 0x20) <= 0x7A,
            text.utf8.allSatisfy({
                Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.".utf8)
                    .contains($0)
            })
        else { return nil }
        return text.lowercased()
    }

    /// What follows the first `mark`, which is taken off with it.
    private static func cut(_ text: inout Substring, from mark: Character) -> Substring? {
        guard let place = text.firstIndex(of: mark) else { return nil }
        defer { text = text[..<place] }
        return text[text.index(after: place)...]
    }

    private static func encoded(_ text: some StringProtocol, _ also: String) -> String {
        let also = Set(also.utf8)
        return QueryText.encode(text) { $0 > 0x20 && $0 < 0x7F && !also.contains($0) }
    }

    /// Without `.` and `..`, encoded ones included.
    private static func normalized(_ path: Substring, _ isSpecial: Bool) -> String {
        guard !path.isEmpty else { return isSpecial ? "/" : "" }
        var kept: [String] = []
        let parts = path.dropFirst().split(omittingEmptySubsequences: false) {
            $0 == "/" || isSpecial && $0 == "\\"
        }
        for (place, part) in parts.enumerated() {
            let isLast = place == parts.count - 1
            switch part.lowercased() {
            case ".", "%2e":
                if isLast { kept.append("") }
            case "..", ".%2e", "%2e.", "%2e%2e":
                _ = kept.popLast()
                if isLast { kept.append("") }
            default: kept.append(encoded(part, "\"#<>?`{}"))
            }
        }
        return "/" + kept.joined(separator: "/")
    }
}
