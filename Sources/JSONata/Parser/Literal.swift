/// A value that is written out in an expression.
enum Literal {
    case undefined
    case null
    case bool(Bool)
    case number(Double)
    case string(String)

    /// Its text, for error messages.
    var plainText: String {
        switch self {
        case .undefined: "undefined"
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .number(let number): ScriptNumber.string(number)
        case .string(let text): text
        }
    }
}
