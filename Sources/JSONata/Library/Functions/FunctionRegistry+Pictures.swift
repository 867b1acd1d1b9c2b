import JSON

extension FunctionRegistry {
    static let pictures: [NativeFunction] = [
        NativeFunction("formatNumber", "<n-so?:s>", arity: 3) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let number = evaluator.number(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            let picture = try evaluator.picture(evaluator.argument(arguments, 1)) ?? ""
            var options = NumberFormatOptions()
            if let object = try evaluator.object(of: evaluator.argument(arguments, 2)) {
                for place in evaluator.order(of: object) {
                    let value = try evaluator.resolve(object, place)
                    if let text = evaluator.string(of: value) {
                        options.set(evaluator.string(evaluator.key(object, place)), to: text)
                    }
                }
            }
            return evaluator.makeString(
                try Numbers.formatNumber(number, picture: picture, options: options))
        },
        NativeFunction("formatInteger", "<n-s:s>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let number = evaluator.number(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            let picture = try evaluator.picture(evaluator.argument(arguments, 1)) ?? ""
            return evaluator.makeString(try Numbers.formatInteger(number, picture: picture))
        },
        NativeFunction("parseInteger", "<s-s:n>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.string(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            let picture = try evaluator.picture(evaluator.argument(arguments, 1)) ?? ""
            return .number(try Numbers.parseInteger(text, picture: picture))
        },
    ]
}

extension Evaluator {
    /// UTF-8 bytes of a picture; the work it makes grows with its length times that of the result.
    static let pictureBytesMax = 1_000

    /// A picture, nil for none.
    ///
    /// - Throws: U1002 for one that is longer than any that is meant.
    func picture(_ value: Value) throws(JSONataError) -> String? {
        let text = string(of: value)
        if let text, text.utf8.count > Self.pictureBytesMax { throw JSONataError("U1002") }
        return text
    }
}
