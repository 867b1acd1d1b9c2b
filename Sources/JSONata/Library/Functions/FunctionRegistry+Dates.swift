internal import JSON

extension FunctionRegistry {
    static let dates: [NativeFunction] = [
        NativeFunction("now", "<s?s?:s>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            evaluator.makeString(
                try Dates.fromMillis(
                    Double(evaluator.environment.nowMilliseconds),
                    picture: evaluator.string(of: evaluator.argument(arguments, 0)),
                    timeZone: evaluator.string(of: evaluator.argument(arguments, 1))))
        },
        NativeFunction("fromMillis", "<n-s?s?:s>", arity: 3) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let milliseconds = evaluator.number(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            let picture = evaluator.argument(arguments, 1)
            let zone = evaluator.string(of: evaluator.argument(arguments, 2))
            if zone == nil, picture.isUndefined,
                let text = evaluator.date(milliseconds, PlainDatePicture.iso8601)
            {
                return text
            }
            let analysed = try evaluator.datePicture(picture)
            if zone == nil, let text = evaluator.date(milliseconds, analysed?.plain) { return text }
            return evaluator.makeString(
                try Dates.fromMillis(milliseconds, analysed: analysed, timeZone: zone))
        },
        NativeFunction("toMillis", "<s-s?:n>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.string(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            let milliseconds = try Dates.toMillis(
                text, picture: evaluator.picture(evaluator.argument(arguments, 1)),
                now: Double(evaluator.environment.nowMilliseconds))
            return milliseconds.map(Value.number) ?? .undefined
        },
    ]
}

extension Evaluator {
    private static let datePicturesMax = 16

    /// An instant as a plain picture has it, nil where that is not enough.
    fileprivate mutating func date(
        _ milliseconds: Double, _ picture: PlainDatePicture?
    ) -> Value? {
        let start = text.count
        guard let picture, picture.write(milliseconds, to: &text) else { return nil }
        return .string(TextRange(TextRange.own, start..<text.count))
    }

    /// An analysed picture, nil for none; one that is written out in the expression is analysed once.
    ///
    /// - Throws: D3131, D3132, D3135; U1002 for one that is longer than any that is meant.
    mutating func datePicture(_ value: Value) throws(JSONataError) -> DatePicture? {
        guard case .string(let range) = value, range.source == TextRange.constants else {
            return try picture(value).map { (text) throws(JSONataError) in
                try DatePicture(CodeUnits(units: text))
            }
        }
        if let known = datePictures.first(where: { $0.place == range.start }) {
            return known.picture
        }
        let made = try DatePicture(CodeUnits(units: try picture(value) ?? ""))
        if datePictures.count < Self.datePicturesMax {
            datePictures.append((range.start, made))
        }
        return made
    }
}
