extension FunctionRegistry {
    static let matching: [NativeFunction] = [
        NativeFunction("contains", "<s-(sf):b>", arity: 2) {
            (evaluator, arguments, context) throws(JSONataError) in
            let pattern = argument(arguments, 1)
            guard let text = evaluator.string(of: argument(arguments, 0)), !pattern.isUndefined
            else { return .undefined }
            if let needle = evaluator.string(of: pattern) {
                return .bool(
                    StringFunctions.find(needle, in: text, from: text.startIndex) != nil)
            }
            var matches = Matches(pattern, text, evaluator, context)
            return .bool(try matches.next() != nil)
        },
        NativeFunction("match", "<s-f<s:o>n?:a<o>>", arity: 3) {
            (evaluator, arguments, context) throws(JSONataError) in
            guard let text = evaluator.string(of: argument(arguments, 0)) else { return .undefined }
            let limit = try limit(argument(arguments, 2), "D3040", evaluator)
            let result = ArrayBox([], isSequence: true)
            var matches = Matches(argument(arguments, 1), text, evaluator, context)
            while result.items.count < limit, let match = try matches.next() {
                let object = ObjectBox()
                object.set("match", .string(match.text))
                object.set("index", .number(Double(match.start)))
                object.set("groups", .array(ArrayBox(match.groups)))
                result.items.append(.object(object))
            }
            return .array(result)
        },
        NativeFunction("replace", "<s-(sf)(sf)n?:s>", arity: 4) {
            (evaluator, arguments, context) throws(JSONataError) in
            try replace(evaluator, arguments, context)
        },
        NativeFunction("split", "<s-(sf)n?:a<s>>", arity: 3) {
            (evaluator, arguments, context) throws(JSONataError) in
            try split(evaluator, arguments, context)
        },
    ]

    /// The number of matches wanted: all when it is not given.
    private static func limit(
        _ value: Value, _ code: String, _ evaluator: Evaluator
    ) throws(JSONataError) -> Int {
        guard let number = evaluator.number(of: value) else { return Int.max }
        guard number >= 0 else { throw JSONataError(code, value: ScriptNumber.string(number)) }
        return Int(min(number.rounded(.up), 1e15))
    }

    private static func replace(
        _ evaluator: Evaluator, _ arguments: [Value], _ context: CallContext
    ) throws(JSONataError) -> Value {
        guard let text = evaluator.string(of: argument(arguments, 0)) else { return .undefined }
        let (pattern, replacement) = (argument(arguments, 1), argument(arguments, 2))
        let needle = evaluator.string(of: pattern)
        if let needle, needle.isEmpty { throw JSONataError("D3010") }
        let limit = try limit(argument(arguments, 3), "D3011", evaluator)
        let substitute = evaluator.string(of: replacement)
        var result = ""
        var count = 0
        if let needle {
            var position = text.startIndex
            while count < limit,
                let found = StringFunctions.find(needle, in: text, from: position)
            {
                result += text[position..<found.lowerBound]
                result += substitute ?? ""
                position = found.upperBound
                count += 1
                try evaluator.step()
                try evaluator.checkString(substitute?.utf8.count ?? 0)
            }
            result += text[position...]
            try evaluator.checkString(result.utf8.count)
            return .string(result)
        }
        let units = UTF16Text.units(of: text)
        var position = 0
        var matches = Matches(pattern, text, evaluator, context)
        while count < limit, let match = try matches.next() {
            result += UTF16Text.string(units[min(position, match.start)..<match.start])
            if let substitute {
                result += expand(substitute, match)
            } else {
                let made = try evaluator.apply(
                    replacement, [match.object], context.input, context.frame)
                guard let made = evaluator.string(of: made) else { throw JSONataError("D3012") }
                result += made
            }
            position = match.start + UTF16Text.count(match.text)
            count += 1
            if result.utf8.count > evaluator.limits.stringBytesMax { throw JSONataError("U1002") }
        }
        result += UTF16Text.string(units[min(position, units.count)...])
        try evaluator.checkString(result.utf8.count)
        return .string(result)
    }

    /// `$0`, `$1`… and `$$` in a replacement; as many digits as there are groups for.
    private static func expand(_ template: String, _ match: Matches.Match) -> String {
        var result = ""
        let characters = Array(template.unicodeScalars)
        var index = 0
        while index < characters.count {
            guard characters[index] == "$" else {
                result.unicodeScalars.append(characters[index])
                index += 1
                continue
            }
            index += 1
            let next = index < characters.count ? characters[index] : " "
            if next == "$" {
                result += "$"
                index += 1
            } else if next == "0" {
                result += match.text
                index += 1
            } else {
                let count = match.groups.count
                let digitsMax = count == 0 ? 1 : String(count).count
                var number = leadingNumber(characters, index, digitsMax)
                if digitsMax > 1, let value = number, value > count {
                    number = leadingNumber(characters, index, digitsMax - 1)
                }
                guard let number else {
                    result += "$"
                    continue
                }
                if number >= 1, number <= count, case .string(let text) = match.groups[number - 1] {
                    result += text
                }
                index += String(number).count
            }
        }
        return result
    }

