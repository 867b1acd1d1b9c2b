internal import JSON

extension FunctionRegistry {
    static let objects: [NativeFunction] = [
        NativeFunction("keys", "<x-:a<s>>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = evaluator.argument(arguments, 0)
            var object = try evaluator.object(of: value)
            if evaluator.isArray(value) {
                let merged = evaluator.makeObject(capacity: 8)
                try collectKeys(value, into: merged, &evaluator)
                object = merged
            }
            let base = evaluator.stack.count
            if let object {
                for place in evaluator.order(of: object) {
                    evaluator.stack.append(.string(evaluator.key(object, place)))
                }
            }
            return evaluator.takeArray(from: base, .isSequence)
        },
        NativeFunction("lookup", "<x-s:x>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let name = evaluator.textRange(of: evaluator.argument(arguments, 1)) else {
                return try evaluator.lookup(
                    evaluator.argument(arguments, 0), evaluator.makeString(""))
            }
            return try evaluator.lookup(evaluator.argument(arguments, 0), .string(name))
        },
        NativeFunction("spread", "<x-:a<o>>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = evaluator.argument(arguments, 0)
            switch evaluator.kind(of: value) {
            case .array, .object: break
            default: return value
            }
            let base = evaluator.stack.count
            let isPlain = evaluator.count(of: value) ?? 0 > 0
            try spread(value, &evaluator)
            return evaluator.takeArray(from: base, isPlain ? [] : .isSequence)
        },
        NativeFunction("merge", "<a<o>:o>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard var items = evaluator.cursor(of: evaluator.argument(arguments, 0)) else {
                return .undefined
            }
            let result = evaluator.makeObject(capacity: 0)
            while let item = evaluator.next(&items) {
                try merge(item, into: result, &evaluator)
            }
            try evaluator.allocate(evaluator.objects[Int(result)].count * 64)
            return .object(result)
        },
        NativeFunction("each", "<o-f:a>", arity: 2) {
            (evaluator, arguments, context) throws(JSONataError) in
            let value = evaluator.argument(arguments, 0)
            let function = evaluator.argument(arguments, 1)
            let base = evaluator.stack.count
            if let object = try evaluator.object(of: value) {
                for place in evaluator.order(of: object) {
                    let made = try evaluator.call(
                        function, context.frame, fitting: try evaluator.resolve(object, place),
                        .string(evaluator.key(object, place)), value)
                    if !made.isUndefined { evaluator.stack.append(made) }
                }
            }
            return evaluator.takeArray(from: base, .isSequence)
        },
        NativeFunction("sift", "<o-f?:o>", arity: 2) {
            (evaluator, arguments, context) throws(JSONataError) in
            let value = evaluator.argument(arguments, 0)
            let function = evaluator.argument(arguments, 1)
            let result = evaluator.makeObject(capacity: 8)
            if let object = try evaluator.object(of: value) {
                for place in evaluator.order(of: object) {
                    let member = try evaluator.resolve(object, place)
                    let key = evaluator.key(object, place)
                    let keeps = try evaluator.call(
                        function, context.frame, fitting: member, .string(key), value)
                    if try evaluator.truth(keeps) { evaluator.set(result, key, member) }
                }
            }
            return evaluator.objects[Int(result)].count == 0 ? .undefined : .object(result)
        },
    ]

    /// Copies members without making lazy ones; of the first object none is there yet.
    private static func merge(
        _ item: Value, into result: Int32, _ evaluator: inout Evaluator
    ) throws(JSONataError) {
        guard let object = try evaluator.object(of: item) else { return }
        let header = evaluator.objects[Int(object)]
        try evaluator.step(header.count)
        if evaluator.objects[Int(result)].count == 0, header.count > 0, !header.hasIndexKeys {
            return evaluator.copyMembers(of: object, to: result, room: 8)
        }
        for place in evaluator.order(of: object) {
            let value = evaluator.cells[header.start + 2 * place + 1]
            evaluator.set(result, evaluator.key(object, place), value)
        }
    }

    private static func collectKeys(
        _ value: Value, into merged: Int32, _ evaluator: inout Evaluator
    ) throws(JSONataError) {
        try evaluator.step()
        if var items = evaluator.cursor(of: value) {
            while let item = evaluator.next(&items) {
                try collectKeys(item, into: merged, &evaluator)
            }
        } else if let object = try evaluator.object(of: value) {
            for place in evaluator.order(of: object) {
                evaluator.set(merged, evaluator.key(object, place), .null)
            }
        }
    }

    /// Pushes an object for each member, of the objects in an array too; anything else as it is.
    private static func spread(
        _ value: Value, _ evaluator: inout Evaluator
    ) throws(JSONataError) {
        try evaluator.step()
        if var items = evaluator.cursor(of: value) {
            while let item = evaluator.next(&items) {
                // A missing item, which a predicate may have kept, is not appended.
                if !item.isUndefined { try spread(item, &evaluator) }
            }
            return
        }
        guard let object = try evaluator.object(of: value) else {
            return evaluator.stack.append(value)
        }
        try evaluator.allocate(evaluator.objects[Int(object)].count * 64)
        for place in evaluator.order(of: object) {
            let single = evaluator.makeObject(capacity: 1)
            evaluator.set(
                single, evaluator.key(object, place), try evaluator.resolve(object, place))
            evaluator.stack.append(.object(single))
        }
    }
}
