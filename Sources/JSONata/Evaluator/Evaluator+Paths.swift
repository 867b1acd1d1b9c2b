internal import JSON

extension Evaluator {
    /// Navigates plain names from an object without making sequences; nil when an array is met.
    private mutating func plainPath(
        _ steps: Range<Int>, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value? {
        var value = input
        var steps = steps
        if code.nodes[Int(code.lists[steps.lowerBound])].kind == .variable {
            value = variable(code.lists[steps.lowerBound], input, frame)
            steps = steps.dropFirst()
        }
        for entry in steps {
            let step = code.nodes[Int(code.lists[entry])]
            guard case .string(let name) = step.literal else { return nil }
            if case .lazy(let member) = value {
                if let part = part(of: member, step.name) {
                    value = part
                    continue
                }
                value = lazyValue(member)
            }
            switch value {
            case .node(let document, let index):
                let found = documentMember(document, index, name)
                if found >= 0 {
                    value = self.value(document, found)
                } else {
                    if isArray(value) { return nil }
                    return .undefined
                }
            case .object(let object):
                // A member that is still to be made stays so until it is known what is wanted of it.
                guard let place = place(of: name, in: object) else { return .undefined }
                value = cells[objects[Int(object)].start + 2 * place + 1]
            case .array, .tuple: return nil
            default: return .undefined
            }
        }
        if case .lazy(let member) = value { value = lazyValue(member) }
        // A single result that is an array of the data stays one. One made by the expression may be a
        // sequence, which the steps below flatten.
        if case .array = value { return nil }
        return value
    }

    /// Follows the plain names that a path begins with while each leads to one object; gives where that
    /// ended and the step that goes on from there.
    private mutating func leadingNames(
        _ steps: Range<Int>, _ input: Value
    ) throws(JSONataError) -> (value: Value, step: Int) {
        var value = input
        for step in steps.dropLast() {
            // A sort gives its input back when there is nothing to sort, and that has to be a sequence.
            guard code.nodes[Int(code.lists[step])].flags.contains(.isPlainName),
                code.nodes[Int(code.lists[step + 1])].kind != .sort,
                case .string(let name) = code.nodes[Int(code.lists[step])].literal
            else { return (value, step) }
            let found: Value
            switch value {
            case .node(let document, let index):
                let place = documentMember(document, index, name)
                // An array, or nothing, is for the step itself.
                if place < 0 { return (value, step) }
                found = self.value(document, place)
            case .object: found = try member(value, name)
            default: return (value, step)
            }
            switch found {
            case .node, .object: value = found
            default: return (value, step)
            }
        }
        return (value, steps.upperBound - 1)
    }

    mutating func evaluatePath(
        _ place: Int32, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        let node = code.nodes[Int(place)]
        let steps = node.list.range
        if node.flags.contains(.isPlainPath), let value = try plainPath(steps, input, frame) {
            return value
        }
        var (sequence, first) = try leadingNames(steps, input)
        let startsAtVariable =
            first == steps.lowerBound && code.nodes[Int(code.lists[first])].kind == .variable
        if startsAtVariable || !isArray(sequence) {
            sequence = makeArray(single: sequence, .isSequence)
        }
        var result = Value.undefined
        var bindings: Value?
        var isTupleStream = false
        var single: Value?
        for entry in first..<steps.upperBound {
            let step = code.lists[entry]
            let flags = code.nodes[Int(step)].flags
            if flags.contains(.isTuple) { isTupleStream = true }
            single = nil
            if entry == steps.lowerBound, flags.contains(.isConsArray) {
                let value = try evaluate(step, sequence, frame)
                if case .array = value { result = value } else { single = value }
            } else if isTupleStream {
                bindings = try evaluateTupleStep(step, sequence, bindings, frame)
            } else {
                result = try evaluateStep(
                    step, sequence, frame, isLast: entry == steps.upperBound - 1)
            }
            if !isTupleStream {
                if let single {
                    if single.isUndefined || isEmptyString(single) { break }
                } else if count(of: result) ?? 0 == 0 {
                    break
                }
            }
            let detail = code.nodes[Int(step)].detail
            if detail < 0 || code.details[Int(detail)].focus < 0 {
                if let single {
                    sequence = try parts(of: single)
                } else if case .undefined = result {
                    sequence = makeArray(cells.count, .isSequence)
                } else {
                    sequence = result
                }
            }
        }
        let group = node.detail < 0 ? -1 : code.details[Int(node.detail)].group
        if let single, !isTupleStream {
            return group < 0 ? single : try evaluateGroup(group, single, frame)
        }
        if isTupleStream, let bindings {
            result = node.flags.contains(.isTuple) ? bindings : contexts(of: bindings)
        }
        if node.flags.contains(.keepSingletonArray) { result = keepingSingleton(result) }
        if group >= 0 {
            return try evaluateGroup(
                group, isTupleStream ? bindings ?? result : result, frame)
        }
        return result
    }

    private func isEmptyString(_ value: Value) -> Bool {
        if case .string(let range) = value { return range.count == 0 }
        return false
    }

    /// What an array constructor's predicate left, as the input of the next step: the reference counts its
    /// places, of which a text has its code units, and anything else that is no array has none.
    private mutating func parts(of value: Value) throws(JSONataError) -> Value {
        guard let text = string(of: value) else { return makeArray(cells.count) }
        try checkRoom(text.utf8.count * 16)
        let base = stack.count
        for part in try Text.split(text, "", limit: nil) { stack.append(makeString(part)) }
        return takeArray(from: base)
    }

    private mutating func contexts(of bindings: Value) -> Value {
        let start = cells.count
        guard var items = cursor(of: bindings) else { return bindings }
        while let item = next(&items) { cells.append(context(of: item)) }
        return makeArray(start, .isSequence)
    }

    private mutating func keepingSingleton(_ value: Value) -> Value {
        guard case .array(let array) = value else { return value }
        let flags = arrays[Int(array)].flags
        if flags.contains(.isCons), !flags.contains(.isSequence) {
            return makeArray(single: value, [.isSequence, .keepSingleton])
        }
        arrays[Int(array)].flags.insert(.keepSingleton)
        return value
    }

    func context(of item: Value) -> Value {
        if case .tuple(let tuple) = item { return tuples[Int(tuple)].context }
        return item
    }

    private mutating func evaluateStep(
        _ step: Int32, _ input: Value, _ frame: Int32, isLast: Bool
    ) throws(JSONataError) -> Value {
        let node = code.nodes[Int(step)]
        if node.kind == .sort {
            return try evaluateStages(step, try evaluateSort(step, input, frame), frame)
        }
        if node.flags.contains(.isPlainName) {
            return try evaluateName(node.literal, input, isLast: isLast)
        }
        guard var items = cursor(of: input) else { return .undefined }
        let base = stack.count
        let stages = node.detail < 0 ? 0..<0 : code.details[Int(node.detail)].stages.range
        while let item = next(&items) {
            var value = try evaluate(step, item, frame)
            for stage in stages where code.stages[stage].predicate >= 0 {
                value = try filter(code.stages[stage].predicate, value, frame)
            }
            if !value.isUndefined { stack.append(value) }
        }
        return try takeStep(from: base, isLast: isLast)
    }

    /// The member `name` of each item, arrays flattened by one level.
    private mutating func evaluateName(
        _ name: Value, _ input: Value, isLast: Bool
    ) throws(JSONataError) -> Value {
        guard case .string(let key) = name, var items = cursor(of: input) else {
            return .undefined
        }
        try self.step(items.left)
        let base = stack.count
        while let item = next(&items) {
            var value = Value.undefined
            switch item {
            case .undefined, .null, .bool, .number, .string, .function, .thunk: continue
            default: break
            }
            if case .node(let document, let index) = item {
                let found = documentMember(document, index, key)
                if found >= 0 {
                    value = self.value(document, found)
                } else if isArray(item) {
                    value = try lookup(item, name)
                }
            } else {
                value = try lookup(item, name)
            }
            value = withoutSequence(value)
            if !value.isUndefined { stack.append(value) }
        }
        return try takeStep(from: base, isLast: isLast)
    }

    /// The results of a step from `base` on as one sequence: arrays flattened by one level, but a single
    /// result of the last step that is an array of the data as it is.
    private mutating func takeStep(from base: Int, isLast: Bool) throws(JSONataError) -> Value {
        let end = stack.count
        if isLast, end == base + 1, isArray(stack[base]),
            !flags(of: stack[base]).contains(.isSequence)
        {
            return stack.removeLast()
        }
        if end == base + 1, case .array(let array) = stack[base],
            arrays[Int(array)].flags.isDisjoint(with: [.isCons, .isRange])
        {
            // One array alone: its items are the sequence.
            let header = arrays[Int(array)]
            stack.removeLast()
            try checkSequence(header.count)
            arrays.append(
                ArrayHeader(start: header.start, count: header.count, flags: .isSequence))
            return .array(Int32(truncatingIfNeeded: arrays.count - 1))
        }
        var hasArrays = false
        for place in base..<end where isArray(stack[place]) { hasArrays = true }
        guard hasArrays else {
            try checkSequence(end - base)
            return takeArray(from: base, .isSequence)
        }
        for place in base..<end {
            let value = stack[place]
            if !flags(of: value).contains(.isCons), var items = cursor(of: value) {
                while let item = next(&items) { stack.append(item) }
            } else {
                stack.append(value)
            }
        }
        try checkSequence(stack.count - end)
        let result = takeArray(from: end, .isSequence)
        stack.truncate(to: base)
        return result
    }

    /// A sequence as `evaluate` gives it: none of nothing, its only item for one.
    private func withoutSequence(_ value: Value) -> Value {
        guard case .array(let array) = value else { return value }
        let header = arrays[Int(array)]
        guard header.flags.contains(.isSequence), !header.flags.contains(.keepSingleton) else {
            return value
        }
        if header.count == 0 { return .undefined }
        return header.count == 1 ? cells[header.start] : value
    }

    mutating func checkSequence(_ count: Int) throws(JSONataError) {
        if count > limits.sequenceLengthMax { throw JSONataError("D2015") }
        try allocate(count * 24)
    }

    mutating func evaluateStages(
        _ step: Int32, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        let detail = code.nodes[Int(step)].detail
        guard detail >= 0 else { return input }
        var result = input
        for entry in code.details[Int(detail)].stages.range {
            let stage = code.stages[entry]
            if stage.predicate >= 0 {
                let value = try filter(stage.predicate, result, frame)
                if isArray(value) { result = value }
            } else if stage.index >= 0, var items = cursor(of: result) {
                var place = 0
                while let item = next(&items) {
                    if case .tuple(let tuple) = item {
                        bindTuple(tuple, stage.index, .number(Double(place)))
                    }
                    place += 1
                }
            }
        }
        return result
    }

    /// Items of `input` that the predicate picks, by number or by truth.
    mutating func filter(
        _ predicate: Int32, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        let isTuples = flags(of: input).contains(.isTupleStream)
        let resultFlags: ArrayHeader.Flags = isTuples ? [.isSequence, .isTupleStream] : .isSequence
        // Nothing is one missing item here: a predicate that is true for it keeps it.
        var items = cursorOrSingle(input)
        let count = items.left
        if case .number(let number) = code.nodes[Int(predicate)].literal,
            code.nodes[Int(predicate)].kind == .literal
        {
            guard let place = Self.place(number, count) else {
                return makeArray(cells.count, resultFlags)
            }
            for _ in 0..<place { _ = next(&items) }
            guard let item = next(&items), !item.isUndefined else {
                return makeArray(cells.count, resultFlags)
            }
            return isArray(item) ? item : makeArray(single: item, resultFlags)
        }
        let base = stack.count
        var place = 0
        while let item = next(&items) {
            let value: Value
            if isTuples, case .tuple(let tuple) = item {
                let marks = markFrames()
                value = try evaluate(
                    predicate, tuples[Int(tuple)].context, makeFrame(frame, with: item))
                releaseFrames(to: marks)
            } else {
                value = try evaluate(predicate, item, frame)
            }
            if case .bool(let keeps) = value {
                if keeps { stack.append(item) }
            } else if let times = try picks(value, place, count) {
                for _ in 0..<times { stack.append(item) }
            } else if try truth(value) {
                stack.append(item)
            }
            place += 1
        }
        return takeArray(from: base, resultFlags)
    }

    /// How often a number, or an array of numbers alone, names the place; nil for anything else.
    private func picks(_ value: Value, _ place: Int, _ count: Int) throws(JSONataError) -> Int? {
        if let number = number(of: value) {
            return Self.place(try finite(number), count) == place ? 1 : 0
        }
        guard var items = cursor(of: value) else { return nil }
        var times = 0
        var rest = items
        while let item = next(&rest) {
            guard let number = number(of: item) else { return nil }
            _ = try finite(number)
        }
        while let item = next(&items), let number = number(of: item) {
            if Self.place(number, count) == place { times += 1 }
        }
        return times
    }

    /// The index that a number means, counted from the end when negative; nil outside.
    private static func place(_ number: Double, _ count: Int) -> Int? {
        let floor = number.rounded(.down)
        let place = floor < 0 ? Double(count) + floor : floor
        return place >= 0 && place < Double(count) ? Int(place) : nil
    }

    /// Numbers out of range are an error when they are used, not when they arise.
    func finite(_ number: Double) throws(JSONataError) -> Double {
        if number.isInfinite { throw JSONataError("D1001", value: ScriptNumber.string(number)) }
        return number
    }
}
