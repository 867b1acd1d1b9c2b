internal import JSON

/// Descendants, and shortcuts through received documents, which their tape allows.
extension Evaluator {
    mutating func evaluateDescendants(
        _ place: Int32, _ input: Value
    ) throws(JSONataError) -> Value {
        guard !input.isUndefined else { return .undefined }
        let start = cells.count
        if case .node(let document, let index) = input,
            try code.nodes[Int(place)].flags.contains(.findsObjects)
                ? objects(document, Int(index)) : descendants(document, Int(index))
        {
            try allocate((cells.count - start) * 24)
            return cells.count == start + 1 ? cells[start] : makeArray(start, .isSequence)
        }
        cells.truncate(to: start)
        // A stack of its own: input may be nested more deeply than the thread's stack allows.
        var waiting = [input]
        let base = stack.count
        while let value = waiting.popLast() {
            try step()
            let first = waiting.count
            if var items = cursor(of: value) {
                while let item = next(&items) { waiting.append(item) }
            } else {
                stack.append(value)
                if let object = try object(of: value) {
                    for place in order(of: object) {
                        waiting.append(try resolve(object, place))
                    }
                }
            }
            waiting[first...].reverse()
        }
        try allocate((stack.count - base) * 24)
        if stack.count == base + 1 { return stack.removeLast() }
        return takeArray(from: base, .isSequence)
    }

    /// The same for objects alone: the tape has them in document order.
    private mutating func objects(_ document: Int32, _ start: Int) throws(JSONataError) -> Bool {
        let source = documents[document]
        let end = source.next(after: start)
        try step(end - start)
        for place in start..<end where source.kind(at: place) == .object {
            if !source.hasPlainMembers(at: place) { return false }
            cells.append(
                .node(document: document, index: Int32(truncatingIfNeeded: place)))
        }
        return true
    }

    /// Appends to `cells` a value of a document and all below it in document order, arrays left out but
    /// not their items; false when some object's members have to be put in order first.
    private mutating func descendants(_ document: Int32, _ start: Int) throws(JSONataError) -> Bool
    {
        let source = documents[document]
        // A stack of its own: input may be nested more deeply than the thread's stack allows.
        var open: [(end: Int, isObject: Bool)] = []
        var place = start
        while true {
            let kind = source.kind(at: place)
            if kind != .array { cells.append(value(document, place)) }
            let end = source.next(after: place)
            if kind == .object || kind == .array, source.count(of: place) > 0 {
                if kind == .object, !source.hasPlainMembers(at: place) { return false }
                open.append((end, kind == .object))
                place = source.firstChild(of: place)
            } else {
                place = end
            }
            try step()
            while let innermost = open.last, place == innermost.end { open.removeLast() }
            guard let innermost = open.last else { return true }
            // Members are a key's entry and a value's.
            if innermost.isObject { place += 1 }
        }
    }
}
