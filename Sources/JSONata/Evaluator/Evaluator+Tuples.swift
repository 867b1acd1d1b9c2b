internal import JSON

/// Steps that bind variables beside the context (`@`, `#`, `%`), and sorting.
extension Evaluator {
    mutating func evaluateTupleStep(
        _ step: Int32, _ input: Value, _ bindings: Value?, _ frame: Int32
    ) throws(JSONataError) -> Value {
        let node = code.nodes[Int(step)]
        let detail = node.detail < 0 ? Code.Detail() : code.details[Int(node.detail)]
        if node.kind == .sort {
            return try evaluateStages(
                step, try sortTuples(step, input, bindings, detail.index, frame), frame)
        }
        let base = stack.count
        guard var tuples = cursor(of: bindings ?? input) else { return .undefined }
        while let item = next(&tuples) {
            var tuple = item
            if bindings == nil { tuple = .tuple(makeTuple(item)) }
            guard case .tuple(let current) = tuple else { continue }
            try evaluateTuple(step, detail, current, frame)
            try checkSequence(stack.count - base)
        }
        let result = takeArray(from: base, [.isSequence, .isTupleStream])
        return try evaluateStages(step, result, frame)
    }

    /// Pushes the tuples that the step makes of one.
    private mutating func evaluateTuple(
        _ step: Int32, _ detail: Code.Detail, _ tuple: Int32, _ frame: Int32
    ) throws(JSONataError) {
        let current = tuples[Int(tuple)]
        let marks = markFrames()
        let value = try evaluate(step, current.context, makeFrame(frame, with: .tuple(tuple)))
        releaseFrames(to: marks)
        if value.isUndefined { return }
        let isStream = flags(of: value).contains(.isTupleStream)
        var found = cursorOrSingle(value)
        var place = 0
        while let item = next(&found) {
            let next = makeTuple(current.context, bindings: current.bindings)
            if isStream, case .tuple(let other) = item {
                tuples[Int(next)].context = tuples[Int(other)].context
                for (name, value) in self.bindings(of: other) { bindTuple(next, name, value) }
            } else {
                if detail.focus >= 0 {
                    bindTuple(next, detail.focus, item)
                } else {
                    tuples[Int(next)].context = item
                }
                if detail.index >= 0 { bindTuple(next, detail.index, .number(Double(place))) }
                if detail.ancestor >= 0 { bindTuple(next, detail.ancestor, current.context) }
            }
            stack.append(.tuple(next))
            place += 1
        }
    }

    private mutating func sortTuples(
        _ step: Int32, _ input: Value, _ bindings: Value?, _ index: Int32, _ frame: Int32
    ) throws(JSONataError) -> Value {
        // Once in order the tuples are plain items: predicates that follow see them whole.
        if let bindings { return try evaluateSort(step, bindings, frame) }
        let base = stack.count
        var place = 0
        let sorted = try evaluateSort(step, input, frame)
        guard var items = cursor(of: sorted) else { return .undefined }
        while let item = next(&items) {
            let tuple = makeTuple(item)
            if index >= 0 { bindTuple(tuple, index, .number(Double(place))) }
            stack.append(.tuple(tuple))
            place += 1
        }
        return takeArray(from: base, [.isSequence, .isTupleStream])
    }

    /// One tuple whose members hold the values of all.
    mutating func mergeTuples(_ items: Cursor) throws(JSONataError) -> Int32 {
        var contexts: [Value] = []
        var members: [(name: Int32, values: [Value])] = []
        var items = items
        while let item = next(&items) {
            guard case .tuple(let tuple) = item else { continue }
            contexts.append(tuples[Int(tuple)].context)
            for (name, value) in bindings(of: tuple) {
                if let place = members.firstIndex(where: { $0.name == name }) {
                    members[place].values.append(value)
                } else {
                    members.append((name, [value]))
                }
            }
        }
        let result = makeTuple(try joined(contexts))
        for (name, values) in members { bindTuple(result, name, try joined(values)) }
        return result
    }

    /// What `$append` gives of all: as arrays one after the other, a single one as it is.
    private mutating func joined(_ values: [Value]) throws(JSONataError) -> Value {
        let values = values.filter { !$0.isUndefined }
        guard values.count > 1 else { return values.first ?? .undefined }
        let start = cells.count
        for value in values {
            guard var items = cursor(of: value) else {
                cells.append(value)
                continue
            }
            while let item = next(&items) { cells.append(item) }
        }
        try allocate((cells.count - start) * 24)
        return makeArray(start)
    }

    // MARK: Sorting

