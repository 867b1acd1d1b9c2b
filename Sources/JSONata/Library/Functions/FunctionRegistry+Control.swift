internal import JSON

extension FunctionRegistry {
    static let control: [NativeFunction] = [
        NativeFunction("boolean", "<x-:b>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = evaluator.argument(arguments, 0)
            return value.isUndefined ? .undefined : .bool(try evaluator.truth(value))
        },
        NativeFunction("not", "<x-:b>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = evaluator.argument(arguments, 0)
            return value.isUndefined ? .undefined : .bool(!(try evaluator.truth(value)))
        },
        NativeFunction("exists", "<x:b>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            .bool(!evaluator.argument(arguments, 0).isUndefined)
        },
        NativeFunction("type", "<x:s>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            switch evaluator.kind(of: evaluator.argument(arguments, 0)) {
            case .undefined: .undefined
            case .null: evaluator.makeString("null")
            case .bool: evaluator.makeString("boolean")
            case .number:
                // What is not a number is none.
                (evaluator.number(of: evaluator.argument(arguments, 0)) ?? 0).isNaN
                    ? evaluator.makeString("object") : evaluator.makeString("number")
            case .string: evaluator.makeString("string")
            case .array: evaluator.makeString("array")
            case .object: evaluator.makeString("object")
            case .function: evaluator.makeString("function")
            }
        },
        NativeFunction("error", "<s?:x>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let text = evaluator.string(of: evaluator.argument(arguments, 0)) ?? ""
            throw JSONataError("D3137", text: text.isEmpty ? "$error() function evaluated" : text)
        },
        NativeFunction("assert", "<bs?:x>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            if case .bool(true) = evaluator.argument(arguments, 0) { return .undefined }
            let text = evaluator.string(of: evaluator.argument(arguments, 1)) ?? ""
            throw JSONataError("D3141", text: text.isEmpty ? "$assert() statement failed" : text)
        },
        NativeFunction("eval", "<sx?:x>", arity: 2) {
            (evaluator, arguments, context) throws(JSONataError) in
            guard let source = evaluator.string(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            var input = context.input
            let focus = evaluator.argument(arguments, 1)
            if !focus.isUndefined {
                input = evaluator.wrapped(focus)
            }
            if let value = try evaluator.literalValue(source) { return value }
            let tree: Node
            do throws(JSONataError) {
                // Compiling a byte takes as long as a few steps, and asks for no time in between.
                try evaluator.step(16 * source.utf8.count)
                tree = try Parser.parse(source)
            } catch {
                if error.code.hasPrefix("U10"), error.code != "U1007" { throw error }
                throw JSONataError("D3120", value: error.message)
            }
            evaluator.code = Compiler.compile(
                tree, into: evaluator.code, evaluator.functions)
            do throws(JSONataError) {
                return try evaluator.evaluate(evaluator.code.root, input, context.frame)
            } catch {
                // A limit that is reached stays what it is.
                if error.code.hasPrefix("U") { throw error }
                throw JSONataError("D3121", value: error.message)
            }
        },
        NativeFunction("clone", "<(oa)-:o>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = evaluator.unwrapped(evaluator.argument(arguments, 0))
            return value.isUndefined ? .undefined : try evaluator.deepCopy(value)
        },
        NativeFunction("millis", "<:n>", arity: 0) { (evaluator, _, _) throws(JSONataError) in
            .number(Double(evaluator.environment.nowMilliseconds))
        },
    ]
}

extension Evaluator {
    /// The value of an expression that is nothing but a JSON object or array, read as a document; nil for
    /// any other, and where the language takes a number or a key for something else than JSON does.
    fileprivate mutating func literalValue(_ source: String) throws(JSONataError) -> Value? {
        guard let first = source.utf8.first,
            first == UInt8(ascii: "{") || first == UInt8(ascii: "["),
            let document = try? JSONDocument(
                parsing: Array(source.utf8), limits: JSONLimits(depthMax: Parser.depthMax / 2)),
            document.isPlain
        else { return nil }
        try step(source.utf8.count / 16)
        try allocate(source.utf8.count)
        let place = add(document)
        return value(place, 0)
    }

    /// The input that was wrapped, anything else as it is.
    func unwrapped(_ value: Value) -> Value {
        guard case .array(let array) = value else { return value }
        let header = arrays[Int(array)]
        return header.flags.contains(.isOuterWrapper) && header.count > 0
            ? cells[header.start] : value
    }

    /// An array as one input: wrapped, so that it is not taken apart.
    mutating func wrapped(_ value: Value) -> Value {
        guard isArray(value), !flags(of: value).contains(.isSequence) else { return value }
        return makeArray(single: value, [.isSequence, .isOuterWrapper])
    }
}
