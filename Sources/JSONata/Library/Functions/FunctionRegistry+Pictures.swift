import JSON

extension FunctionRegistry {
    static let pictures: [NativeFunction] = [
        NativeFunction("formatNumber", "<n-so?:s>", arity: 3) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let number = evaluator.number(of: argument(arguments, 0)) else {
                return .undefined
            }
            let picture = evaluator.string(of: argument(arguments, 1)) ?? ""
            var options = NumberFormatOptions()
            for (key, value) in try evaluator.members(of: argument(arguments, 2)) ?? [] {
                if let text = evaluator.string(of: value) { options.set(key, to: text) }
            }
            return .string(try Numbers.formatNumber(number, picture: picture, options: options))
        },
        NativeFunction("formatInteger", "<n-s:s>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let number = evaluator.number(of: argument(arguments, 0)) else {
                return .undefined
            }
            let picture = evaluator.string(of: argument(arguments, 1)) ?? ""
            return .string(try Numbers.formatInteger(number, picture: picture))
        },
        NativeFunction("parseInteger", "<s-s:n>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.string(of: argument(arguments, 0)) else { return .undefined }
            let picture = evaluator.string(of: argument(arguments, 1)) ?? ""
            return .number(try Numbers.parseInteger(text, picture: picture))
        },
    ]
}
