import JSON

extension JSONataRegex {
    /// `$match`: every match, or the first `limit`.
    ///
    /// - Throws: D3040 for a negative limit, D1004, U1004.
    package func matches(
        in text: String, limit: Double? = nil, limits: RegexLimits = RegexLimits()
    ) throws(JSONataError) -> [RegexMatch] {
        if let limit, limit < 0 {
            throw JSONataError(.d3040, value: .number(JSONNumber(limit)), argumentIndex: 3)
        }
        var found: [RegexMatch] = []
        try forEachMatch(in: RegexSubject(text), limit: limit, limits) {
            (match) throws(JSONataError) in
            found.append(match)
        }
        return found
    }

    /// Calls `body` with each match. After the last one that counts the next is still looked for, as in
    /// the reference, and may fail.
    ///
    /// - Returns: how many there were.
    @discardableResult
    private func forEachMatch(
        in subject: RegexSubject, limit: Double?, _ limits: RegexLimits,
        _ body: (RegexMatch) throws(JSONataError) -> Void
    ) throws(JSONataError) -> Int {
        let limit = limit ?? .infinity
        guard limit > 0 else { return 0 }
        var count = 0
        var match = try firstMatch(in: subject, limits: limits)
        while let current = match, Double(count) < limit {
            try body(current)
            match = try nextMatch(in: subject, after: current, limits: limits)
            count += 1
        }
        return count
    }

    /// `$split` at matches, into the first `limit` pieces.
    ///
    /// - Throws: D3020 for a negative limit, D1004, U1004.
    package func split(
        _ text: String, limit: Double? = nil, limits: RegexLimits = RegexLimits()
    ) throws(JSONataError) -> [String] {
        if let limit, limit < 0 {
            throw JSONataError(.d3020, value: .number(JSONNumber(limit)), argumentIndex: 3)
        }
        guard limit ?? 1 > 0 else { return [] }
        let subject = RegexSubject(text)
        var pieces: [String] = []
        var start = 0
        let count = try forEachMatch(in: subject, limit: limit, limits) {
            (match) throws(JSONataError) in
            pieces.append(subject.text(start..<match.byteRange.lowerBound))
            start = match.byteRange.upperBound
        }
        if Double(count) < limit ?? .infinity {
            pieces.append(subject.text(start..<subject.bytes.count))
        }
        return pieces
    }

    /// `$replace` of matches by what `replacement` gives for each, at most `limit` times.
    ///
    /// - Throws: D3011 for a negative limit, D1004, U1002 beyond `bytesMax`, U1004, and what
    ///   `replacement` throws.
    package func replace(
        in text: String, limit: Double? = nil, bytesMax: Int, limits: RegexLimits = RegexLimits(),
        with replacement: (RegexMatch) throws(JSONataError) -> String
    ) throws(JSONataError) -> String {
        if let limit, limit < 0 {
            throw JSONataError(.d3011, value: .number(JSONNumber(limit)), argumentIndex: 4)
        }
        let subject = RegexSubject(text)
        var out = ""
        var position = 0
        let count = try forEachMatch(in: subject, limit: limit, limits) {
            (match) throws(JSONataError) in
            out += subject.text(position..<match.byteRange.lowerBound)
            out += try replacement(match)
            position = match.byteRange.upperBound
            guard out.utf8.count <= bytesMax else {
                throw JSONataError(.u1002, value: .number(JSONNumber(Double(bytesMax))))
            }
        }
        guard count > 0 else { return text }
        return Self.joined(out, subject.text(position..<subject.bytes.count))
    }

    /// Half a surrogate pair that is left at a border meets its other half again.
    private static func joined(_ first: String, _ second: String) -> String {
        let isHalf = first.unicodeScalars.last.flatMap(StringEscapes.surrogate(for:)) != nil
        return isHalf ? CodeUnits(units: first + second).text : first + second
    }

    /// `$replace` with a text in which `$0` is the match, `$1` … its groups and `$$` a dollar sign.
    ///
    /// - Throws: as `replace(in:limit:bytesMax:with:)`.
    package func replace(
        in text: String, with template: String, limit: Double? = nil, bytesMax: Int,
        limits: RegexLimits = RegexLimits()
    ) throws(JSONataError) -> String {
        guard template.utf8.contains(UInt8(ascii: "$")) else {
            return try replace(in: text, limit: limit, bytesMax: bytesMax, limits: limits) { _ in
                template
            }
        }
        let units = CodeUnits(units: template)
        return try replace(in: text, limit: limit, bytesMax: bytesMax, limits: limits) { match in
            Self.substitute(units, match)
        }
    }

    /// Fills a template for one match.
    private static func substitute(_ template: CodeUnits, _ match: RegexMatch) -> String {
        let dollar: CodeUnits = [0x24]
        let groups = match.groups
        // As many digits count as the number of groups has.
        let digitsMax = groups.isEmpty ? 1 : String(groups.count).utf8.count
        var out: CodeUnits = []
        var position = 0
        while let index = template.firstIndex(of: dollar, from: position),
            position < template.count
        {
            out += template[position..<index]
            position = index + 1
            switch template.unit(at: position).first {
            case 0x24:
                out += dollar
                position += 1
            case 0x30:
                out += CodeUnits(units: match.text)
                position += 1
            default:
                var number = parseDecimal(template.substring(position, position + digitsMax))
                if digitsMax > 1, let tooLarge = number, tooLarge > groups.count {
                    number = parseDecimal(template.substring(position, position + digitsMax - 1))
                }
                guard let number else {
                    out += dollar
                    continue
                }
                if groups.indices.contains(number - 1), let group = groups[number - 1] {
                    out += CodeUnits(units: group)
                }
                position += String(number).utf8.count
            }
        }
        return (out + template.substring(position)).text
    }

    /// ECMAScript's parseInt with radix 10, which passes over spaces and takes a sign.
    private static func parseDecimal(_ text: CodeUnits) -> Int? {
        var rest = text[...]
        while let first = rest.first, TextRules.isSpace(first) { rest.removeFirst() }
        var isNegative = false
        if let first = rest.first, first == 0x2B || first == 0x2D {
            isNegative = first == 0x2D
            rest.removeFirst()
        }
        let digits = rest.prefix { DateMatcher.isDigit($0) }
        guard let value = Int(String(codeUnits: digits)) else { return nil }
        return isNegative ? -value : value
    }
}
