internal import JSON

/// Constructors of arrays and objects, and grouping.
extension Evaluator {
    mutating func evaluateArray(
        _ place: Int32, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        // Like the reference's `append`: the first array appended to nothing keeps its flags out.
        let node = code.nodes[Int(place)]
        let flags: ArrayHeader.Flags = node.flags.contains(.isConsArray) ? .isCons : []
        let base = stack.count
        for entry in node.list.range {
            let item = code.lists[entry]
            let value = try evaluate(item, input, frame)
            if value.isUndefined { continue }
            if node.list.count == 1, case .array(let array) = value,
                arrays[Int(array)].flags.contains(.isRange)
            {
                var header = arrays[Int(array)]
                header.flags = flags.union(.isRange)
                arrays.append(header)
                return .array(Int32(truncatingIfNeeded: arrays.count - 1))
            }
            if code.nodes[Int(item)].kind != .arrayConstructor, var items = cursor(of: value) {
                while let item = next(&items) { stack.append(item) }
            } else {
                stack.append(value)
            }
        }
        try checkSequence(stack.count - base)
        return try checkHeight(takeArray(from: base, flags))
    }

    /// An object constructor; over several items, values with equal keys are grouped.
    mutating func evaluateGroup(
        _ place: Int32, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        let node = code.nodes[Int(place)]
        if node.flags.contains(.hasLiteralKeys), !isArray(input) {
            return try evaluateObject(node.list.range, input, frame)
        }
        let isTuples = flags(of: input).contains(.isTupleStream)
        var items = cursorOrSingle(input)
        if items.left == 0, !isTuples { items = cursorOrSingle(.undefined) }
        if node.flags.contains(.hasLiteralKeys), !isTuples {
            // Each item has the same keys: one group, whose values all pairs have.
            return try evaluateObject(node.list.range, joined(items), frame)
        }
        // The values of each key are a list through `entries`; members of `order` hold where it is.
        var groups = Groups()
        let order = makeObject(capacity: 8)
        while let item = next(&items) {
            let marks = markFrames()
            let inner = isTuples ? makeFrame(frame, with: item) : frame
            for pair in stride(from: 0, to: Int(node.list.count), by: 2) {
                let entry = Int(node.list.start) + pair
                let value = try evaluate(
                    code.lists[entry], isTuples ? context(of: item) : item, inner)
                if value.isUndefined { continue }
                guard let key = textRange(of: value) else {
                    throw JSONataError(
                        "T1003", position: Int(node.position), value: plainText(value))
                }
                try checkKey(key, node)
                if let member = self.place(of: key, in: order) {
                    guard groups.heads[member].pair == pair else {
                        throw JSONataError(
                            "D1009", position: Int(node.position), value: string(key))
                    }
                    groups.append(item, to: member)
                } else {
                    set(order, key, .null)
                    groups.begin(item, pair)
                }
            }
            releaseFrames(to: marks)
        }
        return try evaluateGroups(groups, order, node, isTuples, frame)
    }

    /// Items as the value of one group: appended to the first one, as `evaluateGroups` has it.
    private mutating func joined(_ items: Cursor) -> Value {
        var items = items
        let start = cells.count
        var isList = false
        var isFirst = true
        while let item = next(&items) {
            if isFirst {
                cells.append(item)
            } else {
                appendFurther(item, &isList)
            }
            isFirst = false
        }
        return isList ? makeArray(start) : cells[start]
    }

    /// Adds an item that is not the first: with it, what is there becomes a list of items.
    private mutating func appendFurther(_ item: Value, _ isList: inout Bool) {
        if item.isUndefined { return }
        if !isList, let first = cells.popLast(), !first.isUndefined {
            isList = true
            appendItems(of: first)
        }
        if isList { appendItems(of: item) } else { cells.append(item) }
    }

    private func checkKey(_ key: TextRange, _ node: Code.Node) throws(JSONataError) {
        guard key.count == 15 || key.count == 17 else { return }
        let text = string(key)
        if text == "_jsonata_lambda" || text == "_jsonata_function" {
            throw JSONataError("D1013", position: Int(node.position), value: text)
        }
    }

    /// Items by the key that they gave.
    private struct Groups {
        struct Head {
            let pair: Int
            let first: Int
            var last: Int
        }

        var heads: [Head] = []
        var entries: [(item: Value, next: Int)] = []

        mutating func begin(_ item: Value, _ pair: Int) {
            heads.append(Head(pair: pair, first: entries.count, last: entries.count))
            entries.append((item, -1))
        }

        mutating func append(_ item: Value, to member: Int) {
            entries[heads[member].last].next = entries.count
            heads[member].last = entries.count
            entries.append((item, -1))
        }
    }

