internal import JSON

extension FunctionRegistry {
    static let objects: [NativeFunction] = [
        NativeFunction("keys", "<x-:a<s>>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = argument(arguments, 0)
            let result = ArrayBox([], isSequence: true)
            if evaluator.isArray(value) {
                let merged = ObjectBox()
                try collectKeys(value, into: merged, evaluator)
                result.items = merged.order.map { .string(merged.keys[$0]) }
            } else {
                result.items = (try evaluator.members(of: value) ?? []).map { .string($0.key) }
            }
            return .array(result)
        },
        NativeFunction("lookup", "<x-s:x>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            try evaluator.lookup(
                argument(arguments, 0), evaluator.string(of: argument(arguments, 1)) ?? "")
        },
        NativeFunction("spread", "<x-:a<o>>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            try spread(argument(arguments, 0), evaluator)
        },
        NativeFunction("merge", "<a<o>:o>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let items = evaluator.items(of: argument(arguments, 0)) else { return .undefined }
            let result = ObjectBox()
            for item in items {
                for (key, value) in try evaluator.shallowMembers(of: item) {
                    try evaluator.step()
                    result.set(key, value)
                }
            }
            try evaluator.allocate(result.count * 64)
            return .object(result)
        },
        NativeFunction("each", "<o-f:a>", arity: 2) {
            (evaluator, arguments, context) throws(JSONataError) in
            let object = argument(arguments, 0)
            let result = ArrayBox([], isSequence: true)
            for (key, value) in try evaluator.members(of: object) ?? [] {
                let made = try evaluator.call(
                    argument(arguments, 1), fitting: [value, .string(key), object], context)
                if !made.isUndefined { result.items.append(made) }
            }
            return .array(result)
        },
        NativeFunction("sift", "<o-f?:o>", arity: 2) {
            (evaluator, arguments, context) throws(JSONataError) in
            let object = argument(arguments, 0)
            let result = ObjectBox()
            for (key, value) in try evaluator.members(of: object) ?? [] {
                let keeps = try evaluator.call(
                    argument(arguments, 1), fitting: [value, .string(key), object], context)
                if try evaluator.truth(keeps) { result.set(key, value) }
            }
            return result.count == 0 ? .undefined : .object(result)
        },
    ]

    private static func collectKeys(
        _ value: Value, into merged: ObjectBox, _ evaluator: Evaluator
    ) throws(JSONataError) {
        try evaluator.step()
        if let items = evaluator.items(of: value) {
            for item in items { try collectKeys(item, into: merged, evaluator) }
        } else {
            for (key, _) in try evaluator.members(of: value) ?? [] { merged.set(key, .null) }
        }
    }

    private static func spread(_ value: Value, _ evaluator: Evaluator) throws(JSONataError) -> Value
    {
        try evaluator.step()
        if let items = evaluator.items(of: value) {
            var result = Value.array(ArrayBox([], isSequence: true))
            for item in items { result = evaluator.appended(result, try spread(item, evaluator)) }
            return result
        }
        guard let members = try evaluator.members(of: value) else { return value }
        let result = ArrayBox([], isSequence: true)
        for (key, value) in members {
            let single = ObjectBox()
            single.set(key, value)
            result.items.append(.object(single))
        }
        return .array(result)
    }
}

extension Evaluator {
    /// Members without making lazy ones: for copying an object whole.
    func shallowMembers(of value: Value) throws(JSONataError) -> [(key: String, value: Value)] {
        guard let box = objectBox(of: value) else { return [] }
        return box.order.map { (box.keys[$0], box.values[$0]) }
    }
}
