import JSON
import JSONata

extension LibraryVector {
    /// Calls the number function that the vector names; nil when there is none of that name.
    func callNumbers() -> Answer? {
        answer { (it) throws(JSONataError) in
            switch it.function {
            case "string": return Self.answer(try Numbers.string(it.number(0)))
            case "number": return Self.answer(try Numbers.number(it.text(0)))
            case "round":
                return Self.answer(
                    Numbers.round(it.number(0), places: it.optionalNumber(1) ?? 0))
            case "sqrt": return Self.answer(try Numbers.squareRoot(it.number(0)))
            case "formatBase":
                return Self.answer(
                    try Numbers.formatBase(it.number(0), radix: it.optionalNumber(1) ?? 10))
            case "formatInteger":
                return Self.answer(try Numbers.formatInteger(it.number(0), picture: it.text(1)))
            case "parseInteger":
                return Self.answer(try Numbers.parseInteger(it.text(0), picture: it.text(1)))
            case "formatNumber":
                var options = NumberFormatOptions()
                for (key, value) in it.count > 2 ? it.arguments[2].objectValue ?? [:] : [:] {
                    options.set(key, to: value.stringValue ?? "")
                }
                return Self.answer(
                    try Numbers.formatNumber(
                        it.number(0), picture: it.text(1), options: options))
            default: return nil
            }
        }
    }

    /// The instant that the reference took for now: 2024-05-18T02:40:00.123Z.
    static let now = 1_716_000_000_123.0

    func callDates() -> Answer? {
        answer { (it) throws(JSONataError) in
            switch it.function {
            case "fromMillis":
                return Self.answer(
                    try Dates.fromMillis(
                        it.number(0), picture: it.optionalText(1), timeZone: it.optionalText(2)))
            case "toMillis":
                return Self.answer(
                    try Dates.toMillis(it.text(0), picture: it.optionalText(1), now: Self.now))
            default: return nil
            }
        }
    }

    private static let bytesMax = 1 << 20

    func callText() -> Answer? {
        answer { (it) throws(JSONataError) in
            let (text, part) = (it.text(0), it.text(1))
            switch it.function {
            case "length": return Self.answer(Double(Text.length(text)))
            case "substring":
                return Self.answer(Text.substring(text, it.number(1), it.optionalNumber(2)))
            case "substringBefore": return Self.answer(Text.substringBefore(text, part))
            case "substringAfter": return Self.answer(Text.substringAfter(text, part))
            case "pad":
                return Self.answer(
                    try Text.pad(
                        text, it.number(1), it.optionalText(2) ?? " ", bytesMax: Self.bytesMax))
            case "trim": return Self.answer(Text.trim(text))
            case "uppercase": return Self.answer(TextCase.uppercased(text))
            case "lowercase": return Self.answer(TextCase.lowercased(text))
            case "contains": return Self.answer(Text.contains(text, part))
            case "split":
                return Self.answer(try Text.split(text, part, limit: it.optionalNumber(2)))
            case "join":
                let texts = (it.arguments[0].arrayValue ?? []).compactMap(\.stringValue)
                return Self.answer(try Text.join(texts, part, bytesMax: Self.bytesMax))
            case "replace":
                return Self.answer(
                    try Text.replace(
                        text, part, with: it.text(2), limit: it.optionalNumber(3),
                        bytesMax: Self.bytesMax))
            case "base64encode": return Self.answer(Base64Text.encode(text))
            case "lt": return Self.answer(Text.precedes(text, part))
            default:
                guard let function = URLCoding.Function(rawValue: it.function) else { return nil }
                return Self.answer(try URLCoding.apply(function, to: text))
            }
        }
    }

    /// `rmatch`, `rcontains`, `rsplit` and `rreplace` with a pattern `{p, f}`.
    func callRegex() -> Answer? {
        answer { (it) throws(JSONataError) in
            let limits = RegexLimits()
            let regex = try JSONataRegex(
                pattern: it.arguments[1]["p"]?.stringValue ?? "",
                flags: it.arguments[1]["f"]?.stringValue ?? "")
            if it.function == "rcontains" {
                return Self.answer(try regex.hasMatch(in: it.text(0), limits: limits))
            }
            let limit = it.optionalNumber(it.function == "rreplace" ? 3 : 2)
            if let limit, limit < 0 {
                let codes = ["rmatch": "D3040", "rsplit": "D3020", "rreplace": "D3011"]
                return .failure(codes[it.function] ?? "")
            }
            let subject = RegexSubject(it.text(0))
            var matches: [RegexMatch] = []
            var next =
                limit ?? 1 > 0 ? try regex.firstMatch(in: subject, limits: limits) : nil
            while let match = next, Double(matches.count) < limit ?? .infinity {
                matches.append(match)
                next = try regex.nextMatch(in: subject, after: match, limits: limits)
            }
            return it.assemble(matches, limit)
        }
    }

    /// Puts matches together as `$match`, `$split` and `$replace` do, by UTF-16 code units.
    private func assemble(_ matches: [RegexMatch], _ limit: Double?) -> Answer? {
        let units = [UInt16](units: text(0))
        var position = 0
        switch function {
        case "rmatch":
            return .value(
                .array(
                    matches.map {
                        [
                            "match": .string($0.text),
                            "index": .number(JSONNumber(Double($0.start))),
                            "groups": .array($0.groups.map { $0.map(JSONValue.string) ?? .null }),
                        ]
                    }))
        case "rsplit":
            guard limit ?? 1 > 0 else { return Self.answer([]) }
            var pieces: [String] = []
            for match in matches {
                pieces.append([UInt16](units[position..<match.start]).text)
                position = match.end
            }
            if Double(matches.count) < limit ?? .infinity {
                pieces.append([UInt16](units[position...]).text)
            }
            return Self.answer(pieces)
        case "rreplace":
            let template = [UInt16](units: text(2))
            var out: [UInt16] = []
            for match in matches {
                out += units[position..<match.start]
                out += [UInt16](
                    units: JSONataRegex.substitute(
                        template, match: match.text, groups: match.groups))
                position = match.end
            }
            return Self.answer((out + units[position...]).text)
        default: return nil
        }
    }
}
