/// An expression that does not compile, or whose evaluation failed.
public struct JSONataError: Error, Sendable, CustomStringConvertible {
    /// The reference's code (`T2001`), or one of ours (`U1001`: a limit of the evaluation).
    public let code: String
    /// Where in the expression, in UTF-16 units from 0; -1 when it has no place.
    public internal(set) var position: Int
    /// The operator, function or text that the error is about.
    public internal(set) var token: String?
    /// The offending value as text, shortened; never used for messages that leave the process.
    public internal(set) var value: String?
    /// The text of `$error` and `$assert`, which replaces the code's own.
    public internal(set) var text: String?
    /// The function an argument error is about.
    public internal(set) var functionName: String?

    init(
        _ code: String, position: Int = -1, token: String? = nil, value: String? = nil,
        text: String? = nil, functionName: String? = nil
    ) {
        self.code = code
        self.position = position
        self.token = token
        self.value = value.map { String($0.prefix(200)) }
        self.text = text
        self.functionName = functionName
    }

    /// What is wrong, in words.
    public var message: String {
        if let text { return text }
        var message = ErrorMessages.text(code)
        if let token { message += " (`\(token)`)" }
        return message
    }

    /// `T2001 at 4: …`.
    public var description: String {
        position >= 0 ? "\(code) at \(position): \(message)" : "\(code): \(message)"
    }
}
