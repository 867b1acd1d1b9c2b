internal import JSON

extension FunctionRegistry {
    static let control: [NativeFunction] = [
        NativeFunction("boolean", "<x-:b>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = argument(arguments, 0)
            return value.isUndefined ? .undefined : .bool(try evaluator.truth(value))
        },
        NativeFunction("not", "<x-:b>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = argument(arguments, 0)
            return value.isUndefined ? .undefined : .bool(!(try evaluator.truth(value)))
        },
        NativeFunction("exists", "<x:b>", arity: 1) { (_, arguments, _) throws(JSONataError) in
            .bool(!argument(arguments, 0).isUndefined)
        },
        NativeFunction("type", "<x:s>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            switch evaluator.kind(of: argument(arguments, 0)) {
            case .undefined: .undefined
            case .null: .string("null")
            case .bool: .string("boolean")
            case .number:
                // What is not a number is none.
                (evaluator.number(of: argument(arguments, 0)) ?? 0).isNaN
                    ? .string("object") : .string("number")
            case .string: .string("string")
            case .array: .string("array")
            case .object: .string("object")
            case .function: .string("function")
            }
        },
        NativeFunction("error", "<s?:x>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let text = evaluator.string(of: argument(arguments, 0)) ?? ""
            throw JSONataError("D3137", text: text.isEmpty ? "$error() function evaluated" : text)
        },
        NativeFunction("assert", "<bs?:x>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            if case .bool(true) = argument(arguments, 0) { return .undefined }
            let text = evaluator.string(of: argument(arguments, 1)) ?? ""
            throw JSONataError("D3141", text: text.isEmpty ? "$assert() statement failed" : text)
        },
        NativeFunction("eval", "<sx?:x>", arity: 2) {
            (evaluator, arguments, context) throws(JSONataError) in
            guard let source = evaluator.string(of: argument(arguments, 0)) else {
                return .undefined
            }
            var input = context.input
            let focus = argument(arguments, 1)
            if !focus.isUndefined {
                input = evaluator.wrapped(focus)
            }
            let tree: Node
            do throws(JSONataError) {
                try evaluator.step(source.utf8.count)
                tree = try Parser.parse(source)
            } catch {
                throw JSONataError("D3120", value: error.message)
            }
            do throws(JSONataError) {
                return try evaluator.evaluate(tree, input, context.frame)
            } catch {
                // A limit that is reached stays what it is.
                if error.code.hasPrefix("U") { throw error }
                throw JSONataError("D3121", value: error.message)
            }
        },
        NativeFunction("clone", "<(oa)-:o>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            var value = argument(arguments, 0)
            if case .array(let box) = value, box.isOuterWrapper, let first = box.items.first {
                value = first
            }
            return value.isUndefined ? .undefined : try evaluator.deepCopy(value)
        },
        NativeFunction("millis", "<:n>", arity: 0) { (evaluator, _, _) throws(JSONataError) in
            .number(Double(evaluator.environment.nowMilliseconds))
        },
    ]
}

extension Evaluator {
    /// An array as one input: wrapped, so that it is not taken apart.
    func wrapped(_ value: Value) -> Value {
        if case .array(let box) = value, box.isSequence { return value }
        guard isArray(value) else { return value }
        let box = ArrayBox([value], isSequence: true)
        box.isOuterWrapper = true
        return .array(box)
    }
}
