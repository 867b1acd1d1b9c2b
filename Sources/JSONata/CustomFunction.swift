public import JSON

/// A function that a user of the library adds to the language.
///
///     let double = CustomFunction("double", signature: "<n-:n>", arity: 1) {
///         (arguments, _) throws(JSONataError) in
///         guard let number = arguments[0]?.doubleValue else { return nil }
///         return .number(JSONNumber(number * 2))
///     }
///     let expression = try Expression("$double(price)", functions: [double])
///
/// It must be pure but for what the environment gives it, and bound its own work: the limits of an
/// evaluation count the call, not what happens inside.
public struct CustomFunction: Sendable {
    /// How expressions call it, without the dollar.
    public let name: String
    let native: NativeFunction

    /// A function of values.
    ///
    /// - Parameters:
    ///   - name: without the dollar; a built-in function of that name is replaced.
    ///   - signature: its types, as `<s-n?:s>`; nil takes anything. One that cannot be read takes anything.
    ///   - arity: how many arguments it takes at most, as higher-order functions see it.
    ///   - body: gets the arguments, nil for a missing one, and the environment; nil gives undefined.
    ///     A function among the arguments arrives as an empty string.
    public init(
        _ name: String, signature: String? = nil, arity: Int,
        body:
            @escaping @Sendable ([JSONValue?], EvaluationEnvironment) throws(JSONataError) ->
            JSONValue?
    ) {
        self.init(name, signature: signature, arity: arity) {
            (call: inout Call) throws(JSONataError) in
            try body(call.arguments, call.environment)
        }
    }

    /// A function that may call functions among its arguments.
    ///
    /// - Parameters:
    ///   - name: without the dollar.
    ///   - signature: its types, as `<af:a>`; nil takes anything.
    ///   - arity: how many arguments it takes at most.
    ///   - body: gets the call; nil gives undefined.
    public init(
        _ name: String, signature: String? = nil, arity: Int,
        calling body: @escaping @Sendable (inout Call) throws(JSONataError) -> JSONValue?
    ) {
        self.name = name
        native = NativeFunction(name, signature, arity: arity) {
            (evaluator, arguments, context) throws(JSONataError) in
            let values = (0..<arguments.count).map { evaluator.argument(arguments, $0) }
            var given: [JSONValue?] = []
            for value in values { given.append(try evaluator.json(value)) }
            var call = Call(
                arguments: given, values: values, evaluator: evaluator, frame: context.frame)
            // What it did to the evaluation stays, also when it failed.
            let result: Result<JSONValue?, JSONataError>
            do throws(JSONataError) { result = .success(try body(&call)) } catch {
                result = .failure(error)
            }
            evaluator = call.finish()
            guard let value = try result.get() else { return .undefined }
            return evaluator.value(value)
        }
    }

    /// One call of the function: what it is given and what it may do.
    ///
    ///     let twice = CustomFunction("twice", signature: "<fx:x>", arity: 2) {
    ///         (call: inout CustomFunction.Call) throws(JSONataError) in
    ///         let once = try call.call(0, call.arguments[1])
    ///         return try call.call(0, once)
    ///     }
    public struct Call: ~Copyable {
        /// The arguments; nil for a missing one, an empty string for a function.
        public let arguments: [JSONValue?]
        let values: [Value]
        var evaluator: Evaluator
        let frame: Int32

        consuming func finish() -> Evaluator { evaluator }

        /// Time and randomness.
        public var environment: EvaluationEnvironment { evaluator.environment }

        /// Whether the argument at a place is a function.
        public func isFunction(_ place: Int) -> Bool {
            place < values.count && evaluator.kind(of: values[place]) == .function
        }

        /// Calls the function at a place with as many of the arguments as it has parameters.
        ///
        /// - Returns: its result; nil for undefined.
        /// - Throws: its error, T1006 if it is no function, and the limits of the evaluation.
        public mutating func call(
            _ place: Int, _ first: JSONValue?, _ second: JSONValue? = nil,
            _ third: JSONValue? = nil
        ) throws(JSONataError) -> JSONValue? {
            guard isFunction(place) else { throw JSONataError(.t1006) }
            var given: [Value] = []
            for json in [first, second, third] {
                given.append(json.map { evaluator.value($0) } ?? .undefined)
            }
            let result = try evaluator.call(
                values[place], frame, fitting: given[0], given[1], given[2])
            return try evaluator.json(result)
        }

        /// Counts work against the limits: call it in loops that may be long.
        ///
        /// - Throws: U1001 when the evaluation has used up its steps or its time.
        public mutating func step(_ count: Int = 1) throws(JSONataError) {
            try evaluator.step(count)
        }
    }
}