    private static func leadingNumber(
        _ characters: [Unicode.Scalar], _ start: Int, _ digitsMax: Int
    ) -> Int? {
        let end = min(characters.count, start + digitsMax)
        let digits = characters[min(start, end)..<end].prefix { $0 >= "0" && $0 <= "9" }
        return Int(String(String.UnicodeScalarView(digits)))
    }

    private static func split(
        _ evaluator: Evaluator, _ arguments: [Value], _ context: CallContext
    ) throws(JSONataError) -> Value {
        guard let text = evaluator.string(of: argument(arguments, 0)) else { return .undefined }
        var limit = try limit(argument(arguments, 2), "D3020", evaluator)
        let separator = argument(arguments, 1)
        if evaluator.string(of: separator) != nil,
            let number = evaluator.number(of: argument(arguments, 2))
        {
            // ECMAScript's String.prototype.split cuts the limit to an integer.
            limit = Int(min(number.rounded(.down), 1e15))
        }
        let result = ArrayBox([])
        let units = UTF16Text.units(of: text)
        if let mark = evaluator.string(of: separator) {
            if mark.isEmpty {
                result.items = units.indices.prefix(limit).map {
                    .string(UTF16Text.string(units[$0...$0]))
                }
            } else {
                var position = text.startIndex
                while result.items.count < limit,
                    let found = StringFunctions.find(mark, in: text, from: position)
                {
                    result.items.append(.string(String(text[position..<found.lowerBound])))
                    position = found.upperBound
                }
                if result.items.count < limit {
                    result.items.append(.string(String(text[position...])))
                }
            }
        } else if limit > 0 {
            var start = 0
            var matches = Matches(separator, text, evaluator, context)
            while result.items.count < limit, let match = try matches.next() {
                result.items.append(
                    .string(UTF16Text.string(units[min(start, match.start)..<match.start])))
                start = match.end
            }
            if result.items.count < limit {
                result.items.append(.string(UTF16Text.string(units[min(start, units.count)...])))
            }
        }
        try evaluator.checkSequence(result.items.count)
        return .array(result)
    }
}

/// The matches of a pattern one after the other: of a regular expression, or of any function that
/// follows the matcher's protocol (JSONata documentation, "Regular expressions").
struct Matches {
    struct Match {
        let text: String
        let start: Int
        let end: Int
        let groups: [Value]
        /// What a replacement function is given.
        let object: Value
    }

    private let evaluator: Evaluator
    private let context: CallContext
    private let text: String
    private var matcher: Value
    private var isFirst = true

    init(_ matcher: Value, _ text: String, _ evaluator: Evaluator, _ context: CallContext) {
        self.matcher = matcher
        self.text = text
        self.evaluator = evaluator
        self.context = context
    }

    mutating func next() throws(JSONataError) -> Match? {
        if matcher.isUndefined { return nil }
        let arguments: [Value] = isFirst ? [.string(text)] : []
        isFirst = false
        let result = try evaluator.apply(matcher, arguments, context.input, context.frame)
        if result.isUndefined { return nil }
        let start = try evaluator.member(result, "start")
        let end = try evaluator.member(result, "end")
        let groups = try evaluator.member(result, "groups")
        matcher = try evaluator.member(result, "next")
        guard let from = evaluator.number(of: start), let to = evaluator.number(of: end),
            from >= 0, to >= from, to < 1e9, let items = evaluator.items(of: groups)
        else { throw JSONataError("T1010") }
        let matched = evaluator.string(of: try evaluator.member(result, "match")) ?? ""
        return Match(text: matched, start: Int(from), end: Int(to), groups: items, object: result)
    }
}

extension Evaluator {
    /// What a regular expression gives when it is called with a text: the first match, with a function
    /// `next` for the one after it.
    func matcherResult(
        _ regex: JSONataRegex, _ text: String, _ position: Int
    ) throws(JSONataError) -> Value {
        try step()
        let subject = RegexSubject(text)
        return matcherResult(
            regex, subject, try regex.firstMatch(in: subject, limits: RegexLimits(limits)),
            position)
    }

    private func matcherResult(
        _ regex: JSONataRegex, _ subject: RegexSubject, _ match: RegexMatch?, _ position: Int
    ) -> Value {
        guard let match else { return .undefined }
        let object = ObjectBox()
        object.set("match", .string(match.text))
        object.set("start", .number(Double(match.start)))
        object.set("end", .number(Double(match.end)))
        object.set(
            "groups", .array(ArrayBox(match.groups.map { $0.map(Value.string) ?? .undefined })))
        let next = FunctionBox.Closure(arity: 0) { (evaluator, _) throws(JSONataError) in
            try evaluator.step()
            do throws(JSONataError) {
                let limits = RegexLimits(evaluator.limits)
                let following = try regex.nextMatch(in: subject, after: match, limits: limits)
                return evaluator.matcherResult(regex, subject, following, position)
            } catch {
                throw error.located(at: position)
            }
        }
        object.set("next", .function(FunctionBox(.closure(next))))
        return .object(object)
    }
}
