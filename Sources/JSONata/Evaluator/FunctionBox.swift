/// A function as a value.
final class FunctionBox {
    /// A function defined in an expression, with the frame it closes over.
    struct Lambda {
        let parameters: [String]
        let body: LambdaBody
        let input: Value
        let frame: Frame
        let isThunk: Bool
    }

    enum LambdaBody {
        case expression(Node)
        /// A built-in function with some arguments bound; the parameters name all of them in order.
        case native(NativeFunction, parameters: [String])
    }

    /// Something that a built-in makes on the way: a matcher's `next`, a transform.
    struct Closure {
        let arity: Int
        let body: (Evaluator, [Value]) throws(JSONataError) -> Value
    }

    enum Kind {
        case lambda(Lambda)
        case native(NativeFunction)
        case closure(Closure)
        case regex(JSONataRegex, position: Int)
    }

    let kind: Kind
    let signature: Signature?

    init(_ kind: Kind, signature: Signature? = nil) {
        self.kind = kind
        self.signature = signature
    }

    var isLambda: Bool {
        if case .lambda = kind { return true }
        return false
    }

    /// The number of parameters, by which higher-order functions decide how many arguments to give.
    var arity: Int {
        switch kind {
        case .lambda(let lambda): lambda.parameters.count
        case .native(let native): native.arity
        case .closure(let closure): closure.arity
        case .regex: 2
        }
    }
}

/// What a built-in function is called with beside its arguments.
struct CallContext {
    let input: Value
    let frame: Frame
}

/// A built-in function: one entry of the registry.
struct NativeFunction: Sendable {
    typealias Body = @Sendable (Evaluator, [Value], CallContext) throws(JSONataError) -> Value

    let name: String
    /// The types of its parameters in JSONata's notation; nil takes anything.
    let signature: Signature?
    /// Parameters that higher-order functions and partial application see.
    let arity: Int
    let body: Body

    init(_ name: String, _ signature: String?, arity: Int, _ body: @escaping Body) {
        self.name = name
        self.signature = signature.flatMap { try? Signature($0) }
        self.arity = arity
        self.body = body
    }
}
