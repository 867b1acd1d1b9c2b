import JSON

extension FunctionRegistry {
    static let pictures: [NativeFunction] = [
        NativeFunction("formatNumber", "<n-so?:s>", arity: 3) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let number = evaluator.number(of: argument(arguments, 0)) else {
                return .undefined
            }
            let picture = try evaluator.picture(argument(arguments, 1)) ?? ""
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
            let picture = try evaluator.picture(argument(arguments, 1)) ?? ""
            return .string(try Numbers.formatInteger(number, picture: picture))
        },
        NativeFunction("parseInteger", "<s-s:n>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.string(of: argument(arguments, 0)) else { return .undefined }
            let picture = try evaluator.picture(argument(arguments, 1)) ?? ""
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
