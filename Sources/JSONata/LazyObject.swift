public import JSON

/// An object given to an evaluation whose members are made when an expression touches them, once.
///
///     let request = LazyObject(["path", "body"]) { place in
///         place == 0 ? "/hooks" : try? JSONValue(parsing: received)
///     }
///     let path = try Expression("path").evaluate(request)  // the body is not parsed
public struct LazyObject {
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

    /// The object as an evaluation's input.
    fileprivate func value(_ evaluator: inout Evaluator) -> Value {
        evaluator.input.make = make
        let object = evaluator.makeObject(capacity: keys.count)
        for (place, key) in keys.enumerated() {
            let value = Value.lazy(Int32(truncatingIfNeeded: place))
            evaluator.input.made.append(value)
            if Evaluator.arrayIndex(key.utf8) != nil {
                evaluator.objects[Int(object)].hasIndexKeys = true
            }
            evaluator.append(object, evaluator.makeText(key), value)
        }
        return .object(object)
    }

    /// Whether a result's place holds what a copy of the input has there: the same key, and the same member
    /// that was not made.
    fileprivate func isUntouched(
        _ object: Int32, _ place: Int, _ input: Value, _ evaluator: borrowing Evaluator
    ) -> Bool {
        guard place < keys.count, case .object(let input) = input else { return false }
        let cell = evaluator.objects[Int(object)].start + 2 * place
        let inputCell = evaluator.objects[Int(input)].start + 2 * place
        guard case .lazy(let member) = evaluator.cells[cell + 1], member == place,
            case .string(let key) = evaluator.cells[cell],
            case .string(let inputKey) = evaluator.cells[inputCell]
        else { return false }
        return key.source == inputKey.source && key.start == inputKey.start
            && key.count == inputKey.count
    }

    /// Whether a result has at `key` what the object had, made or not.
    fileprivate func holds(
        _ value: Value, at key: String, _ place: Int, _ evaluator: borrowing Evaluator
    ) -> Bool {
        // A copy keeps the order: the same place is tried before the others.
        let found =
            place < keys.count && keys[place] == key ? place : keys.firstIndex(of: key)
        guard let found else { return false }
        switch (value, evaluator.input.made[found]) {
        case (.lazy(let member), _): return member == found
        case (.object(let object), .object(let made)): return object == made
        case (.array(let array), .array(let made)): return array == made
        case (.node(let document, let index), .node(let madeDocument, let madeIndex)):
            return document == madeDocument && index == madeIndex
        case (.string(let text), .string(let made)): return evaluator.isEqual(text, made)
        default: return false
        }
    }
}

extension Expression {
    /// The result for an object whose members are made when they are touched.
    public func evaluate(
        _ input: LazyObject, environment: EvaluationEnvironment = EvaluationEnvironment()
    ) throws(JSONataError) -> JSONValue? {
        try evaluated(environment) { (evaluator) throws(JSONataError) in
            let value = input.value(&evaluator)
            let result = try run(&evaluator, value, [:])
            return try evaluator.json(result)
        }
    }

    /// The same, but an object as result leaves out the members that it took over from the input under
    /// their own names: nothing is made or copied of them.
    ///
    ///     // {"a": …, "b": …}: only "c" comes back, and neither "a" nor "b" is made.
    ///     let changes = try Expression("$merge([$, {'c': 1}])").changes(of: input)
    public func changes(
        of input: LazyObject, environment: EvaluationEnvironment = EvaluationEnvironment()
    ) throws(JSONataError) -> JSONValue? {
        try evaluated(environment) { (evaluator) throws(JSONataError) in
            let value = input.value(&evaluator)
            let result = try run(&evaluator, value, [:])
            guard case .object(let object) = result else { return try evaluator.json(result) }
            var changed: [JSONObject.Member] = []
            for place in evaluator.order(of: object)
            where !input.isUntouched(object, place, value, evaluator) {
                let key = evaluator.string(evaluator.key(object, place))
                let cell = evaluator.objects[Int(object)].start + 2 * place + 1
                if input.holds(evaluator.cells[cell], at: key, place, evaluator) { continue }
                let value = try evaluator.resolve(object, place)
                if let made = try evaluator.json(value) { changed.append((key, made)) }
            }
            return .object(JSONObject(distinct: changed))
        }
    }
}
