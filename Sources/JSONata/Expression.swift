public import JSON

/// A JSONata expression, compiled once and evaluated as often as wanted, from any thread.
///
///     let expression = try Expression("items[price > 10].name")
///     let names = try expression.evaluate(.node(document.root))
///
/// The language is JSONata 2.2.2 (https://docs.jsonata.org). Two differences are deliberate:
/// `$base64encode` and `$base64decode` work on UTF-8, and where the reference crashes there is an error
/// with a code.
public struct Expression: Sendable {
    /// The text it was compiled from.
    public let source: String
    /// Bounds of every evaluation.
    public let limits: EvaluationLimits
    let tree: Node
    let functions: FunctionTable

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
        self.source = source
        self.limits = limits
        self.functions = functions.isEmpty ? .standard : FunctionTable(functions)
        tree = try Parser.parse(source)
    }

    /// The result for `input`, or nil when it is undefined.
    ///
    /// - Parameters:
    ///   - input: the context; nil for none.
    ///   - bindings: variables by name without the dollar.
    ///   - environment: time, randomness and the clock of the time limit.
    /// - Returns: the result; nil for undefined.
    /// - Throws: `JSONataError`; U-codes are limits of the evaluation.
    public func evaluate(
        _ input: JSONValue?, bindings: [String: JSONValue] = [:],
        environment: EvaluationEnvironment = EvaluationEnvironment()
    ) throws(JSONataError) -> JSONValue? {
        let evaluator = Evaluator(limits: limits, environment: environment)
        let value = input.map { evaluator.value($0) } ?? .undefined
        return evaluator.json(try run(evaluator, value, bindings))
    }

    func run(
        _ evaluator: Evaluator, _ input: Value, _ bindings: [String: JSONValue]
    ) throws(JSONataError) -> Value {
        let root = Frame(Frame(functions))
        for (name, value) in bindings { root.bind(name, evaluator.value(value)) }
        root.bind("$", input)
        return try evaluator.evaluate(tree, evaluator.wrapped(input), root)
    }
}

/// A function that a user of the library adds to the language.
public struct CustomFunction: Sendable {
    /// How expressions call it, without the dollar.
    public let name: String
    let native: NativeFunction

    /// - Parameters:
    ///   - name: without the dollar.
    ///   - signature: its types, as `<s-n?:s>`; nil takes anything.
    ///   - arity: how many arguments it takes at most.
    ///   - body: gets the arguments, nil for a missing one, and the environment; nil gives undefined.
    public init(
        _ name: String, signature: String? = nil, arity: Int,
        body:
            @escaping @Sendable ([JSONValue?], EvaluationEnvironment) throws(JSONataError) ->
            JSONValue?
    ) {
        self.name = name
        native = NativeFunction(name, signature, arity: arity) {
            (evaluator, arguments, _) throws(JSONataError) in
            let values = arguments.map { evaluator.json($0) }
            guard let result = try body(values, evaluator.environment) else { return .undefined }
            return evaluator.value(result)
        }
    }
}

extension Evaluator {
    /// A JSON value for evaluation; parts of documents stay unread.
    func value(_ json: JSONValue) -> Value {
        switch json {
        case .null: return .null
        case .bool(let flag): return .bool(flag)
        case .number(let number): return .number(number.double)
        case .string(let text): return .string(text)
        case .array(let elements): return .array(ArrayBox(elements.map { value($0) }))
        case .object(let object):
            let box = ObjectBox()
            for (key, member) in object { box.set(key, value(member)) }
            return .object(box)
        case .node(let node): return value(add(node.document), node.index)
        }
    }

    /// A result as JSON, nil for undefined. Functions inside become empty strings, as `$string` has it.
    func json(_ value: Value) -> JSONValue? {
        switch value {
        case .undefined, .lazy: return nil
        case .null: return .null
        case .bool(let flag): return .bool(flag)
        case .number(let number): return .number(JSONNumber(number))
        case .string(let text): return .string(text)
        case .function: return .string("")
        case .node(let document, let index):
            return .node(JSONNode(document: documents[Int(document)], index: Int(index)))
        case .array(let box): return .array(box.items.map { json($0) ?? .null })
        case .object, .tuple:
            // Members of an object have different keys already.
            var members: [JSONObject.Member] = []
            for (key, member) in (try? self.members(of: value)) ?? [] {
                if let made = json(member) { members.append((key, made)) }
            }
            return .object(JSONObject(distinct: members))
        }
    }
}
