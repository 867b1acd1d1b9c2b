public import JSON

/// An object given to an evaluation whose members are made when an expression touches them, once.
public struct LazyObject {
    /// Shared by the members, so that an object costs one allocation a member.
    final class Source {
        let make: (Int) -> JSONValue?

        init(_ make: @escaping (Int) -> JSONValue?) { self.make = make }
    }

    private let keys: [String]
    private let source: Source

    /// - Parameters:
    ///   - keys: all different.
    ///   - make: the value of the key at a place, asked for at most once an evaluation; nil makes the
    ///     member undefined.
    public init(_ keys: [String], make: @escaping (Int) -> JSONValue?) {
        self.keys = keys
        source = Source(make)
    }

    /// The members as they are before anything touches them.
    fileprivate func members() -> [LazyMember] {
        keys.indices.map { LazyMember(source, $0) }
    }

    fileprivate func box(_ members: [LazyMember]) -> ObjectBox {
        if keys.contains(where: { ObjectBox.arrayIndex($0) != nil }) {
            let box = ObjectBox()
            for (key, member) in zip(keys, members) { box.set(key, .lazy(member)) }
            return box
        }
        return ObjectBox(plain: keys, members.map { .lazy($0) })
    }

    /// Whether a result has at `key` what the object had, made or not.
    fileprivate func holds(_ value: Value, at key: String, _ place: Int, _ members: [LazyMember])
        -> Bool
    {
        // A copy keeps the order: the same place is tried before the others.
        let found =
            place < keys.count && keys[place] == key ? place : keys.firstIndex(of: key)
        guard let found else { return false }
        switch (value, members[found].made) {
        case (.lazy(let member), _): return member === members[found]
        case (.object(let box), .object(let made)?): return box === made
        case (.array(let box), .array(let made)?): return box === made
        case (.node(let document, let index), .node(let madeDocument, let madeIndex)?):
            return document == madeDocument && index == madeIndex
        case (.string(let text), .string(let made)?): return text.hasSameCodeUnits(as: made)
        default: return false
        }
    }
}

extension Expression {
    /// The result for an object whose members are made when they are touched.
    public func evaluate(
        _ input: LazyObject, environment: EvaluationEnvironment = EvaluationEnvironment()
    ) throws(JSONataError) -> JSONValue? {
        let evaluator = Evaluator(limits: limits, environment: environment)
        return evaluator.json(try run(evaluator, .object(input.box(input.members())), [:]))
    }

    /// The same, but an object as result leaves out the members that it took over from the input under
    /// their own names: nothing is made or copied of them.
    ///
    ///     // {"a": …, "b": …}: only "c" comes back, and neither "a" nor "b" is made.
    ///     Expression("$merge([$, {'c': 1}])").changes(of: input)
    public func changes(
        of input: LazyObject, environment: EvaluationEnvironment = EvaluationEnvironment()
    ) throws(JSONataError) -> JSONValue? {
        let evaluator = Evaluator(limits: limits, environment: environment)
        let members = input.members()
        let result = try run(evaluator, .object(input.box(members)), [:])
        guard case .object(let box) = result else { return evaluator.json(result) }
        var changed: [JSONObject.Member] = []
        for place in box.order {
            let (key, value) = (box.keys[place], box.values[place])
            if input.holds(value, at: key, place, members) { continue }
            if let made = evaluator.json(try evaluator.resolve(box, place)) {
                changed.append((key, made))
            }
        }
        return .object(JSONObject(distinct: changed))
    }
}
