internal import JSON

/// Matches of a regular expression in a text of ASCII: a byte is a code unit there, and what matched is
/// a part of the text that need not be copied.
extension FunctionRegistry {
    /// `$match` in that case; nil for any other text.
    static func matchRanges(
        _ evaluator: inout Evaluator, _ regex: JSONataRegex, _ position: Int, _ text: TextRange,
        limit: Double
    ) throws(JSONataError) -> Value? {
        guard evaluator.withText(text, { ByteText.isASCII($0) }) else { return nil }
        let base = evaluator.stack.count
        if limit > 0 {
            let data = try regex.takeData()
            defer { regex.giveBack(data) }
            let keys = (
                match: evaluator.makeText("match"), index: evaluator.makeText("index"),
                groups: evaluator.makeText("groups")
            )
            var count = 0.0
            var found = try next(regex, text, from: 0, data, &evaluator)
            // After the last one that counts the next is still looked for, as `forEachMatch` has it.
            while let range = found, count < limit {
                let object = evaluator.makeObject(capacity: 3)
                evaluator.append(
                    object, keys.match, .string(text.part(range.lowerBound, range.upperBound)))
                evaluator.append(object, keys.index, .number(Double(range.lowerBound)))
                let start = evaluator.cells.count
                for group in 0..<regex.groupCount {
                    let part = data.range(of: group + 1)
                    evaluator.cells.append(
                        part.map { .string(text.part($0.lowerBound, $0.upperBound)) } ?? .undefined)
                }
                evaluator.append(object, keys.groups, evaluator.makeArray(start))
                evaluator.stack.append(.object(object))
                try evaluator.checkSequence(1)
                try evaluator.allocate(range.count)
                count += 1
                do throws(JSONataError) {
                    found = try following(range, regex, text, data, &evaluator)
                } catch {
                    throw error.located(at: position)
                }
            }
        }
        return evaluator.takeArray(from: base, .isSequence)
    }

    /// The match after one, which must not be empty.
    private static func following(
        _ range: Range<Int>, _ regex: JSONataRegex, _ text: TextRange, _ data: MatchData,
        _ evaluator: inout Evaluator
    ) throws(JSONataError) -> Range<Int>? {
        try evaluator.step()
        guard range.upperBound < Int(text.count) else { return nil }
        let found = try regex.match(
            evaluator, text, from: range.upperBound, data, RegexLimits(evaluator.limits))
        if let found, found.isEmpty { throw JSONataError(.d1004, value: .string(regex.source)) }
        return found
    }

    private static func next(
        _ regex: JSONataRegex, _ text: TextRange, from place: Int, _ data: MatchData,
        _ evaluator: inout Evaluator
    ) throws(JSONataError) -> Range<Int>? {
        try evaluator.step()
        return try regex.match(evaluator, text, from: place, data, RegexLimits(evaluator.limits))
    }
}

extension JSONataRegex {
    /// The first match in a text of ASCII from a byte on; its groups are in `data` then.
    ///
    /// - Throws: U1004 when a limit is reached.
    func match(
        _ evaluator: borrowing Evaluator, _ text: TextRange, from place: Int, _ data: MatchData,
        _ limits: RegexLimits
    ) throws(JSONataError) -> Range<Int>? {
        let status: Int32 = evaluator.withText(text) { bytes in
            self.status(of: bytes, from: place, into: data, limits: limits)
        }
        if status == Self.noMatch { return nil }
        guard status > 0 else { throw JSONataError(.u1004, value: .string(source)) }
        return data.range(of: 0)
    }
}
