internal import JSON

extension Evaluator {
    /// Applies a transform to a copy of `input`.
    ///
    /// Of a received document only the objects that change and those around them are copied; everything
    /// else stays a reference to the received bytes.
    mutating func transform(
        _ input: Value, _ place: Int32, _ frame: Int32
    ) throws(JSONataError) -> Value {
        let node = code.nodes[Int(place)]
        guard !input.isUndefined, node.lhs >= 0, node.rhs >= 0 else { return .undefined }
        // The language copies with `$clone`, which an expression may have hidden.
        let clone = code.existing("clone").flatMap { lookupVariable($0, frame) }
        guard kind(of: clone ?? functions.value("clone")) == .function else {
            throw JSONataError("T2013", position: Int(node.position))
        }
        if case .node(let document, let root) = input {
            let matches = try evaluate(node.lhs, input, frame)
            if let changed = try transformShared(document, Int(root), matches, node, frame) {
                return changed
            }
        }
        let copy = try deepCopy(input)
        let matches = try evaluate(node.lhs, copy, frame)
        if matches.isUndefined { return copy }
        var items = cursorOrSingle(matches)
        while let match = next(&items) { try change(match, node, frame) }
        return copy
    }

    /// The same on a document's own places; nil when matches lie inside one another or elsewhere, so
    /// that one change could be seen by another.
    private mutating func transformShared(
        _ document: Int32, _ root: Int, _ matches: Value, _ node: Code.Node, _ frame: Int32
    ) throws(JSONataError) -> Value? {
        let source = documents[document]
        if matches.isUndefined { return .node(document: document, index: Int32(root)) }
        var places: [Int] = []
        var items = cursorOrSingle(matches)
        while let match = next(&items) {
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
        var changed: [Int: Value] = [:]
        for place in places {
            let original = Value.node(document: document, index: Int32(place))
            guard let object = try object(of: original) else { return nil }
            try change(.object(object), node, frame)
            changed[place] = .object(object)
        }
        return try rebuild(document, root, sorted[...], changed)
    }

    /// The value at `index` with the changed objects in place of the received ones.
    private mutating func rebuild(
        _ document: Int32, _ index: Int, _ places: ArraySlice<Int>, _ changed: [Int: Value]
    ) throws(JSONataError) -> Value {
        if let value = changed[index] { return value }
        let source = documents[document]
        let end = source.next(after: index)
        let inside = places.drop { $0 < index }.prefix { $0 < end }
        if inside.isEmpty { return value(document, index) }
        try step()
        var entry = source.firstChild(of: index)
        if source.kind(at: index) == .array {
            let base = stack.count
            while entry < end {
                let item = try rebuild(document, entry, inside, changed)
                stack.append(item)
                entry = source.next(after: entry)
            }
            return takeArray(from: base)
        }
        guard
            let object = try object(
                of: .node(document: document, index: Int32(truncatingIfNeeded: index)))
        else { return .undefined }
        let isPlain = source.hasPlainMembers(at: index)
        var member = 0
        while entry < end {
            let next = source.next(after: entry + 1)
            if inside.contains(where: { $0 > entry && $0 < next }) {
                let value = try rebuild(document, entry + 1, inside, changed)
                if isPlain {
                    // Members lie in the object as in the document.
                    cells[objects[Int(object)].start + 2 * member + 1] = value
                } else {
                    set(object, makeText(source.string(at: entry)), value)
                }
            } else if !isPlain {
                set(object, makeText(source.string(at: entry)), value(document, entry + 1))
            }
            entry = next
            member += 1
        }
        return .object(object)
    }

    /// Merges the update into `match` and removes what is to be deleted.
    private mutating func change(
        _ match: Value, _ node: Code.Node, _ frame: Int32
    ) throws(JSONataError) {
        let new = try evaluate(node.rhs, match, frame)
        if !new.isUndefined {
            guard kind(of: new) == .object, let update = try object(of: new) else {
                throw JSONataError(
                    "T2011", position: Int(code.nodes[Int(node.rhs)].position),
                    value: plainText(new))
            }
            if case .object(let object) = match {
                for place in order(of: update) {
                    // An object must not come to lie within itself.
                    var value = try resolve(update, place)
                    if try holds(value, object) { value = try deepCopy(value) }
                    set(object, key(update, place), value)
                }
            }
        }
        guard node.third >= 0 else { return }
        let names = try evaluate(node.third, match, frame)
        if names.isUndefined { return }
        var items = cursorOrSingle(names)
        while let name = next(&items) {
            guard let key = textRange(of: name) else {
                throw JSONataError(
                    "T2012", position: Int(code.nodes[Int(node.third)].position),
                    value: plainText(names))
            }
            if case .object(let object) = match { remove(object, key) }
        }
    }

    /// Whether `object` lies somewhere in what was made for `value`.
    private mutating func holds(
        _ value: Value, _ object: Int32, depth: Int = 0
    ) throws(JSONataError) -> Bool {
        try step()
        guard depth < 600 else { throw JSONataError("U1001", value: "depth") }
        switch value {
        case .object(let other):
            if other == object { return true }
            let header = objects[Int(other)]
            for place in 0..<header.count {
                let member = cells[header.start + 2 * place + 1]
                if try holds(member, object, depth: depth + 1) { return true }
            }
        case .array:
            guard !flags(of: value).contains(.isRange), var items = cursor(of: value) else {
                return false
            }
            while let item = next(&items) {
                if try holds(item, object, depth: depth + 1) { return true }
            }
        default: break
        }
        return false
    }

    /// A copy whose objects and arrays may be changed.
    mutating func deepCopy(_ value: Value, depth: Int = 0) throws(JSONataError) -> Value {
        try step()
        guard depth < 600 else { throw JSONataError("U1001", value: "depth") }
        if var items = cursor(of: value) {
            let base = stack.count
            while let item = next(&items) {
                let copy = try deepCopy(item, depth: depth + 1)
                stack.append(copy)
            }
            try allocate((stack.count - base) * 24)
            return takeArray(from: base)
        }
        guard let source = try object(of: value) else { return value }
        let count = objects[Int(source)].count
        let copy = makeObject(capacity: count)
        objects[Int(copy)].hasIndexKeys = objects[Int(source)].hasIndexKeys
        for place in order(of: source) {
            let member = try resolve(source, place)
            append(copy, key(source, place), try deepCopy(member, depth: depth + 1))
        }
        try allocate(count * 64)
        return .object(copy)
    }
}
