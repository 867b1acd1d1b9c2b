internal import JSON

/// Shortcuts through received documents, which their tape allows.
extension Evaluator {
    /// An object of a document whose members may be listed as they lie there.
    func plainBox(_ source: JSONDocument, _ document: Int32, _ index: Int) -> ObjectBox {
        let count = source.count(of: index)
        var keys: [String] = []
        var values: [Value] = []
        keys.reserveCapacity(count)
        values.reserveCapacity(count)
        var entry = source.firstChild(of: index)
        for _ in 0..<count {
            keys.append(source.string(at: entry))
            values.append(value(document, entry + 1))
            entry = source.next(after: entry + 1)
        }
        return ObjectBox(plain: keys, values)
    }

    /// A value of a document and all below it in document order, arrays left out but not their items;
    /// nil when some object's members have to be put in order first.
    func descendants(_ document: Int32, _ start: Int) throws(JSONataError) -> [Value]? {
        let source = documents[Int(document)]
        // A stack of its own: input may be nested more deeply than the thread's stack allows.
        var open: [(end: Int, isObject: Bool)] = []
        var result: [Value] = []
        var place = start
        while true {
            let kind = source.kind(at: place)
            if kind != .array { result.append(value(document, place)) }
            let end = source.next(after: place)
            if kind == .object || kind == .array, source.count(of: place) > 0 {
                if kind == .object, !source.hasPlainMembers(at: place) { return nil }
                open.append((end, kind == .object))
                place = source.firstChild(of: place)
            } else {
                place = end
            }
            try step()
            while let innermost = open.last, place == innermost.end { open.removeLast() }
            guard let innermost = open.last else { return result }
            // Members are a key's entry and a value's.
            if innermost.isObject { place += 1 }
        }
    }
}
