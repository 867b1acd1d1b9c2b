internal import JSON

extension FunctionRegistry {
    /// A function of one number; a missing one gives nothing.
    private static func numeric(
        _ name: String, _ body: @escaping @Sendable (Double) throws(JSONataError) -> Double
    ) -> NativeFunction {
        NativeFunction(name, "<n-:n>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let number = evaluator.number(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            return .number(try body(number))
        }
    }

    /// A function of an array of numbers; a missing or empty one gives nothing.
    private static func aggregate(
        _ name: String, from first: Double, isMean: Bool = false, allowsEmpty: Bool = false,
        _ combine: @escaping @Sendable (Double, Double) -> Double
    ) -> NativeFunction {
        NativeFunction(name, "<a<n>:n>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard var items = evaluator.cursor(of: evaluator.argument(arguments, 0)),
                allowsEmpty || items.left > 0
            else { return .undefined }
            let count = items.left
            try evaluator.step(count)
            var result = first
            while let item = evaluator.next(&items) {
                result = combine(result, evaluator.number(of: item) ?? .nan)
            }
            return .number(isMean ? result / Double(count) : result)
        }
    }

    static let numbers: [NativeFunction] = [
        aggregate("sum", from: 0, allowsEmpty: true, +),
        aggregate("max", from: -.infinity) { $0.isNaN || $1.isNaN ? .nan : Swift.max($0, $1) },
        aggregate("min", from: .infinity) { $0.isNaN || $1.isNaN ? .nan : Swift.min($0, $1) },
        aggregate("average", from: 0, isMean: true, +),
        NativeFunction("count", "<a:n>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            .number(Double(evaluator.count(of: evaluator.argument(arguments, 0)) ?? 0))
        },
        numeric("floor") { $0.rounded(.down) },
        numeric("ceil") { $0.rounded(.up) },
        numeric("abs") { $0.magnitude },
        numeric("sqrt") { (number) throws(JSONataError) in try Numbers.squareRoot(number) },
        NativeFunction("round", "<n-n?:n>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let number = evaluator.number(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            let places = evaluator.number(of: evaluator.argument(arguments, 1)) ?? 0
            return .number(Numbers.round(number, places: places))
        },
        NativeFunction("power", "<n-n:n>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let number = evaluator.number(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            let exponent = evaluator.number(of: evaluator.argument(arguments, 1)) ?? .nan
            return .number(try Numbers.power(number, exponent))
        },
        NativeFunction("random", "<:n>", arity: 0) { (evaluator, _, _) throws(JSONataError) in
            .number(evaluator.environment.random())
        },
        NativeFunction("number", "<(nsb)-:n>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = evaluator.argument(arguments, 0)
            switch evaluator.kind(of: value) {
            case .undefined: return .undefined
            case .number: return value
            case .bool:
                if case .bool(let flag) = value { return .number(flag ? 1 : 0) }
                return .undefined
            default:
                if case .string(let range) = value,
                    let number = evaluator.withText(range, { NumberText.short($0) })
                {
                    return .number(number)
                }
                guard let text = evaluator.string(of: value) else {
                    throw JSONataError("D3030", value: evaluator.plainText(value))
                }
                return .number(try Numbers.number(text))
            }
        },
        NativeFunction("formatBase", "<n-n?:s>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let number = evaluator.number(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            let radix = evaluator.number(of: evaluator.argument(arguments, 1)) ?? 10
            return evaluator.makeString(try Numbers.formatBase(number, radix: radix))
        },
    ]
}
