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
            return evaluator.makeString(
                try Dates.fromMillis(
                    milliseconds, picture: evaluator.picture(evaluator.argument(arguments, 1)),
                    timeZone: evaluator.string(of: evaluator.argument(arguments, 2))))
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
