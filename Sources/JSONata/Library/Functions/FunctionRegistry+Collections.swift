internal import JSON

extension FunctionRegistry {
    static let collections: [NativeFunction] = [
        NativeFunction("append", "<xx:a>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            let left = evaluator.argument(arguments, 0)
            let right = evaluator.argument(arguments, 1)
            try evaluator.checkSequence(
                (evaluator.count(of: left) ?? 1) + (evaluator.count(of: right) ?? 1))
            return try evaluator.appended(left, right)
        },
        NativeFunction("reverse", "<a:a>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = evaluator.argument(arguments, 0)
            guard let items = evaluator.cells(of: value), items.count > 1 else { return value }
            try evaluator.checkSequence(items.count)
            let start = evaluator.cells.count
            for place in items.reversed() { evaluator.cells.append(evaluator.cells[place]) }
            return evaluator.makeArray(start)
        },
        NativeFunction("shuffle", "<a:a>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = evaluator.argument(arguments, 0)
            guard let items = evaluator.cells(of: value), items.count > 1 else { return value }
            try evaluator.checkSequence(items.count)
            let start = evaluator.cells.count
            for place in items { evaluator.cells.append(evaluator.cells[place]) }
            // Fisher-Yates; the source of randomness gives numbers from 0 up to 1.
            for place in stride(from: items.count - 1, to: 0, by: -1) {
                let other = Int(evaluator.environment.random() * Double(place + 1))
                evaluator.cells.swapAt(start + place, start + min(max(0, other), place))
            }
            return evaluator.makeArray(start)
        },
        NativeFunction("distinct", "<x:x>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = evaluator.argument(arguments, 0)
            guard let count = evaluator.count(of: value), count > 1 else { return value }
            return try distinct(value, &evaluator)
        },
        NativeFunction("zip", "<a+>", arity: 0) { (evaluator, arguments, _) throws(JSONataError) in
            var arrays: [Range<Int>] = []
            for place in 0..<arguments.count {
                arrays.append(evaluator.cells(of: evaluator.argument(arguments, place)) ?? 0..<0)
            }
            let count = arrays.map(\.count).min() ?? 0
            let base = evaluator.stack.count
            for place in 0..<count {
                try evaluator.step(arrays.count)
                let start = evaluator.cells.count
                for array in arrays {
                    evaluator.cells.append(evaluator.cells[array.lowerBound + place])
                }
                let row = evaluator.makeArray(start)
                evaluator.stack.append(row)
            }
            return evaluator.takeArray(from: base)
        },
        NativeFunction("sort", "<af?:a>", arity: 2) {
            (evaluator, arguments, context) throws(JSONataError) in
            let value = evaluator.argument(arguments, 0)
            guard let items = evaluator.cells(of: value), items.count > 1 else { return value }
            let comparator = evaluator.argument(arguments, 1)
            let values = evaluator.cells.array(items)
            let sorted =
                comparator.isUndefined
                ? try sortPlain(values, &evaluator)
                : try evaluator.mergeSort(values) {
                    (evaluator, left, right) throws(JSONataError) in
                    try evaluator.truth(
                        try evaluator.apply(comparator, to: [left, right], context.frame))
                }
            let start = evaluator.cells.count
            evaluator.cells.append(contentsOf: sorted)
            try evaluator.allocate(sorted.count * 24)
            return evaluator.makeArray(start)
        },
        NativeFunction("join", "<a<s>s?:s>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            try join(
                evaluator.argument(arguments, 0), evaluator.argument(arguments, 1), &evaluator)
        },
    ]

    private static func join(
        _ value: Value, _ separator: Value, _ evaluator: inout Evaluator
    ) throws(JSONataError) -> Value {
        guard var items = evaluator.cursor(of: value) else { return .undefined }
        let mark = evaluator.textRange(of: separator)
        var parts: [TextRange] = []
        var count = 0
        while let item = evaluator.next(&items) {
            if let mark, !parts.isEmpty { count += Int(mark.count) }
            let part = evaluator.textRange(of: item) ?? TextRange(TextRange.own, 0..<0)
            parts.append(part)
            count += Int(part.count)
        }
        try evaluator.checkString(count)
        let start = evaluator.text.count
        for (place, part) in parts.enumerated() {
            if place > 0, let mark { evaluator.appendText(mark) }
            evaluator.appendText(part)
        }
        return evaluator.joinedPairs(TextRange(TextRange.own, start..<evaluator.text.count))
    }

    /// The first of each value; scalars are told apart by a key, so that long lists stay linear.
    private static func distinct(
        _ value: Value, _ evaluator: inout Evaluator
    ) throws(JSONataError) -> Value {
        guard var items = evaluator.cursor(of: value) else { return value }
        let flags = evaluator.flags(of: value).intersection(.isSequence)
        let seen = evaluator.makeObject(capacity: 8)
        var numbers = Set<Double>()
        let base = evaluator.stack.count
        while let item = evaluator.next(&items) {
            try evaluator.step()
            if let key = evaluator.textRange(of: item) {
                if evaluator.place(of: key, in: seen) == nil {
                    evaluator.set(seen, key, .null)
                    evaluator.stack.append(item)
                }
                continue
            }
            if let number = evaluator.number(of: item), !number.isNaN {
                if numbers.insert(number).inserted { evaluator.stack.append(item) }
                continue
            }
            var isKnown = false
            for place in base..<evaluator.stack.count
            where try evaluator.isEqual(item, evaluator.stack[place]) {
                isKnown = true
                break
            }
            if !isKnown { evaluator.stack.append(item) }
        }
        return evaluator.takeArray(from: base, flags)
    }

    /// Numbers or strings alone, ascending.
    private static func sortPlain(
        _ items: [Value], _ evaluator: inout Evaluator
    ) throws(JSONataError) -> [Value] {
        var numbers: [(Double, Value)] = []
        var strings: [(TextRange, Value)] = []
        for item in items {
            if let number = evaluator.number(of: item) {
                numbers.append((try evaluator.finite(number), item))
            } else if let text = evaluator.textRange(of: item) {
                strings.append((text, item))
            }
        }
        if numbers.count == items.count {
            return try evaluator.mergeSort(numbers) { (_, left, right) in left.0 > right.0 }
                .map(\.1)
        }
        guard strings.count == items.count else { throw JSONataError("D3070") }
        return try evaluator.mergeSort(strings) { (evaluator, left, right) in
            evaluator.compare(right.0, left.0) < 0
        }.map(\.1)
    }
}
