public import JSON

/// A JSONata expression, compiled once and evaluated as often as wanted, from any thread.
///
///     let dear = try Expression("items[price > 10].name")
///     let names = try dear.evaluate(.node(document.root))
///
/// The language is JSONata 2.2.2 (https://docs.jsonata.org). Two differences are deliberate:
/// `$base64encode` and `$base64decode` work on UTF-8, and where the reference crashes there is an error
/// with a code.
public struct Expression: Sendable {
    /// The longest expression, in UTF-8 bytes; beyond it U1006. It takes about a second to compile.
    public static let bytesMax = 1 << 20
    /// The text it was compiled from.
    public var source: String { pool.source }
    /// Bounds of every evaluation.
    public var limits: EvaluationLimits { pool.limits }
    let pool: EvaluationPool

    /// Compiles `source`.
    ///
    /// - Parameters:
    ///   - source: the expression.
    ///   - limits: bounds of every evaluation.
    ///   - functions: functions beside the built-in ones; one of the same name replaces those.
    /// - Throws: `JSONataError` with an S-code and the place in UTF-16 units.
    public init(
        _ source: String, limits: EvaluationLimits = EvaluationLimits(),
        functions: [CustomFunction] = []
    ) throws(JSONataError) {
        let table = functions.isEmpty ? FunctionTable.standard : FunctionTable(functions)
        let code = Compiler.compile(try Parser.parse(source), table)
        pool = EvaluationPool(source, code, table, limits)
    }

    /// The same expression with memory of its own. Evaluations leave their memory to the next one; threads
    /// that share an expression hand it to each other, which costs more than the evaluation of a small one.
    public func copy() -> Expression { Expression(pool: pool.copy()) }

    private init(pool: EvaluationPool) { self.pool = pool }

    /// The result for `input`, or nil when it is undefined.
    ///
    ///     let greeting = try Expression("'Hello ' & name & $mark")
    ///     let text = try greeting.evaluate(["name": "Ada"], bindings: ["mark": "!"])
    ///
    /// - Parameters:
    ///   - input: the context; nil for none.
    ///   - bindings: variables by name without the dollar.
    ///   - environment: time, randomness and the clock of the time limit.
    /// - Returns: the result; nil for undefined.
    /// - Throws: `JSONataError`; U-codes are limits of the evaluation.
    public func evaluate(
        _ input: JSONValue?, bindings: [String: JSONValue] = [:],
        environment: consuming EvaluationEnvironment = EvaluationEnvironment()
    ) throws(JSONataError) -> JSONValue? {
        try evaluated(consume environment) { (evaluator) throws(JSONataError) in
            var value = Value.undefined
            if let input { value = evaluator.value(input) }
            let result = try evaluator.run(value, bindings)
            return try evaluator.json(result)
        }
    }

    /// The result for a JSON text as a JSON text, or nil when it is undefined: without values in
    /// between, and with the parts that the expression left alone copied as they were written.
    ///
    ///     let total = try Expression("$sum(items.price)").evaluate(json: body)
    ///
    /// - Parameters:
    ///   - text: the context, as JSON in UTF-8.
    ///   - bindings: variables by name without the dollar.
    ///   - environment: time, randomness and the clock of the time limit.
    /// - Returns: the result in UTF-8; nil for undefined.
    /// - Throws: `JSONError` for a text that is no JSON; `JSONataError`.
    public func evaluate(
        json text: [UInt8], bindings: [String: JSONValue] = [:],
        environment: consuming EvaluationEnvironment = EvaluationEnvironment()
    ) throws -> [UInt8]? {
        try evaluated(consume environment) { (evaluator) throws(any Error) in
            let document = try evaluator.documents.add(text)
            let input = evaluator.value(document, 0)
            let result = try evaluator.run(input, bindings)
            return try evaluator.serialized(result)
        }
    }

    func evaluated<Result, Failure: Error>(
        _ environment: consuming EvaluationEnvironment,
        _ body: (inout Evaluator) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try pool.evaluate(consume environment, body)
    }
}

extension Evaluator {
    /// The result of the whole expression.
    mutating func run(
        _ input: Value, _ variables: [String: JSONValue] = [:]
    ) throws(JSONataError) -> Value {
        let root = makeFrame(-1)
        if !variables.isEmpty {
            hasBindings = true
            for (name, value) in variables { bind(code.name(name), self.value(value), root) }
        }
        if code.inputName >= 0 { bind(code.inputName, input, root) }
        return try evaluate(code.root, wrapped(input), root)
    }
}
