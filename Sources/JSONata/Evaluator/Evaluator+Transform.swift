internal import JSON

extension Evaluator {
    /// Applies a transform to a copy of `input`.
    ///
    /// Of a received document only the objects that change and those around them are copied; everything
    /// else stays a reference to the received bytes.
    func transform(
        _ input: Value, _ node: Node, _ frame: Frame
    ) throws(JSONataError) -> Value {
        guard !input.isUndefined, let pattern = node.lhs, let update = node.rhs else {
            return .undefined
        }
        // The language copies with `$clone`, which an expression may have hidden.
        guard case .function = frame.lookup("clone") else {
            throw JSONataError("T2013", position: node.position)
        }
        if case .node(let document, let root) = input {
            let matches = try evaluate(pattern, input, frame)
            if let changed = try transformShared(
                document, Int(root), matches, update, node.third, frame)
            {
                return changed
            }
        }
        let copy = try deepCopy(input)
        let matches = try evaluate(pattern, copy, frame)
        if matches.isUndefined { return copy }
        for match in items(of: matches) ?? [matches] {
            try change(match, update, node.third, frame)
        }
        return copy
    }

    /// The same on a document's own places; nil when matches lie inside one another or elsewhere, so
    /// that one change could be seen by another.
    private func transformShared(
        _ document: Int32, _ root: Int, _ matches: Value, _ update: Node, _ deletion: Node?,
        _ frame: Frame
    ) throws(JSONataError) -> Value? {
        let source = documents[Int(document)]
        if matches.isUndefined { return .node(document: document, index: Int32(root)) }
        var places: [Int] = []
        for match in items(of: matches) ?? [matches] {
            guard case .node(document, let index) = match, index >= root,
                source.kind(at: Int(index)) == .object
            else { return nil }
            places.append(Int(index))
        }
        let sorted = places.sorted()
        for (place, next) in zip(sorted, sorted.dropFirst()) where next < source.next(after: place)
        {
            return nil
        }
        guard let last = sorted.last, last < source.next(after: root) else { return nil }
        var changed: [Int: ObjectBox] = [:]
        for place in places {
            let original = Value.node(document: document, index: Int32(place))
            let box = objectBox(of: original) ?? ObjectBox()
            try change(.object(box), update, deletion, frame)
            changed[place] = box
        }
        return try rebuild(document, root, sorted[...], changed)
    }

    /// The value at `index` with the changed objects in place of the received ones.
    private func rebuild(
        _ document: Int32, _ index: Int, _ places: ArraySlice<Int>, _ changed: [Int: ObjectBox]
    ) throws(JSONataError) -> Value {
        if let box = changed[index] { return .object(box) }
        let source = documents[Int(document)]
        let end = source.next(after: index)
        let inside = places.drop { $0 < index }.prefix { $0 < end }
        if inside.isEmpty { return value(document, index) }
        try step()
        if source.kind(at: index) == .array {
            var items: [Value] = []
            var entry = source.firstChild(of: index)
            while entry < end {
                items.append(try rebuild(document, entry, inside, changed))
                entry = source.next(after: entry)
            }
            return .array(ArrayBox(items))
        }
        let box = ObjectBox()
        var entry = source.firstChild(of: index)
        while entry < end {
            box.set(
                source.string(at: entry), try rebuild(document, entry + 1, inside, changed))
            entry = source.next(after: entry + 1)
        }
        return .object(box)
    }

    /// Merges the update into `match` and removes what is to be deleted.
    private func change(
        _ match: Value, _ update: Node, _ deletion: Node?, _ frame: Frame
    ) throws(JSONataError) {
        let new = try evaluate(update, match, frame)
        if !new.isUndefined {
            guard kind(of: new) == .object, let members = try members(of: new) else {
                throw JSONataError("T2011", position: update.position, value: new.plainText)
            }
            if case .object(let box) = match {
                for (key, value) in members {
                    // An object must not come to lie within itself.
                    box.set(key, try holds(value, box) ? try deepCopy(value) : value)
                }
            }
        }
        guard let deletion else { return }
        let names = try evaluate(deletion, match, frame)
        if names.isUndefined { return }
        for name in items(of: names) ?? [names] {
            guard let key = string(of: name) else {
                throw JSONataError("T2012", position: deletion.position, value: names.plainText)
            }
            if case .object(let box) = match { box.remove(key) }
        }
    }

    /// Whether `box` lies somewhere in what was made in memory for `value`.
    private func holds(
        _ value: Value, _ box: ObjectBox, depth: Int = 0
    ) throws(JSONataError) -> Bool {
        try step()
        guard depth < 600 else { throw JSONataError("U1001", value: "depth") }
        switch value {
        case .object(let other):
            if other === box { return true }
            for value in other.values where try holds(value, box, depth: depth + 1) { return true }
        case .array(let array):
            for item in array.items where try holds(item, box, depth: depth + 1) { return true }
        default: break
        }
        return false
    }

    /// A copy whose objects and arrays may be changed.
    func deepCopy(_ value: Value, depth: Int = 0) throws(JSONataError) -> Value {
        try step()
        guard depth < 600 else { throw JSONataError("U1001", value: "depth") }
        if let items = items(of: value) {
            var copies: [Value] = []
            copies.reserveCapacity(items.count)
            for item in items { copies.append(try deepCopy(item, depth: depth + 1)) }
            try allocate(copies.count * 24)
            return .array(ArrayBox(copies))
        }
        if kind(of: value) == .object, let members = try members(of: value) {
            let box = ObjectBox()
            for (key, value) in members { box.set(key, try deepCopy(value, depth: depth + 1)) }
            try allocate(members.count * 64)
            return .object(box)
        }
        return value
    }
}
