/// A function as a value of one evaluation.
enum FunctionValue {
    /// A function defined in an expression, with what it closes over.
    case lambda(node: Int32, input: Value, frame: Int32)
    /// A function with some arguments bound; `open` names the parameters that are left.
    case partial(PartialFunction)
    /// Something that a built-in makes on the way: a matcher's `next`, a transform.
    case closure(Closure, signature: Signature?)
    case regex(JSONataRegex, position: Int)
}

/// A partial application.
final class PartialFunction {
    let open: [Int32]
    let body: Body
    let input: Value
    let frame: Int32

    enum Body {
        /// The body of a lambda.
        case node(Int32)
        /// A built-in function, whose parameters have these names.
        case native(NativeFunction, parameters: [Int32])
    }

    init(open: [Int32], body: Body, input: Value, frame: Int32) {
        self.open = open
        self.body = body
        self.input = input
        self.frame = frame
    }
}

/// A function that a built-in makes.
final class Closure {
    typealias Body = (inout Evaluator, Arguments) throws(JSONataError) -> Value

    let arity: Int
    let body: Body

    init(arity: Int, _ body: @escaping Body) {
        self.arity = arity
        self.body = body
    }
}

/// A built-in function: one entry of the registry.
final class NativeFunction: Sendable {
    typealias Body =
        @Sendable (inout Evaluator, Arguments, CallContext) throws(JSONataError) -> Value

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

/// A function in an array. Without the structure around it, it would be kept as a function of any
/// types, with memory of its own that each call holds on to and a detour to what is meant.
struct NativeBody: Sendable {
    let call: NativeFunction.Body
}

/// The functions an expression starts with.
final class FunctionTable: Sendable {
    let natives: [NativeFunction]
    /// What each call asks for, so that it need not hold the function meanwhile.
    let shapes: ContiguousArray<SignatureShape>
    let bodies: ContiguousArray<NativeBody>
    private let places: [String: Int]

    convenience init(_ custom: [CustomFunction]) {
        self.init(natives: Self.standard.natives + custom.map(\.native))
    }

    private init(natives: [NativeFunction]) {
        self.natives = natives
        shapes = ContiguousArray(natives.map { $0.signature?.shape ?? SignatureShape() })
        bodies = ContiguousArray(natives.map { NativeBody(call: $0.body) })
        places = Self.places(natives)
    }

    /// The last function of a name stands.
    private static func places(_ natives: [NativeFunction]) -> [String: Int] {
        Dictionary(
            natives.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { _, last in last })
    }

    /// The function `name`, undefined when there is none.
    func value(_ name: String) -> Value {
        places[name].map { .function(-1 - Int32(truncatingIfNeeded: $0)) } ?? .undefined
    }

    /// Shared by every expression that adds nothing.
    static let standard = FunctionTable(natives: FunctionRegistry.all)
}
