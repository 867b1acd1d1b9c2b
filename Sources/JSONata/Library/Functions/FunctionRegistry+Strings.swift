internal import JSON

extension FunctionRegistry {
    /// A function of one string; a missing one gives nothing.
    private static func text(
        _ name: String,
        _ body: @escaping @Sendable (inout Evaluator, String) throws(JSONataError) -> Value
    ) -> NativeFunction {
        NativeFunction(name, "<s-:s>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.string(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            try evaluator.step(text.utf8.count / 64)
            return try body(&evaluator, text)
        }
    }

    private static func url(_ function: URLCoding.Function) -> NativeFunction {
        text(function.rawValue) { (evaluator, text) throws(JSONataError) in
            evaluator.makeString(try URLCoding.apply(function, to: text))
        }
    }

    /// `$lowercase` or `$uppercase`; ASCII needs no tables.
    private static func folding(
        _ name: String, _ first: UInt8, _ last: UInt8,
        _ fold: @escaping @Sendable (String) -> String
    ) -> NativeFunction {
        NativeFunction(name, "<s-:s>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.textRange(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            try evaluator.step(Int(text.count) / 64)
            guard evaluator.withText(text, { ByteText.isASCII($0) }) else {
                return evaluator.makeString(fold(evaluator.string(text)))
            }
            let start = evaluator.text.count
            evaluator.appendText(text)
            for place in start..<evaluator.text.count {
                let byte = evaluator.text[place]
                if byte >= first, byte <= last { evaluator.text[place] = byte ^ 0x20 }
            }
            return .string(TextRange(TextRange.own, start..<evaluator.text.count))
        }
    }

    /// `$substringBefore` or `$substringAfter`: the whole text when the mark is not in it.
    private static func cutting(
        _ name: String, after: Bool, _ cut: @escaping @Sendable (String, String) -> String
    ) -> NativeFunction {
        NativeFunction(name, "<s-s:s>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.textRange(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            guard let mark = evaluator.textRange(of: evaluator.argument(arguments, 1)) else {
                return .string(text)
            }
            try evaluator.step(Int(text.count) / 64)
            let isPlain = evaluator.withText(text) { whole in
                evaluator.withText(mark) { ByteText.isASCII($0) && ByteText.isASCII(whole) }
            }
            guard isPlain else {
                return evaluator.makeString(cut(evaluator.string(text), evaluator.string(mark)))
            }
            let found = evaluator.withText(text) { whole in
                evaluator.withText(mark) { ByteText.firstRange(of: $0, in: whole) }
            }
            guard let found else { return .string(text) }
            return .string(
                after
                    ? text.part(found + Int(mark.count), Int(text.count)) : text.part(0, found))
        }
    }

    static let strings: [NativeFunction] = [
        NativeFunction("string", "<x-b?:s>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = evaluator.argument(arguments, 0)
            if value.isUndefined { return .undefined }
            if case .bool(true) = evaluator.argument(arguments, 1) {
                return .string(try evaluator.textOf(value, isPretty: true))
            }
            return .string(try evaluator.textOf(value))
        },
        NativeFunction("substring", "<s-nn?:s>", arity: 3) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.textRange(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            let start = evaluator.number(of: evaluator.argument(arguments, 1)) ?? .nan
            let length = evaluator.number(of: evaluator.argument(arguments, 2))
            if evaluator.withText(text, { ByteText.isASCII($0) }) {
                let range = Text.substringRange(Int(text.count), start, length)
                return .string(text.part(range.lowerBound, range.upperBound))
            }
            return evaluator.makeString(
                Text.substring(evaluator.string(text), start, length))
        },
        cutting("substringBefore", after: false, Text.substringBefore),
        cutting("substringAfter", after: true, Text.substringAfter),
        folding("lowercase", 0x41, 0x5A, TextCase.lowercased),
        folding("uppercase", 0x61, 0x7A, TextCase.uppercased),
        text("length") { (_, text) throws(JSONataError) in
            .number(Double(Text.length(text)))
        },
        text("trim") { (evaluator, text) throws(JSONataError) in
            evaluator.makeString(Text.trim(text))
        },
        NativeFunction("pad", "<s-ns?:s>", arity: 3) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.string(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            let padded = try Text.pad(
                text, evaluator.number(of: evaluator.argument(arguments, 1)) ?? 0,
                evaluator.string(of: evaluator.argument(arguments, 2)) ?? " ",
                bytesMax: evaluator.limits.stringBytesMax)
            try evaluator.checkString(padded.utf8.count)
            return evaluator.makeString(padded)
        },
        text("base64encode") { (evaluator, text) throws(JSONataError) in
            try evaluator.checkString(text.utf8.count * 4 / 3)
            return evaluator.makeString(Base64Text.encode(text))
        },
        NativeFunction("base64decode", "<s-:s>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.textRange(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            try evaluator.step(Int(text.count) / 64)
            let bytes = evaluator.withText(text) { Base64Text.decode($0) }
            guard ByteText.isASCII(bytes.span) else {
                // Bytes that are no UTF-8 become U+FFFD.
                return evaluator.makeString(String(decoding: bytes, as: UTF8.self))
            }
            let start = evaluator.text.count
            evaluator.text.append(bytes.span)
            return .string(TextRange(TextRange.own, start..<evaluator.text.count))
        },
        url(.encodeUrlComponent), url(.encodeUrl), url(.decodeUrlComponent), url(.decodeUrl),
    ]
}
