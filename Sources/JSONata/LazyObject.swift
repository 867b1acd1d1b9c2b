public import JSON

/// An object given to an evaluation whose members are made when an expression touches them, once.
///
///     let request = LazyObject(["path", "body"]) { place in
///         place == 0 ? "/hooks" : try? JSONValue(parsing: received)
///     }
///     let path = try Expression("path").evaluate(request)  // the body is not parsed
public struct LazyObject {
    /// The keys of lazy objects, prepared once for any number of them.
    ///
    ///     let keys = LazyObject.Keys(["path", "body"])
    ///     let other = LazyObject(keys) { place in .string(keys.names[place]) }
    public struct Keys: Sendable {
        /// In the order of the places that `make` is asked for.
        public private(set) var names: [String] = []
        /// The names one behind the other.
        fileprivate private(set) var text: [UInt8] = []
        fileprivate private(set) var hasIndexKeys = false

        /// - Parameter names: all different.
        public init(_ names: [String]) { append(names) }

        /// Adds keys, which are at the places behind the others.
        /// - Parameter new: different from all others.
        public mutating func append(_ new: [String]) {
            names.append(contentsOf: new)
            for name in new {
                text.append(contentsOf: name.utf8)
                if Evaluator.arrayIndex(name.utf8) != nil { hasIndexKeys = true }
            }
        }
    }

    private let keys: Keys
    private let make: (Int) -> JSONValue?

    /// - Parameters:
    ///   - keys: all different.
    ///   - make: the value of the key at a place, asked for at most once an evaluation; nil makes the
    ///     member undefined.
    public init(_ keys: [String], make: @escaping (Int) -> JSONValue?) {
        self.init(Keys(keys), make: make)
    }

    /// The same, with keys that were prepared.
    public init(_ keys: Keys, make: @escaping (Int) -> JSONValue?) {
        self.keys = keys
        self.make = make
    }

    /// The object as an evaluation's input.
    fileprivate func value(_ evaluator: inout Evaluator) -> Value {
        evaluator.input.make = make
        let object = evaluator.makeObject(capacity: keys.names.count)
        evaluator.objects[Int(object)].hasIndexKeys = keys.hasIndexKeys
        var start = evaluator.text.count
        evaluator.text.append(keys.text.span)
        for (place, name) in keys.names.enumerated() {
            let end = start + name.utf8.count
            let value = Value.lazy(Int32(truncatingIfNeeded: place))
            evaluator.input.made.append(value)
            evaluator.append(object, TextRange(TextRange.own, start..<end), value)
            start = end
        }
        return .object(object)
    }

    /// Whether a result's place holds what a copy of the input has there: the same key, and the same member
    /// that was not made.
    fileprivate func isUntouched(
        _ object: Int32, _ place: Int, _ input: Value, _ evaluator: borrowing Evaluator
    ) -> Bool {
        guard place < keys.names.count, case .object(let input) = input else { return false }
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
            place < keys.names.count && keys.names[place] == key
            ? place : keys.names.firstIndex(of: key)
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
