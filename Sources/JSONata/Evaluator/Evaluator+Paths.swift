internal import JSON

extension Evaluator {
    /// Navigates plain names from an object without making sequences; nil when an array is met.
    private func plainPath(_ node: Node, _ input: Value) throws(JSONataError) -> Value? {
        var value = input
        for step in node.nodes {
            switch value {
            case .node(let document, let index):
                let source = documents[Int(document)]
                guard source.kind(at: Int(index)) != .array else { return nil }
                let found = source.member(of: Int(index), keyBytes: step.utf8)
                if found < 0 { return .undefined }
                value = self.value(document, found)
            case .object: value = try member(value, step.text)
            case .array: return nil
            default: return .undefined
            }
        }
        // A single result that is an array of the data stays one. One made by the expression may be a
        // sequence, which the steps below flatten.
        if case .array = value { return nil }
        return value
    }

    func evaluatePath(
        _ node: Node, _ input: Value, _ frame: Frame
    ) throws(JSONataError) -> Value {
        if node.isPlainPath, let value = try plainPath(node, input) { return value }
        var sequence: ArrayBox
        if node.nodes.first?.kind != .variable, let items = items(of: input) {
            if case .array(let box) = input {
                sequence = box
            } else {
                sequence = ArrayBox(items)
            }
        } else {
            sequence = ArrayBox([input], isSequence: true)
        }
        var result = ArrayBox([], isSequence: true)
        var bindings: ArrayBox?
        var isTupleStream = false
        var single: Value?
        for (place, step) in node.nodes.enumerated() {
            if step.isTuple { isTupleStream = true }
            single = nil
            if place == 0, step.isConsArray {
                let value = try evaluate(step, .array(sequence), frame)
                if case .array(let box) = value {
                    result = box
                } else {
                    single = value
                }
            } else if isTupleStream {
                bindings = try evaluateTupleStep(step, sequence, bindings, frame)
            } else {
                result = try evaluateStep(
                    step, sequence, frame, isLast: place == node.nodes.count - 1)
            }
            if !isTupleStream {
                if let single {
                    if single.isUndefined || string(of: single)?.isEmpty == true { break }
                } else if result.items.isEmpty {
                    break
                }
            }
            if step.focus == nil { sequence = try single.map(parts) ?? result }
        }
        if let single, !isTupleStream {
            return try node.group.map { group throws(JSONataError) in
                try evaluateGroup(group, single, frame)
            } ?? single
        }
        if isTupleStream, let bindings {
            if node.isTuple {
                result = bindings
            } else {
                result = ArrayBox(
                    bindings.items.map { context(of: $0) }, isSequence: true)
            }
        }
        if node.keepSingletonArray {
            if result.isCons, !result.isSequence {
                result = ArrayBox([.array(result)], isSequence: true)
            }
            result.keepSingleton = true
        }
        if let group = node.group {
            return try evaluateGroup(
                group, .array(isTupleStream ? bindings ?? result : result), frame)
        }
        return .array(result)
    }

    /// What an array constructor's predicate left, as the input of the next step: the reference counts its
    /// places, of which a text has its code units, and anything else that is no array has none.
    private func parts(of value: Value) throws(JSONataError) -> ArrayBox {
        guard let text = string(of: value) else { return ArrayBox([]) }
        try checkRoom(text.utf8.count * 16)
        return ArrayBox(try Text.split(text, "", limit: nil).map(Value.string))
    }

    private func context(of item: Value) -> Value {
        if case .tuple(let tuple) = item { return tuple.context }
        return item
    }

    func frame(_ frame: Frame, with item: Value) -> Frame {
        let inner = Frame(frame)
        if case .tuple(let tuple) = item {
            inner.bind("@", tuple.context)
            for (name, value) in tuple.bindings { inner.bind(name, value) }
        }
        return inner
    }

    private func evaluateStep(
        _ step: Node, _ input: ArrayBox, _ frame: Frame, isLast: Bool
    ) throws(JSONataError) -> ArrayBox {
        if step.kind == .sort {
            return try evaluateStages(step.stages, try evaluateSort(step, input, frame), frame)
        }
        if step.isPlainName { return try evaluateName(step, input, isLast: isLast) }
        var results: [Value] = []
        results.reserveCapacity(input.items.count)
        for item in input.items {
            var value = try evaluate(step, item, frame)
            for stage in step.stages {
                if let predicate = stage.predicate { value = try filter(predicate, value, frame) }
            }
            if !value.isUndefined { results.append(value) }
        }
        if isLast, results.count == 1, isArray(results[0]) {
            switch results[0] {
            case .array(let box) where !box.isSequence: return box
            case .node: return ArrayBox(items(of: results[0]) ?? [])
            default: break
            }
        }
        // Most results are single values: then they are the sequence already.
        if results.allSatisfy({ !isArray($0) }) {
            try checkSequence(results.count)
            return ArrayBox(results, isSequence: true)
        }
        var flat: [Value] = []
        for value in results {
            if case .array(let box) = value, box.isCons {
                flat.append(value)
            } else if let items = items(of: value) {
                flat.append(contentsOf: items)
            } else {
                flat.append(value)
            }
        }
        try checkSequence(flat.count)
        return ArrayBox(flat, isSequence: true)
    }

