import JSON

/// Reads members of a configuration object and collects every problem on the way.
struct ConfigurationReader {
    private(set) var problems: [ConfigurationProblem] = []

    mutating func report(
        _ path: [String], _ message: String, _ severity: ConfigurationProblem.Severity = .error,
        position: Int? = nil
    ) {
        problems.append(
            ConfigurationProblem(
                keyPath: path, message: message, severity: severity, position: position))
    }

    /// Reports members that nobody reads.
    mutating func checkKeys(_ value: JSONValue, _ path: [String], _ known: Set<String>) {
        for key in value.objectValue?.keys ?? [] where !known.contains(key) {
            let hint = Self.near(key, known).map { "; did you mean `\($0)`?" } ?? ""
            report(path + [key], "unknown key\(hint)")
        }
    }

    /// The word that was meant, if one is near.
    static func near(_ key: String, _ known: Set<String>) -> String? {
        let near = known.sorted().min { distance($0, key) < distance($1, key) }
        return near.flatMap { distance($0, key) <= 2 ? $0 : nil }
    }

    mutating func string(_ value: JSONValue, _ key: String, _ path: [String]) -> String? {
        guard let member = value[key], !member.isNull else { return nil }
        if let text = member.stringValue { return text }
        report(path + [key], "must be a string")
        return nil
    }

    mutating func bool(_ value: JSONValue, _ key: String, _ path: [String]) -> Bool? {
        guard let member = value[key], !member.isNull else { return nil }
        if let flag = member.boolValue { return flag }
        report(path + [key], "must be true or false")
        return nil
    }

    /// A string or a list of strings.
    mutating func strings(_ value: JSONValue, _ key: String, _ path: [String]) -> [String]? {
        guard let member = value[key], !member.isNull else { return nil }
        if let text = member.stringValue { return [text] }
        if let items = member.arrayValue, !items.isEmpty {
            let texts = items.compactMap(\.stringValue)
            if texts.count == items.count { return texts }
        }
        report(path + [key], "must be a string or a list of strings")
        return nil
    }

    mutating func choice<T: RawRepresentable & CaseIterable>(
        _ value: JSONValue, _ key: String, _ path: [String], _ type: T.Type
    ) -> T? where T.RawValue == String {
        guard let text = string(value, key, path) else { return nil }
        if let found = T(rawValue: text) { return found }
        let names = T.allCases.map(\.rawValue).joined(separator: ", ")
        report(path + [key], "there is no `\(text)` here; it is one of \(names)")
        return nil
    }

    mutating func duration(_ value: JSONValue, _ key: String, _ path: [String]) -> Int64? {
        guard let member = value[key], !member.isNull else { return nil }
        if let seconds = member.intValue, seconds >= 0, seconds < 1 << 40 {
            return Int64(seconds) * 1000
        }
        if let text = member.stringValue, let time = DurationText.milliseconds(text) { return time }
        report(path + [key], "must be a time such as 300s, 5m or 24h")
        return nil
    }

    /// Bytes as a number, or with a unit: `512KiB`.
    mutating func size(
        _ value: JSONValue, _ key: String, _ path: [String], _ range: ClosedRange<Int>
    ) -> Int? {
        guard let member = value[key], !member.isNull else { return nil }
        let found = member.intValue ?? member.stringValue.flatMap(Self.bytes)
        if let found, range.contains(found) { return found }
        report(
            path + [key],
            "must be a size from \(range.lowerBound) to \(range.upperBound) bytes, such as 512KiB")
        return nil
    }

    private static func bytes(_ text: String) -> Int? {
        let digits = text.prefix { $0 >= "0" && $0 <= "9" }
        let units = ["B": 0, "KiB": 10, "MiB": 20, "GiB": 30]
        guard let number = Int(digits), number < 1 << 32,
            let shift = units[String(text.dropFirst(digits.count))]
        else { return nil }
        return number << shift
    }

    mutating func template(_ text: String, _ path: [String]) -> PlaceholderTemplate? {
        do throws(PlaceholderError) {
            let template = try PlaceholderTemplate.parse(text)
            if let stray = template.strayPlaceholder {
                report(path, "`\(stray)` is not a placeholder")
            }
            return template
        } catch {
            report(path, error.description)
            return nil
        }
    }

    mutating func templates(
        _ value: JSONValue, _ key: String, _ path: [String]
    ) -> [PlaceholderTemplate]? {
        guard let texts = strings(value, key, path) else { return nil }
        return texts.compactMap { template($0, path + [key]) }
    }

    /// The number of single-character edits between two words.
    private static func distance(_ left: String, _ right: String) -> Int {
        let (a, b) = (Array(left.utf8), Array(right.utf8))
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
                diagonal = above
            }
        }
        return row[b.count]
    }
}

/// Times of a configuration: `250ms`, `300s`, `5m`, `24h`, `7d`.
package enum DurationText {
    /// Milliseconds, or nil when it is no time or one of more than 30,000 years.
    package static func milliseconds(_ text: String) -> Int64? {
        let digits = text.prefix { $0 >= "0" && $0 <= "9" }
        guard let number = Int64(digits), number < 1 << 32 else { return nil }
        switch text.dropFirst(digits.count) {
        case "ms": return number
        case "s", "": return number * 1000
        case "m": return number * 60_000
        case "h": return number * 3_600_000
        case "d": return number * 86_400_000
        default: return nil
        }
    }
}
