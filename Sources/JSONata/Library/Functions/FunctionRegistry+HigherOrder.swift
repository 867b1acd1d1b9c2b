internal import JSON

extension FunctionRegistry {
    /// Calls the function with each item, its place and the array; the sequence of what `pick` makes of
    /// item and result.
    private static func collect(
        _ arguments: Arguments, _ context: CallContext, _ evaluator: inout Evaluator,
        _ pick: (inout Evaluator, Value, Value) throws(JSONataError) -> Value?
    ) throws(JSONataError) -> Value {
        let array = evaluator.argument(arguments, 0)
        let function = evaluator.argument(arguments, 1)
        guard var items = evaluator.cursor(of: array) else { return .undefined }
        let base = evaluator.stack.count
        var place = 0.0
        while let item = evaluator.next(&items) {
            let made = try evaluator.call(
                function, context.frame, fitting: item, .number(place), array)
            if let picked = try pick(&evaluator, item, made) { evaluator.stack.append(picked) }
            try evaluator.allocate(24)
            place += 1
        }
        return evaluator.takeArray(from: base, .isSequence)
    }

    static let higherOrder: [NativeFunction] = [
        NativeFunction("map", "<af>", arity: 2) {
            (evaluator, arguments, context) throws(JSONataError) in
            try collect(arguments, context, &evaluator) { (_, _, made) in
                made.isUndefined ? nil : made
            }
        },
        NativeFunction("filter", "<af>", arity: 2) {
            (evaluator, arguments, context) throws(JSONataError) in
            try collect(arguments, context, &evaluator) {
                (evaluator, item, keeps) throws(JSONataError) in
                try evaluator.truth(keeps) ? item : nil
            }
        },
        NativeFunction("single", "<af?>", arity: 2) {
            (evaluator, arguments, context) throws(JSONataError) in
            let array = evaluator.argument(arguments, 0)
            let function = evaluator.argument(arguments, 1)
            guard var items = evaluator.cursor(of: array) else { return .undefined }
            var found: Value?
            var place = 0.0
            while let item = evaluator.next(&items) {
                let number = place
                place += 1
                if !function.isUndefined {
                    let keeps = try evaluator.call(
                        function, context.frame, fitting: item, .number(number), array)
                    if !(try evaluator.truth(keeps)) { continue }
                }
                if found != nil { throw JSONataError("D3138") }
                found = item
            }
            guard let found else { throw JSONataError("D3139") }
            return found
        },
        NativeFunction("reduce", "<afj?:j>", arity: 3) {
            (evaluator, arguments, context) throws(JSONataError) in
            let array = evaluator.argument(arguments, 0)
            guard var items = evaluator.cursor(of: array) else { return .undefined }
            let function = evaluator.argument(arguments, 1)
            guard let arity = evaluator.arity(of: function), arity >= 2 else {
                throw JSONataError("D3050")
            }
            var result = evaluator.argument(arguments, 2)
            var place = 0.0
            if result.isUndefined, let first = evaluator.next(&items) {
                result = first
                place = 1
            }
            while let item = evaluator.next(&items) {
                result = try evaluator.call(
                    function, context.frame, fitting: result, item, .number(place), array)
                place += 1
            }
            return result
        },
    ]
}