    /// The member `step.text` of each item, arrays flattened by one level.
    private func evaluateName(
        _ step: Node, _ input: ArrayBox, isLast: Bool
    ) throws(JSONataError) -> ArrayBox {
        var flat: [Value] = []
        flat.reserveCapacity(input.items.count)
        try self.step(input.items.count)
        var isSequence = true
        var count = 0
        var last = Value.undefined
        for item in input.items {
            let value: Value
            if case .node(let document, let index) = item,
                documents[Int(document)].kind(at: Int(index)) != .array
            {
                let found = documents[Int(document)].member(of: Int(index), keyBytes: step.utf8)
                if found < 0 { continue }
                value = self.value(document, found)
            } else {
                value = unwrapped(try lookup(item, step.text))
            }
            if value.isUndefined { continue }
            count += 1
            last = value
            if case .array(let box) = value, box.isCons {
                flat.append(value)
            } else if let items = items(of: value) {
                flat.append(contentsOf: items)
            } else {
                flat.append(value)
            }
        }
        if isLast, count == 1 {
            // One result that is an array of the data is that array, not a sequence of its items.
            switch last {
            case .array(let box) where !box.isSequence: return box
            case .node where isArray(last): isSequence = false
            default: break
            }
        }
        try checkSequence(flat.count)
        return ArrayBox(flat, isSequence: isSequence)
    }

    /// A sequence as `evaluate` gives it: none of nothing, its only item for one.
    private func unwrapped(_ value: Value) -> Value {
        guard case .array(let box) = value, box.isSequence, !box.keepSingleton else { return value }
        if box.items.isEmpty { return .undefined }
        return box.items.count == 1 ? box.items[0] : value
    }

    func checkSequence(_ count: Int) throws(JSONataError) {
        if count > limits.sequenceLengthMax { throw JSONataError("D2015") }
        try allocate(count * 24)
    }

    private func evaluateStages(
        _ stages: [Node.Stage], _ input: ArrayBox, _ frame: Frame
    ) throws(JSONataError) -> ArrayBox {
        var result = input
        for stage in stages {
            if let predicate = stage.predicate {
                if case .array(let box) = try filter(predicate, .array(result), frame) {
                    result = box
                }
            } else if let name = stage.index {
                for (place, item) in result.items.enumerated() {
                    if case .tuple(let tuple) = item { tuple.bind(name, .number(Double(place))) }
                }
            }
        }
        return result
    }

    private func evaluateTupleStep(
        _ step: Node, _ input: ArrayBox, _ bindings: ArrayBox?, _ frame: Frame
    ) throws(JSONataError) -> ArrayBox {
        let result = ArrayBox([], isSequence: true)
        result.isTupleStream = true
        if step.kind == .sort {
            guard let bindings else {
                let sorted = try evaluateSort(step, input, frame)
                for (place, item) in sorted.items.enumerated() {
                    let tuple = TupleBox(context: item)
                    if let index = step.index { tuple.bind(index, .number(Double(place))) }
                    result.items.append(.tuple(tuple))
                }
                return try evaluateStages(step.stages, result, frame)
            }
            // Once in order the tuples are plain items: predicates that follow see them whole.
            return try evaluateStages(
                step.stages, try evaluateSort(step, bindings, frame), frame)
        }
        let tuples = bindings?.items ?? input.items.map { .tuple(TupleBox(context: $0)) }
        for item in tuples {
            guard case .tuple(let tuple) = item else { continue }
            let inner = self.frame(frame, with: item)
            let value = try evaluate(step, tuple.context, inner)
            if value.isUndefined { continue }
            var isStream = false
            if case .array(let box) = value { isStream = box.isTupleStream }
            for (place, found) in (items(of: value) ?? [value]).enumerated() {
                let next = TupleBox(context: tuple.context, bindings: tuple.bindings)
                if isStream, case .tuple(let other) = found {
                    next.context = other.context
                    for (name, value) in other.bindings { next.bind(name, value) }
                } else {
                    if let focus = step.focus {
                        next.bind(focus, found)
                    } else {
                        next.context = found
                    }
                    if let index = step.index { next.bind(index, .number(Double(place))) }
                    if let ancestor = step.ancestor { next.bind(ancestor.label, tuple.context) }
                }
                result.items.append(.tuple(next))
            }
            try checkSequence(result.items.count)
        }
        return try evaluateStages(step.stages, result, frame)
    }

