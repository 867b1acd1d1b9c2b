internal import JSON

/// Members of objects in the order in which they are listed.
struct MemberOrder: Sequence, IteratorProtocol {
    private let places: [Int]?
    private let count: Int
    private var index = 0

    init(count: Int, places: [Int]? = nil) {
        self.count = count
        self.places = places
    }

    mutating func next() -> Int? {
        guard index < count else { return nil }
        defer { index += 1 }
        return places.map { $0[index] } ?? index
    }
}

extension Evaluator {
    /// Keys of objects with more members are found by an index.
    private static let scanMax = 32

    /// The number of a key that is a canonical array index (0 to 2^32 - 2), or nil.
    static func arrayIndex(_ key: some Collection<UInt8>) -> UInt32? {
        guard let first = key.first, first &- 0x30 < 10, key.count <= 10 else { return nil }
        guard first != 0x30 || key.count == 1 else { return nil }
        var number: UInt64 = 0
        for byte in key {
            guard byte &- 0x30 < 10 else { return nil }
            number = number * 10 + UInt64(byte - 0x30)
        }
        return number < UInt64(UInt32.max) ? UInt32(number) : nil
    }

    private func arrayIndex(_ key: TextRange) -> UInt32? {
        guard key.count > 0, key.count <= 10,
            withText(key, { $0[0] &- 0x30 < 10 })
        else { return nil }
        return Self.arrayIndex(string(key).utf8)
    }

    // MARK: Making

    mutating func makeObject(capacity: Int) -> Int32 {
        objects.append(ObjectHeader(start: cells.count, capacity: capacity))
        cells.append(repeating: .undefined, count: 2 * capacity)
        return Int32(truncatingIfNeeded: objects.count - 1)
    }

    /// An object of the members that keys and values in cells make up, with room for some more.
    mutating func makeObject(copying members: Span<Value>, room: Int) -> Int32 {
        objects.append(
            ObjectHeader(
                start: cells.count, count: members.count / 2, capacity: members.count / 2 + room))
        cells.append(members)
        cells.append(repeating: .undefined, count: 2 * room)
        return Int32(truncatingIfNeeded: objects.count - 1)
    }

    /// Gives an object the members of another one in place of its own, with room for some more.
    mutating func copyMembers(of source: Int32, to object: Int32, room: Int) {
        let header = objects[Int(source)]
        objects[Int(object)].start = cells.count
        objects[Int(object)].count = header.count
        objects[Int(object)].capacity = header.count + room
        objects[Int(object)].hasIndexKeys = header.hasIndexKeys
        cells.append(copying: header.start..<header.start + 2 * header.count)
        cells.append(repeating: .undefined, count: 2 * room)
    }

    /// Adds a member whose key is known to be new and to look like no array index.
    mutating func append(_ object: Int32, _ key: TextRange, _ value: Value) {
        let header = objects[Int(object)]
        if header.count == header.capacity { grow(object) }
        let place = objects[Int(object)].start + 2 * header.count
        cells[place] = .string(key)
        cells[place + 1] = value
        objects[Int(object)].count += 1
    }

    private mutating func grow(_ object: Int32) {
        let header = objects[Int(object)]
        let capacity = max(4, header.capacity * 2)
        let start = cells.count
        cells.append(copying: header.start..<header.start + 2 * header.count)
        cells.append(repeating: .undefined, count: 2 * (capacity - header.count))
        objects[Int(object)].start = start
        objects[Int(object)].capacity = capacity
    }

    /// Gives a member its value, a new one after the others.
    mutating func set(_ object: Int32, _ key: TextRange, _ value: Value) {
        if let place = self.place(of: key, in: object) {
            cells[objects[Int(object)].start + 2 * place + 1] = value
            return
        }
        if arrayIndex(key) != nil { objects[Int(object)].hasIndexKeys = true }
        let index = objects[Int(object)].index
        if index >= 0 {
            indexes[Int(index)][JSON.CodeUnits(string(key))] = objects[Int(object)].count
        }
        append(object, key, value)
    }

    mutating func set(_ object: Int32, _ key: String, _ value: Value) {
        set(object, makeText(key), value)
    }

    mutating func remove(_ object: Int32, _ key: TextRange) {
        guard let place = self.place(of: key, in: object) else { return }
        let header = objects[Int(object)]
        for cell in header.start + 2 * place..<header.start + 2 * (header.count - 1) {
            cells[cell] = cells[cell + 2]
        }
        objects[Int(object)].count -= 1
        objects[Int(object)].index = -1
    }

    // MARK: Reading

    func key(_ object: Int32, _ place: Int) -> TextRange {
        if case .string(let key) = cells[objects[Int(object)].start + 2 * place] { return key }
        return TextRange(TextRange.own, 0..<0)
    }

