extension FunctionRegistry {
    static let collections: [NativeFunction] = [
        NativeFunction("append", "<xx:a>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            let (left, right) = (argument(arguments, 0), argument(arguments, 1))
            let count =
                (evaluator.items(of: left)?.count ?? 1) + (evaluator.items(of: right)?.count ?? 1)
            try evaluator.checkSequence(count)
            return evaluator.appended(left, right)
        },
        NativeFunction("reverse", "<a:a>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = argument(arguments, 0)
            guard let items = evaluator.items(of: value), items.count > 1 else { return value }
            return .array(ArrayBox(items.reversed()))
        },
        NativeFunction("shuffle", "<a:a>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = argument(arguments, 0)
            guard var items = evaluator.items(of: value), items.count > 1 else { return value }
            // Fisher-Yates; the source of randomness gives numbers from 0 up to 1.
            for place in stride(from: items.count - 1, to: 0, by: -1) {
                let other = Int(evaluator.environment.random() * Double(place + 1))
                items.swapAt(place, min(max(0, other), place))
            }
            return .array(ArrayBox(items))
        },
        NativeFunction("distinct", "<x:x>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = argument(arguments, 0)
            guard let items = evaluator.items(of: value), items.count > 1 else { return value }
            var isSequence = false
            if case .array(let box) = value { isSequence = box.isSequence }
            var seen = Set<String>()
            var result: [Value] = []
            for item in items {
                // Scalars are told apart by a key, so that long lists stay linear.
                if let key = evaluator.scalarKey(item) {
                    if seen.insert(key).inserted { result.append(item) }
                    continue
                }
                var isKnown = false
                for other in result where try evaluator.isEqual(item, other) {
                    isKnown = true
                    break
                }
                if !isKnown { result.append(item) }
            }
            return .array(ArrayBox(result, isSequence: isSequence))
        },
        NativeFunction("zip", "<a+>", arity: 0) { (evaluator, arguments, _) throws(JSONataError) in
            let arrays = arguments.map { evaluator.items(of: $0) ?? [] }
            let count = arrays.map(\.count).min() ?? 0
            var result: [Value] = []
            for place in 0..<count {
                try evaluator.step(arrays.count)
                result.append(.array(ArrayBox(arrays.map { $0[place] })))
            }
            return .array(ArrayBox(result))
        },
        NativeFunction("sort", "<af?:a>", arity: 2) {
            (evaluator, arguments, context) throws(JSONataError) in
            let value = argument(arguments, 0)
            guard let items = evaluator.items(of: value), items.count > 1 else { return value }
            let comparator = argument(arguments, 1)
            if comparator.isUndefined {
                return .array(ArrayBox(try sortPlain(items, evaluator)))
            }
            return .array(
                ArrayBox(
                    try evaluator.mergeSort(items) { left, right throws(JSONataError) in
                        try evaluator.truth(
                            try evaluator.apply(
                                comparator, [left, right], .null, context.frame))
                    }))
        },
        NativeFunction("join", "<a<s>s?:s>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let items = evaluator.items(of: argument(arguments, 0)) else { return .undefined }
            let separator = evaluator.string(of: argument(arguments, 1)) ?? ""
            var result = ""
            for (place, item) in items.enumerated() {
                if place > 0 { result += separator }
                result += evaluator.string(of: item) ?? ""
                if result.utf8.count > evaluator.limits.stringBytesMax { break }
            }
            try evaluator.checkString(result.utf8.count)
            return .string(result)
        },
    ]

    /// Numbers or strings alone, ascending.
    private static func sortPlain(
        _ items: [Value], _ evaluator: Evaluator
    ) throws(JSONataError) -> [Value] {
        var numbers: [(Double, Value)] = []
        var strings: [(String, Value)] = []
        for item in items {
            if let number = evaluator.number(of: item) {
                numbers.append((try evaluator.finite(number), item))
            } else if let text = evaluator.string(of: item) {
                strings.append((text, item))
            }
        }
        if numbers.count == items.count {
            return try evaluator.mergeSort(numbers) { $0.0 > $1.0 }.map(\.1)
        }
        guard strings.count == items.count else { throw JSONataError("D3070") }
        return try evaluator.mergeSort(strings) { Text.precedes($1.0, $0.0) }.map(\.1)
    }

    static let higherOrder: [NativeFunction] = [
        NativeFunction("map", "<af>", arity: 2) {
            (evaluator, arguments, context) throws(JSONataError) in
            let array = argument(arguments, 0)
            guard let items = evaluator.items(of: array) else { return .undefined }
            let result = ArrayBox([], isSequence: true)
            for (place, item) in items.enumerated() {
                let made = try evaluator.call(
                    argument(arguments, 1), fitting: [item, .number(Double(place)), array], context)
                if !made.isUndefined { result.items.append(made) }
                try evaluator.allocate(24)
            }
            return .array(result)
        },
        NativeFunction("filter", "<af>", arity: 2) {
            (evaluator, arguments, context) throws(JSONataError) in
            let array = argument(arguments, 0)
            guard let items = evaluator.items(of: array) else { return .undefined }
            let result = ArrayBox([], isSequence: true)
            for (place, item) in items.enumerated() {
                let keeps = try evaluator.call(
                    argument(arguments, 1), fitting: [item, .number(Double(place)), array], context)
                if try evaluator.truth(keeps) { result.items.append(item) }
            }
            return .array(result)
        },
        NativeFunction("single", "<af?>", arity: 2) {
            (evaluator, arguments, context) throws(JSONataError) in
            let array = argument(arguments, 0)
            guard let items = evaluator.items(of: array) else { return .undefined }
            let function = argument(arguments, 1)
            var found: Value?
            for (place, item) in items.enumerated() {
                if !function.isUndefined {
                    let keeps = try evaluator.call(
                        function, fitting: [item, .number(Double(place)), array], context)
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
            let array = argument(arguments, 0)
            guard let items = evaluator.items(of: array) else { return .undefined }
            let function = argument(arguments, 1)
            guard let arity = evaluator.function(of: function)?.arity, arity >= 2 else {
                throw JSONataError("D3050")
            }
            var result = argument(arguments, 2)
            var start = 0
            if result.isUndefined, let first = items.first {
                result = first
                start = 1
            }
            for place in start..<max(start, items.count) {
                result = try evaluator.call(
                    function, fitting: [result, items[place], .number(Double(place)), array],
                    context)
            }
            return result
        },
    ]
}

extension Evaluator {
    /// A text that is equal for equal scalars and different for different ones; nil for anything else.
    func scalarKey(_ value: Value) -> String? {
        switch kind(of: value) {
        case .null: return "0"
        case .bool:
            if case .bool(let flag) = value { return flag ? "t" : "f" }
            return nil
        case .number: return number(of: value).map { "n" + ScriptNumber.string($0) }
        default: return nil
        }
    }
}