    /// Items of `input` that the predicate picks, by number or by truth.
    func filter(
        _ predicate: Node, _ input: Value, _ frame: Frame
    ) throws(JSONataError) -> Value {
        var isTuples = false
        if case .array(let box) = input { isTuples = box.isTupleStream }
        // Nothing is one missing item here: a predicate that is true for it keeps it.
        let items = self.items(of: input) ?? [input]
        let result = ArrayBox([], isSequence: true)
        result.isTupleStream = isTuples
        if predicate.kind == .literal, case .number(let number) = predicate.literal {
            guard let place = Self.place(number, items.count), !items[place].isUndefined else {
                return .array(result)
            }
            if isArray(items[place]) { return items[place] }
            result.items.append(items[place])
            return .array(result)
        }
        for (place, item) in items.enumerated() {
            let value: Value
            if isTuples, case .tuple(let tuple) = item {
                value = try evaluate(predicate, tuple.context, self.frame(frame, with: item))
            } else {
                value = try evaluate(predicate, item, frame)
            }
            if let numbers = try numbers(of: value) {
                for number in numbers where Self.place(number, items.count) == place {
                    result.items.append(item)
                }
            } else if try truth(value) {
                result.items.append(item)
            }
        }
        return .array(result)
    }

    /// The index that a number means, counted from the end when negative; nil outside.
    private static func place(_ number: Double, _ count: Int) -> Int? {
        let floor = number.rounded(.down)
        let place = floor < 0 ? Double(count) + floor : floor
        return place >= 0 && place < Double(count) ? Int(place) : nil
    }

    /// A number, or an array of numbers alone; nil for anything else.
    private func numbers(of value: Value) throws(JSONataError) -> [Double]? {
        if let number = number(of: value) { return [try finite(number)] }
        guard let items = items(of: value) else { return nil }
        var numbers: [Double] = []
        for item in items {
            guard let number = number(of: item) else { return nil }
            numbers.append(try finite(number))
        }
        return numbers
    }

    /// Numbers out of range are an error when they are used, not when they arise.
    func finite(_ number: Double) throws(JSONataError) -> Double {
        if number.isInfinite { throw JSONataError("D1001", value: ScriptNumber.string(number)) }
        return number
    }

    func evaluateSort(
        _ step: Node, _ input: ArrayBox, _ frame: Frame
    ) throws(JSONataError) -> ArrayBox {
        guard input.items.count > 1 else { return input }
        // Keys are evaluated once an item instead of once a comparison.
        var keyed: [(keys: [Value], item: Value)] = []
        keyed.reserveCapacity(input.items.count)
        for item in input.items {
            var keys: [Value] = []
            for term in step.terms {
                if case .tuple(let tuple) = item, input.isTupleStream {
                    keys.append(
                        try evaluate(
                            term.expression, tuple.context, self.frame(frame, with: item)))
                } else {
                    keys.append(try evaluate(term.expression, item, frame))
                }
            }
            keyed.append((keys, item))
        }
        let sorted = try mergeSort(keyed) { left, right throws(JSONataError) in
            for (place, term) in step.terms.enumerated() {
                let order = try self.compareKeys(left.keys[place], right.keys[place], step)
                if order.value != 0 {
                    return (term.isDescending && !order.isFixed ? -order.value : order.value) > 0
                }
            }
            return false
        }
        return ArrayBox(sorted.map(\.item))
    }

    /// -1, 0 or 1; a missing key comes last in either direction (`isFixed`).
    private func compareKeys(
        _ left: Value, _ right: Value, _ step: Node
    ) throws(JSONataError) -> (value: Int, isFixed: Bool) {
        if left.isUndefined { return (right.isUndefined ? 0 : 1, true) }
        if right.isUndefined { return (-1, true) }
        if let a = number(of: left), let b = number(of: right) {
            return (a == b ? 0 : a < b ? -1 : 1, false)
        }
        if let a = string(of: left), let b = string(of: right) {
            return (Text.compare(a, b), false)
        }
        let comparable = { (value: Value) in
            self.number(of: value) != nil || self.string(of: value) != nil
        }
        let code = comparable(left) && comparable(right) ? "T2007" : "T2008"
        throw JSONataError(code, position: step.position)
    }

    /// A stable merge sort; `isAfter` tells that the first belongs behind the second.
    func mergeSort<T>(
        _ items: [T], _ isAfter: (T, T) throws(JSONataError) -> Bool
    ) throws(JSONataError) -> [T] {
        guard items.count > 1 else { return items }
        let middle = items.count / 2
        let left = try mergeSort(Array(items[..<middle]), isAfter)
        let right = try mergeSort(Array(items[middle...]), isAfter)
        var merged: [T] = []
        merged.reserveCapacity(items.count)
        var (a, b) = (0, 0)
        while a < left.count, b < right.count {
            try step()
            if try isAfter(left[a], right[b]) {
                merged.append(right[b])
                b += 1
            } else {
                merged.append(left[a])
                a += 1
            }
        }
        merged.append(contentsOf: left[a...])
        merged.append(contentsOf: right[b...])
        return merged
    }
}