    /// The place of the member `key`, or nil.
    mutating func place(of key: TextRange, in object: Int32) -> Int? {
        let header = objects[Int(object)]
        if header.count > Self.scanMax {
            if header.index < 0 { makeIndex(object) }
            return indexes[Int(objects[Int(object)].index)][JSON.CodeUnits(string(key))]
        }
        for place in 0..<header.count {
            if case .string(let other) = cells[header.start + 2 * place], isEqual(other, key) {
                return place
            }
        }
        return nil
    }

    private mutating func makeIndex(_ object: Int32) {
        let count = objects[Int(object)].count
        var index: [JSON.CodeUnits: Int] = [:]
        index.reserveCapacity(count)
        for place in 0..<count { index[JSON.CodeUnits(string(key(object, place)))] = place }
        objects[Int(object)].index = Int32(truncatingIfNeeded: indexes.count)
        indexes.append(index)
    }

    /// Places in the order ECMAScript lists them: array indexes ascending, then by insertion
    /// (ECMA-262 §10.1.11).
    func order(of object: Int32) -> MemberOrder {
        let header = objects[Int(object)]
        guard header.hasIndexKeys else { return MemberOrder(count: header.count) }
        var indexed: [(number: UInt32, place: Int)] = []
        var rest: [Int] = []
        for place in 0..<header.count {
            if let number = arrayIndex(key(object, place)) {
                indexed.append((number, place))
            } else {
                rest.append(place)
            }
        }
        indexed.sort { $0.number < $1.number }
        return MemberOrder(count: header.count, places: indexed.map(\.place) + rest)
    }

    /// An object as one of the evaluation's own: a document's read one level deep; nil when it is none.
    mutating func object(of value: Value) throws(JSONataError) -> Int32? {
        switch value {
        case .object(let object): return object
        case .node(let document, let index):
            let source = documents[document]
            guard source.kind(at: Int(index)) == .object else { return nil }
            let count = source.count(of: Int(index))
            let isPlain = source.hasPlainMembers(at: Int(index))
            let object = makeObject(capacity: count)
            var entry = source.firstChild(of: Int(index))
            for _ in 0..<count {
                let key =
                    isPlain || source.isPlainString(at: entry)
                    ? TextRange(
                        TextRange.documents + document, source.textRange(at: entry))
                    : makeText(source.string(at: entry))
                let member = self.value(document, entry + 1)
                if isPlain { append(object, key, member) } else { set(object, key, member) }
                entry = source.next(after: entry + 1)
            }
            return object
        case .tuple(let tuple):
            let object = makeObject(capacity: 4)
            set(object, "@", tuples[Int(tuple)].context)
            for (name, value) in bindings(of: tuple) {
                set(object, code.names[Int(name)], value)
            }
            return object
        default: return nil
        }
    }

    /// The value of the member at a place, made when it is asked for first.
    mutating func resolve(_ object: Int32, _ place: Int) throws(JSONataError) -> Value {
        let cell = objects[Int(object)].start + 2 * place + 1
        guard case .lazy(let member) = cells[cell] else { return cells[cell] }
        let value = lazyValue(member)
        cells[objects[Int(object)].start + 2 * place + 1] = value
        return value
    }

    /// The member `name` of an object, or undefined.
    mutating func member(_ value: Value, _ name: TextRange) throws(JSONataError) -> Value {
        switch value {
        case .object(let object):
            guard let place = place(of: name, in: object) else { return .undefined }
            return try resolve(object, place)
        case .node(let document, let index):
            let found = documentMember(document, index, name)
            return found < 0 ? .undefined : self.value(document, found)
        case .tuple:
            guard let object = try object(of: value) else { return .undefined }
            return try member(.object(object), name)
        default: return .undefined
        }
    }

    mutating func member(_ value: Value, _ name: String) throws(JSONataError) -> Value {
        try member(value, makeText(name))
    }

    /// The entry of a member of an object of a document, or -1.
    @inline(__always) func documentMember(
        _ document: Int32, _ index: Int32, _ name: TextRange
    ) -> Int {
        let source = documents[document]
        return withText(name) { source.member(of: Int(index), key: $0) }
    }

    /// The member `name` of an object, or of every object in an array as a sequence.
    mutating func lookup(_ value: Value, _ name: Value) throws(JSONataError) -> Value {
        guard case .string(let key) = name else { return .undefined }
        guard var items = cursor(of: value) else { return try member(value, key) }
        let base = stack.count
        while let item = next(&items) {
            try step()
            let found = try lookup(item, name)
            if var inner = cursor(of: found) {
                while let part = next(&inner) { stack.append(part) }
            } else if !found.isUndefined {
                stack.append(found)
            }
        }
        try allocate((stack.count - base) * 24)
        return takeArray(from: base, .isSequence)
    }
}
