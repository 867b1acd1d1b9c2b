extension FunctionRegistry {
    /// A function of one string; a missing one gives nothing.
    private static func text(
        _ name: String,
        _ body: @escaping @Sendable (Evaluator, String) throws(JSONataError) -> Value
    ) -> NativeFunction {
        NativeFunction(name, "<s-:s>", arity: 1) { (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.string(of: argument(arguments, 0)) else { return .undefined }
            try evaluator.step(text.utf8.count / 64)
            return try body(evaluator, text)
        }
    }

    private static func url(_ function: URLCoding.Function) -> NativeFunction {
        text(function.rawValue) { (_, text) throws(JSONataError) in
            .string(try URLCoding.apply(function, to: text))
        }
    }

    static let strings: [NativeFunction] = [
        NativeFunction("string", "<x-b?:s>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = argument(arguments, 0)
            if value.isUndefined { return .undefined }
            var isPretty = false
            if case .bool(true) = argument(arguments, 1) { isPretty = true }
            return .string(try evaluator.text(of: value, isPretty: isPretty))
        },
        NativeFunction("substring", "<s-nn?:s>", arity: 3) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.string(of: argument(arguments, 0)) else { return .undefined }
            return .string(
                Text.substring(
                    text, evaluator.number(of: argument(arguments, 1)) ?? .nan,
                    evaluator.number(of: argument(arguments, 2))))
        },
        NativeFunction("substringBefore", "<s-s:s>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.string(of: argument(arguments, 0)) else { return .undefined }
            guard let mark = evaluator.string(of: argument(arguments, 1)) else {
                return .string(text)
            }
            return .string(Text.substringBefore(text, mark))
        },
        NativeFunction("substringAfter", "<s-s:s>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.string(of: argument(arguments, 0)) else { return .undefined }
            guard let mark = evaluator.string(of: argument(arguments, 1)) else {
                return .string(text)
            }
            return .string(Text.substringAfter(text, mark))
        },
        text("lowercase") { (_, text) throws(JSONataError) in .string(TextCase.lowercased(text)) },
        text("uppercase") { (_, text) throws(JSONataError) in .string(TextCase.uppercased(text)) },
        text("length") { (_, text) throws(JSONataError) in
            .number(Double(Text.length(text)))
        },
        text("trim") { (_, text) throws(JSONataError) in .string(Text.trim(text)) },
        NativeFunction("pad", "<s-ns?:s>", arity: 3) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.string(of: argument(arguments, 0)) else { return .undefined }
            let padded = try Text.pad(
                text, evaluator.number(of: argument(arguments, 1)) ?? 0,
                evaluator.string(of: argument(arguments, 2)) ?? " ",
                bytesMax: evaluator.limits.stringBytesMax)
            try evaluator.checkString(padded.utf8.count)
            return .string(padded)
        },
        text("base64encode") { (evaluator, text) throws(JSONataError) in
            try evaluator.checkString(text.utf8.count * 4 / 3)
            return .string(Base64Text.encode(text))
        },
        text("base64decode") { (_, text) throws(JSONataError) in
            .string(Base64Text.decode(text))
        },
        url(.encodeUrlComponent), url(.encodeUrl), url(.decodeUrlComponent), url(.decodeUrl),
    ]
}
