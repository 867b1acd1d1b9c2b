extension JSONataRegex {
    /// Fills the replacement text of `$replace` for one match: `$0` is the match, `$1` … its groups, `$$`
    /// a dollar sign.
    package static func substitute(
        _ template: CodeUnits, match: String, groups: [String?]
    ) -> String {
        let dollar: CodeUnits = [0x24]
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
                out += CodeUnits(units: match)
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