    private mutating func evaluateGroups(
        _ groups: Groups, _ order: Int32, _ node: Code.Node, _ isTuples: Bool, _ frame: Int32
    ) throws(JSONataError) -> Value {
        let result = makeObject(capacity: objects[Int(order)].count)
        for member in self.order(of: order) {
            let head = groups.heads[member]
            let start = cells.count
            var entry = head.first
            // Items are appended to the first one: once there is another, an array counts as its items.
            var isList = isTuples
            while entry >= 0 {
                let item = groups.entries[entry].item
                if isTuples || entry == head.first {
                    cells.append(item)
                } else {
                    appendFurther(item, &isList)
                }
                entry = groups.entries[entry].next
            }
            let value = try evaluateGroupValue(
                code.lists[Int(node.list.start) + head.pair + 1],
                Cursor(document: Cursor.cells, place: start, left: cells.count - start),
                isTuples ? nil : isList, frame)
            if !value.isUndefined { set(result, key(order, member), value) }
        }
        try allocate(objects[Int(result)].count * 64)
        return try checkHeight(.object(result))
    }

    /// An object constructor with written-out keys over one item: nothing is to be grouped.
    private mutating func evaluateObject(
        _ pairs: Range<Int>, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        let object = makeObject(capacity: pairs.count / 2)
        var isFlat = true
        for pair in stride(from: pairs.lowerBound, to: pairs.upperBound, by: 2) {
            let value = try evaluate(code.lists[pair + 1], input, frame)
            if value.isUndefined { continue }
            if isMade(value) { isFlat = false }
            if case .string(let key) = code.nodes[Int(code.lists[pair])].literal {
                append(object, key, value)
            }
        }
        try allocate(objects[Int(object)].count * 64)
        guard isFlat else { return try checkHeight(.object(object)) }
        objects[Int(object)].height = 1
        return .object(object)
    }

    private mutating func appendItems(of value: Value) {
        guard var items = cursor(of: value) else {
            cells.append(value)
            return
        }
        while let item = next(&items) { cells.append(item) }
    }

    private mutating func evaluateGroupValue(
        _ place: Int32, _ data: Cursor, _ isList: Bool?, _ frame: Int32
    ) throws(JSONataError) -> Value {
        // Tuples are neither a list nor one value.
        if let isList {
            return try evaluate(
                place, isList ? makeArray(data.place) : cells[data.place], frame)
        }
        let merged = try mergeTuples(data)
        if data.left == 1, case .tuple(let tuple) = cells[data.place] {
            // The reference takes the context out of the tuple itself: a group made by another pair of
            // the same tuple is left without one.
            tuples[Int(tuple)].context = .undefined
        }
        let marks = markFrames()
        let value = try evaluate(
            place, tuples[Int(merged)].context, makeFrame(frame, with: .tuple(merged)))
        releaseFrames(to: marks)
        return value
    }

    /// `$append`: both as arrays, one after the other; a missing one leaves the other as it is.
    mutating func appended(_ left: Value, _ right: Value) throws(JSONataError) -> Value {
        if left.isUndefined { return right }
        if right.isUndefined { return left }
        let start = cells.count
        var items = cursor(of: left)
        if items == nil { cells.append(left) }
        while var rest = items, let item = next(&rest) {
            items = rest
            cells.append(item)
        }
        items = cursor(of: right)
        if items == nil { cells.append(right) }
        while var rest = items, let item = next(&rest) {
            items = rest
            cells.append(item)
        }
        return makeArray(start)
    }
}

/// How deep values nest that expressions make. A tail call may wrap its value once more in every round,
/// and whatever walks through values (writing, comparing) recurses.
extension Evaluator {
    /// Arrays and objects inside each other; what is beyond stops with U1001.
    static let heightMax = 2_000

    /// A constructor's result, unless it nests too deep.
    mutating func checkHeight(_ value: Value) throws(JSONataError) -> Value {
        if height(of: value) > Self.heightMax { throw JSONataError("U1001", value: "depth") }
        return value
    }

    /// The height of what constructors made is known; between two of them only built-in functions can
    /// add levels, a few each, so that this recurses little. Documents count as flat: they were bounded
    /// when they were read.
    private mutating func height(of value: Value) -> Int32 {
        switch value {
        case .array(let array):
            let header = arrays[Int(array)]
            if header.height >= 0 { return header.height }
            if header.flags.contains(.isRange) { return 1 }
            var height: Int32 = 0
            for cell in header.start..<header.start + header.count where isMade(cells[cell]) {
                height = max(height, self.height(of: cells[cell]))
            }
            arrays[Int(array)].height = height + 1
            return height + 1
        case .object(let object):
            let header = objects[Int(object)]
            if header.height >= 0 { return header.height }
            var height: Int32 = 0
            for place in 0..<header.count {
                let member = cells[header.start + 2 * place + 1]
                if isMade(member) { height = max(height, self.height(of: member)) }
            }
            objects[Int(object)].height = height + 1
            return height + 1
        default: return 0
        }
    }

    /// Whether it has a height: spares most values a call.
    @inline(__always) private func isMade(_ value: Value) -> Bool {
        switch value {
        case .array, .object: true
        default: false
        }
    }
}