    mutating func evaluateSort(
        _ step: Int32, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        guard var items = cursor(of: input), items.left > 1 else { return input }
        let flags = flags(of: input)
        let terms = code.nodes[Int(step)].list.range
        let count = items.left
        // Keys are evaluated once an item instead of once a comparison, and only those that are compared:
        // one that is not needed cannot fail.
        try allocate(count * (1 + terms.count / 2) * MemoryLayout<Value>.stride)
        // Both lie in cells: values, then keys, of which no member of the input is one.
        let values = cells.count
        while let item = next(&items) { cells.append(item) }
        let keys = cells.count
        cells.append(repeating: .lazy(-1), count: count * terms.count / 2)
        func key(
            _ evaluator: inout Evaluator, _ item: Int, _ term: Int, _ entry: Int
        ) throws(JSONataError) -> Value {
            let slot = keys + item * terms.count / 2 + term
            guard case .lazy = evaluator.cells[slot] else { return evaluator.cells[slot] }
            let (marks, value) = (evaluator.markFrames(), evaluator.cells[values + item])
            let isTuple = flags.contains(.isTupleStream)
            let inner = isTuple ? evaluator.makeFrame(frame, with: value) : frame
            let key = try evaluator.evaluate(
                evaluator.code.lists[entry], isTuple ? evaluator.context(of: value) : value, inner)
            evaluator.releaseFrames(to: marks)
            let made = evaluator.number(of: key).map(Value.number) ?? key
            evaluator.cells[slot] = made
            return made
        }
        let position = Int(code.nodes[Int(step)].position)
        let order = try mergeSort(Array(0..<count)) {
            (evaluator, left, right) throws(JSONataError) in
            var term = 0
            for entry in stride(from: terms.lowerBound, to: terms.upperBound, by: 2) {
                let first = try key(&evaluator, left, term, entry)
                let second = try key(&evaluator, right, term, entry)
                let order = try evaluator.compareKeys(first, second, position)
                let isDescending = evaluator.code.lists[entry + 1] == 1
                if order.value != 0 {
                    return (isDescending && !order.isFixed ? -order.value : order.value) > 0
                }
                term += 1
            }
            return false
        }
        let start = cells.count
        for place in order { cells.append(cells[values + place]) }
        return makeArray(start)
    }

    /// -1, 0 or 1; a missing key comes last in either direction (`isFixed`).
    private mutating func compareKeys(
        _ left: Value, _ right: Value, _ position: Int
    ) throws(JSONataError) -> (value: Int, isFixed: Bool) {
        if left.isUndefined { return (right.isUndefined ? 0 : 1, true) }
        if right.isUndefined { return (-1, true) }
        if let a = number(of: left), let b = number(of: right) {
            return (a == b ? 0 : a < b ? -1 : 1, false)
        }
        if let a = textRange(of: left), let b = textRange(of: right) {
            return (compare(a, b), false)
        }
        let code = isComparable(left) && isComparable(right) ? "T2007" : "T2008"
        throw JSONataError(code, position: position)
    }

    private func isComparable(_ value: Value) -> Bool {
        number(of: value) != nil || isString(value)
    }

    /// By UTF-16 code units.
    func compare(_ left: TextRange, _ right: TextRange) -> Int {
        withText(left) { a in withText(right) { b in ByteText.compare(a, b) } }
            ?? Text.compare(string(left), string(right))
    }

    /// A stable merge sort; `isAfter` tells that the first belongs behind the second.
    mutating func mergeSort<Item>(
        _ items: [Item],
        _ isAfter: (inout Evaluator, Item, Item) throws(JSONataError) -> Bool
    ) throws(JSONataError) -> [Item] {
        var sorted = items
        var spare = items
        try mergeSort(&sorted, 0..<items.count, &spare, isAfter)
        return sorted
    }

    private mutating func mergeSort<Item>(
        _ items: inout [Item], _ range: Range<Int>, _ spare: inout [Item],
        _ isAfter: (inout Evaluator, Item, Item) throws(JSONataError) -> Bool
    ) throws(JSONataError) {
        guard range.count > 1 else { return }
        let middle = range.lowerBound + range.count / 2
        try mergeSort(&items, range.lowerBound..<middle, &spare, isAfter)
        try mergeSort(&items, middle..<range.upperBound, &spare, isAfter)
        var (a, b, place) = (range.lowerBound, middle, range.lowerBound)
        while a < middle, b < range.upperBound {
            try step()
            if try isAfter(&self, items[a], items[b]) {
                spare[place] = items[b]
                b += 1
            } else {
                spare[place] = items[a]
                a += 1
            }
            place += 1
        }
        // What is left of the second half is in its place already.
        while a < middle {
            spare[place] = items[a]
            (a, place) = (a + 1, place + 1)
        }
        for merged in range.lowerBound..<place { items[merged] = spare[merged] }
    }
}
