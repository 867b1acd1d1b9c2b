internal import JSON

extension FunctionRegistry {
    static let matching: [NativeFunction] = [
        NativeFunction("contains", "<s-(sf):b>", arity: 2) {
            (evaluator, arguments, context) throws(JSONataError) in
            let pattern = evaluator.argument(arguments, 1)
            guard let text = evaluator.string(of: evaluator.argument(arguments, 0)),
                !pattern.isUndefined
            else { return .undefined }
            if let part = evaluator.string(of: pattern) { return .bool(Text.contains(text, part)) }
            if let (regex, _) = evaluator.regex(of: pattern) {
                return .bool(try regex.hasMatch(in: text, limits: RegexLimits(evaluator.limits)))
            }
            var matches = Matches(pattern, text, evaluator, context)
            return .bool(try matches.next(&evaluator) != nil)
        },
        NativeFunction("match", "<s-f<s:o>n?:a<o>>", arity: 3) {
            (evaluator, arguments, context) throws(JSONataError) in
            guard let range = evaluator.textRange(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            let limit = try limit(arguments, 2, "D3040", evaluator)
            if let (regex, position) = evaluator.regex(of: evaluator.argument(arguments, 1)),
                let matches = try matchRanges(
                    &evaluator, regex, position, range, limit: limit ?? .infinity)
            {
                return matches
            }
            let text = evaluator.string(range)
            let base = evaluator.stack.count
            try forEachMatch(
                evaluator.argument(arguments, 1), text, limit,
                &evaluator, context
            ) { (evaluator, match) throws(JSONataError) in
                let object = evaluator.makeObject(capacity: 3)
                evaluator.append(
                    object, evaluator.makeText("match"), evaluator.makeString(match.text))
                evaluator.append(object, evaluator.makeText("index"), .number(Double(match.start)))
                evaluator.append(
                    object, evaluator.makeText("groups"), evaluator.makeArray(of: match.groups))
                evaluator.stack.append(.object(object))
                try evaluator.checkSequence(1)
                try evaluator.allocate(match.text.utf8.count)
            }
            return evaluator.takeArray(from: base, .isSequence)
        },
        NativeFunction("replace", "<s-(sf)(sf)n?:s>", arity: 4) {
            (evaluator, arguments, context) throws(JSONataError) in
            try replace(&evaluator, arguments, context)
        },
        NativeFunction("split", "<s-(sf)n?:a<s>>", arity: 3) {
            (evaluator, arguments, context) throws(JSONataError) in
            guard let text = evaluator.string(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            let limit = try limit(arguments, 2, "D3020", evaluator)
            let pieces = try split(
                text, evaluator.argument(arguments, 1), limit, &evaluator, context)
            try evaluator.checkSequence(pieces.count)
            try evaluator.allocate(text.utf8.count)
            let base = evaluator.stack.count
            for piece in pieces { evaluator.stack.append(evaluator.makeString(piece)) }
            return evaluator.takeArray(from: base)
        },
    ]

    /// The limit among the arguments, nil when it is not given.
    private static func limit(
        _ arguments: Arguments, _ index: Int, _ code: String, _ evaluator: borrowing Evaluator
    ) throws(JSONataError) -> Double? {
        guard let number = evaluator.number(of: evaluator.argument(arguments, index)) else {
            return nil
        }
        guard number >= 0 else { throw JSONataError(code, value: ScriptNumber.string(number)) }
        return number
    }

    /// Calls `body` with each match. After the last one that counts the next is still looked for, as in
    /// the reference, and may fail.
    private static func forEachMatch(
        _ pattern: Value, _ text: String, _ limit: Double?, _ evaluator: inout Evaluator,
        _ context: CallContext,
        _ body: (inout Evaluator, Matches.Match) throws(JSONataError) -> Void
    ) throws(JSONataError) {
        let limit = limit ?? .infinity
        guard limit > 0 else { return }
        var matches = Matches(pattern, text, evaluator, context)
        var count = 0.0
        var match = try matches.next(&evaluator)
        while let current = match, count < limit {
            try body(&evaluator, current)
            match = try matches.next(&evaluator)
            count += 1
        }
    }

    private static func replace(
        _ evaluator: inout Evaluator, _ arguments: Arguments, _ context: CallContext
    ) throws(JSONataError) -> Value {
        guard let text = evaluator.string(of: evaluator.argument(arguments, 0)) else {
            return .undefined
        }
        let (pattern, replacement) = (
            evaluator.argument(arguments, 1), evaluator.argument(arguments, 2)
        )
        let part = evaluator.string(of: pattern)
        if let part, part.isEmpty { throw JSONataError("D3010") }
        let limit = try limit(arguments, 3, "D3011", evaluator)
        let template = evaluator.string(of: replacement)
        let bytesMax = evaluator.limits.stringBytesMax
        var result = ""
        if let part {
            try evaluator.step(text.utf8.count / 64)
            result = try Text.replace(
                text, part, with: template ?? "", limit: limit, bytesMax: bytesMax)
        } else {
            let template = template.map { CodeUnits(units: $0) }
            func made(
                _ match: Matches.Match, _ evaluator: inout Evaluator
            ) throws(JSONataError) -> String {
                if let template {
                    let groups = match.groups.map { evaluator.string(of: $0) }
                    return JSONataRegex.substitute(template, match: match.text, groups: groups)
                }
                let value = try evaluator.apply(
                    replacement, to: [match.object(&evaluator)], context.frame)
                guard let text = evaluator.string(of: value) else { throw JSONataError("D3012") }
                return text
            }
            let whole = UnitText(text)
            var position = 0
            try forEachMatch(pattern, text, limit, &evaluator, context) {
                (evaluator, match) throws(JSONataError) in
                result += whole[position..<max(position, match.start)]
                result += try made(match, &evaluator)
                position = match.start + Text.utf16Length(match.text)
                if result.utf8.count > bytesMax { throw JSONataError("U1002") }
            }
            result = Text.recombined(result + whole[position..<Int.max])
        }
        try evaluator.checkString(result.utf8.count)
        return evaluator.makeString(result)
    }

    private static func split(
        _ text: String, _ separator: Value, _ limit: Double?, _ evaluator: inout Evaluator,
        _ context: CallContext
    ) throws(JSONataError) -> [String] {
        if let mark = evaluator.string(of: separator) {
            if mark.isEmpty {
                let parts = min(Double(text.utf8.count), max(0, limit ?? .infinity))
                try evaluator.checkRoom(Int(parts) * 16)
            }
            return try Text.split(text, mark, limit: limit)
        }
        guard limit ?? 1 > 0 else { return [] }
        let whole = UnitText(text)
        var pieces: [String] = []
        var start = 0
        try forEachMatch(separator, text, limit, &evaluator, context) {
            (_, match) throws(JSONataError) in
            pieces.append(whole[start..<max(start, match.start)])
            start = match.end
        }
        if Double(pieces.count) < limit ?? .infinity {
            pieces.append(whole[start..<Int.max])
        }
        return pieces
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
        let object: (inout Evaluator) -> Value
    }

    private let context: CallContext
    private let text: String
    private var matcher: Value
    private var isFirst = true
    /// A regular expression needs no objects on the way.
    private let native: (regex: JSONataRegex, position: Int, subject: RegexSubject)?
    private var last: RegexMatch?

    init(_ matcher: Value, _ text: String, _ evaluator: borrowing Evaluator, _ context: CallContext)
    {
        self.matcher = matcher
        self.text = text
        self.context = context
        native = evaluator.regex(of: matcher).map { ($0.regex, $0.position, RegexSubject(text)) }
    }

    mutating func next(_ evaluator: inout Evaluator) throws(JSONataError) -> Match? {
        if native != nil { return try nextNative(&evaluator) }
        if matcher.isUndefined { return nil }
        let arguments = isFirst ? [evaluator.makeString(text)] : []
        isFirst = false
        let result = try evaluator.apply(matcher, to: arguments, context.frame)
        if result.isUndefined { return nil }
        let start = try evaluator.member(result, "start")
        let end = try evaluator.member(result, "end")
        let groups = try evaluator.member(result, "groups")
        matcher = try evaluator.member(result, "next")
        guard let from = evaluator.number(of: start), let to = evaluator.number(of: end),
            from >= 0, to >= from, to < 1e9, let items = evaluator.cells(of: groups)
        else { throw JSONataError("T1010") }
        let match = try evaluator.member(result, "match")
        let matched = evaluator.string(of: match) ?? ""
        return Match(
            text: matched, start: Int(from), end: Int(to), groups: evaluator.cells.array(items)
        ) { _ in result }
    }

    private mutating func nextNative(
        _ evaluator: inout Evaluator
    ) throws(JSONataError) -> Match? {
        guard let (regex, position, subject) = native else { return nil }
        try evaluator.step()
        let limits = RegexLimits(evaluator.limits)
        let match: RegexMatch?
        if isFirst {
            isFirst = false
            match = try regex.firstMatch(in: subject, limits: limits)
        } else if let last {
            do throws(JSONataError) {
                match = try regex.nextMatch(in: subject, after: last, limits: limits)
            } catch {
                throw error.located(at: position)
            }
        } else {
            match = nil
        }
        last = match
        guard let match else { return nil }
        return Match(
            text: match.text, start: match.start, end: match.end,
            groups: evaluator.values(match.groups)
        ) { evaluator in evaluator.matcherResult(regex, subject, match, position) }
    }
}

extension Evaluator {
    /// What a regular expression gives when it is called with a text: the first match, with a function
    /// `next` for the one after it.
    /// It is looked for from the code unit `start` on.
    mutating func matcherResult(
        _ regex: JSONataRegex, _ text: String, _ position: Int, from start: Double = 0
    ) throws(JSONataError) -> Value {
        try step()
        let subject = RegexSubject(text)
        guard let unit = start > 0 ? Int(exactly: start.rounded(.down)) : 0,
            let byte = subject.byte(ofUnit: unit)
        else { return .undefined }
        let match = try regex.firstMatch(
            in: subject, fromByte: byte, fromUnit: unit, limits: RegexLimits(limits))
        return matcherResult(regex, subject, match, position)
    }

    /// The groups of a match.
    fileprivate mutating func values(_ groups: [String?]) -> [Value] {
        var values: [Value] = []
        for group in groups { values.append(group.map { makeString($0) } ?? .undefined) }
        return values
    }

    fileprivate mutating func makeArray(of values: [Value]) -> Value {
        let start = cells.count
        cells.append(contentsOf: values)
        return makeArray(start)
    }

    fileprivate mutating func matcherResult(
        _ regex: JSONataRegex, _ subject: RegexSubject, _ match: RegexMatch?, _ position: Int
    ) -> Value {
        guard let match else { return .undefined }
        let object = makeObject(capacity: 5)
        append(object, makeText("match"), makeString(match.text))
        append(object, makeText("start"), .number(Double(match.start)))
        append(object, makeText("end"), .number(Double(match.end)))
        append(object, makeText("groups"), makeArray(of: values(match.groups)))
        let next = Closure(arity: 0) { (evaluator, _) throws(JSONataError) in
            try evaluator.step()
            do throws(JSONataError) {
                let limits = RegexLimits(evaluator.limits)
                let following = try regex.nextMatch(in: subject, after: match, limits: limits)
                return evaluator.matcherResult(regex, subject, following, position)
            } catch {
                throw error.located(at: position)
            }
        }
        append(object, makeText("next"), makeFunction(.closure(next, signature: nil)))
        return .object(object)
    }
}
