internal import JSON

/// An evaluation's input when its members are made as they are touched.
struct LazyInput: ~Copyable {
    /// Parts asked for before all of a member is made after all: each leaves a text behind.
    private static let partsMax = 4

    /// Nil when the input is of another kind.
    private var members: (any LazyMembers)?
    /// Members that are made; those that were added are behind them.
    private var count = 0
    private var parts = 0
    /// What was made, `lazy` where nothing was yet.
    fileprivate(set) var made = Arena<Value>()

    init() {}

    fileprivate mutating func begin(_ members: any LazyMembers, _ count: Int, adding added: Int) {
        self.members = members
        self.count = count
        made.append(repeating: .lazy(0), count: count + added)
    }

    mutating func forget() {
        if members == nil { return }
        members = nil
        parts = 0
        made.forget()
    }

    fileprivate func member(at place: Int) -> JSONValue? {
        place < count ? members?.member(at: place) : members?.added[place - count].value
    }

    /// See `LazyMembers.part`; nil too when the member is there already.
    fileprivate mutating func part(_ key: String, ofMemberAt place: Int) -> JSONValue?? {
        guard place < count, parts < Self.partsMax, case .lazy = made[place],
            let part = members?.part(key, ofMemberAt: place)
        else { return nil }
        parts += 1
        return part
    }
}

extension Evaluator {
    /// An object as the input of an evaluation that has made nothing yet.
    mutating func value(_ lazy: LazyObject) -> Value {
        precondition(text.isEmpty)
        let (keys, added) = (lazy.members.keys, lazy.members.added)
        let (count, addedCount) = (keys.cells.count / 2, added.count)
        input.begin(lazy.members, count, adding: addedCount)
        keys.text.withSpan(0..<keys.text.count) { text.append($0) }
        let object = keys.cells.withSpan(0..<keys.cells.count) {
            makeObject(copying: $0, room: addedCount)
        }
        objects[Int(object)].hasIndexKeys = keys.hasIndexKeys
        for place in 0..<addedCount {
            let name = added[place].key
            if Self.arrayIndex(name.utf8) != nil { objects[Int(object)].hasIndexKeys = true }
            append(object, makeText(name), .lazy(Int32(truncatingIfNeeded: count + place)))
        }
        return .object(object)
    }

    /// The value of a member, made when it is asked for first.
    mutating func lazyValue(_ member: Int32) -> Value {
        guard case .lazy = input.made[Int(member)] else { return input.made[Int(member)] }
        var made = Value.undefined
        if let json = input.member(at: Int(member)) { made = value(json) }
        input.made[Int(member)] = made
        return made
    }

    /// What a member has under a name, without all of the member when that can be had; nil when the
    /// member itself has to be looked at.
    mutating func part(of member: Int32, _ name: Int32) -> Value? {
        guard name >= 0,
            let part = input.part(code.names[Int(name)], ofMemberAt: Int(member))
        else { return nil }
        return part.map { value($0) } ?? .undefined
    }

    /// Whether a result's place holds what the input has there: the same key, and the same member that
    /// was not made.
    func isUntouched(_ object: Int32, _ place: Int, _ input: Int32) -> Bool {
        guard place < objects[Int(input)].count else { return false }
        let cell = objects[Int(object)].start + 2 * place
        guard case .lazy(let member) = cells[cell + 1], member == place,
            case .string(let key) = cells[cell],
            case .string(let inputKey) = cells[objects[Int(input)].start + 2 * place]
        else { return false }
        return key.source == inputKey.source && key.start == inputKey.start
            && key.count == inputKey.count
    }

    /// Whether a value is what the input has at `key`, made or not.
    mutating func isMember(_ value: Value, at key: TextRange, of input: Int32) -> Bool {
        guard let place = place(of: key, in: input) else { return false }
        switch (value, self.input.made[place]) {
        case (.lazy(let member), _): return member == place
        case (.object(let object), .object(let made)): return object == made
        case (.array(let array), .array(let made)): return array == made
        case (.node(let document, let index), .node(let madeDocument, let madeIndex)):
            return document == madeDocument && index == madeIndex
        case (.string(let text), .string(let made)): return isEqual(text, made)
        default: return false
        }
    }
}
