public import JSON

/// An expression that does not compile, or an evaluation that failed.
///
/// Leaf functions throw it with what they know; the evaluator adds the position and the name of the
/// function that was called (`located(at:functionName:)`).
public struct JSONataError: Error, Sendable, CustomStringConvertible {
    /// Which failure it is.
    public var code: JSONataErrorCode
    /// Where in the expression, in UTF-16 code units from its start, as the reference counts.
    public var position: Int?
    /// The operator, name or literal at that place.
    public var token: String?
    /// The offending value.
    public var value: JSONValue?
    /// The second one, when two values do not go together.
    public var secondValue: JSONValue?
    /// Which argument of the function, from 1.
    public var argumentIndex: Int?
    /// The function that refused, without its `$`.
    public var functionName: String?
    /// The text given to `$error` or `$assert`, or a further explanation.
    public var detail: String?

    /// An error with what is known where it is raised.
    public init(
        _ code: JSONataErrorCode, position: Int? = nil, token: String? = nil,
        value: JSONValue? = nil, secondValue: JSONValue? = nil, argumentIndex: Int? = nil,
        functionName: String? = nil, detail: String? = nil
    ) {
        self.code = code
        self.position = position
        self.token = token
        self.value = value
        self.secondValue = secondValue
        self.argumentIndex = argumentIndex
        self.functionName = functionName
        self.detail = detail
    }

    /// The same error with a position and a function name where it has none yet.
    public func located(at position: Int?, functionName: String? = nil) -> JSONataError {
        var error = self
        error.position = error.position ?? position
        error.functionName = error.functionName ?? functionName
        return error
    }

    /// What went wrong, in a sentence with the values that took part.
    public var message: String {
        // The text of `$error` and `$assert` is the user's: nothing in it is a placeholder.
        if code == .d3137 || code == .d3141 { return detail ?? "" }
        var out = ""
        var rest = code.template[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            out += rest[..<open]
            out += text(of: rest[rest.index(after: open)..<close])
            rest = rest[rest.index(after: close)...]
        }
        return out + rest
    }

    /// `T2001 at 5: The left side of + must be a number`.
    public var description: String {
        code.rawValue + (position.map { " at \($0)" } ?? "") + ": " + message
    }

    private func text(of placeholder: Substring) -> String {
        switch placeholder {
        case "token": token ?? functionName ?? "it"
        case "value": value.map(Self.excerpt) ?? "the value"
        case "value2": secondValue.map(Self.excerpt) ?? "the other"
        case "index": argumentIndex.map(String.init) ?? "?"
        case "function": functionName ?? token ?? "the function"
        case "message": detail ?? ""
        default: ""
        }
    }

    /// The value as JSON, cut where it would make the message unreadable.
    private static func excerpt(of value: JSONValue) -> String {
        let text = value.jsonString
        let most = 200
        return text.unicodeScalars.count <= most
            ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(most))) + "…"
    }
}
