public import JSON

/// An object given to an evaluation whose members are made when an expression touches them, once.
public struct LazyObject {
    /// What the members of one evaluation share, so that a member costs no allocation of its own.
    final class Source {
        private let make: (Int) -> JSONValue?
        fileprivate private(set) var made: [Value?]

        fileprivate init(count: Int, _ make: @escaping (Int) -> JSONValue?) {
            self.make = make
            made = [Value?](repeating: nil, count: count)
        }

        /// The value of the member at a place, made when it is asked for first.
        func value(_ place: Int, _ evaluator: Evaluator) -> Value {
            if let value = made[place] { return value }
            let value = make(place).map { evaluator.value($0) } ?? .undefined
            made[place] = value
            return value
        }
    }

    private let keys: [String]
    private let make: (Int) -> JSONValue?

    /// - Parameters:
    ///   - keys: all different.
    ///   - make: the value of the key at a place, asked for at most once an evaluation; nil makes the
    ///     member undefined.
    public init(_ keys: [String], make: @escaping (Int) -> JSONValue?) {
        self.keys = keys
        self.make = make
    }

    fileprivate func source() -> Source { Source(count: keys.count, make) }

    fileprivate func box(_ source: Source) -> ObjectBox {
        if keys.contains(where: { ObjectBox.arrayIndex($0) != nil }) {
            let box = ObjectBox()
            for (place, key) in keys.enumerated() {
                box.set(key, .lazy(source, Int32(truncatingIfNeeded: place)))
            }
            return box
        }
        return ObjectBox(
            plain: keys, keys.indices.map { .lazy(source, Int32(truncatingIfNeeded: $0)) })
    }

    /// Whether a result has at `key` what the object had, made or not.
    fileprivate func holds(
        _ value: Value, at key: String, _ place: Int, _ source: Source
    ) -> Bool {
        // A copy keeps the order: the same place is tried before the others.
        let found =
            place < keys.count && keys[place] == key ? place : keys.firstIndex(of: key)
        guard let found else { return false }
        switch (value, source.made[found]) {
        case (.lazy(let owner, let member), _): return owner === source && member == found
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
        return evaluator.json(try run(evaluator, .object(input.box(input.source())), [:]))
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
        let source = input.source()
        let result = try run(evaluator, .object(input.box(source)), [:])
        guard case .object(let box) = result else { return evaluator.json(result) }
        var changed: [JSONObject.Member] = []
        for place in box.order {
            let (key, value) = (box.keys[place], box.values[place])
            if input.holds(value, at: key, place, source) { continue }
            if let made = evaluator.json(try evaluator.resolve(box, place)) {
                changed.append((key, made))
            }
        }
        return .object(JSONObject(distinct: changed))
    }
}
