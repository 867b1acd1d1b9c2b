public import JSON

/// An expression that does not compile, or whose evaluation failed.
public struct JSONataError: Error, Sendable, CustomStringConvertible {
    /// The code as it is printed: one of `JSONataErrorCode`, or a custom function's own.
    public let code: String
    /// Where in the expression, in UTF-16 units from 0; -1 when it has no place.
    public internal(set) var position: Int
    /// The operator, name or function that the error is about.
    public internal(set) var token: String?
    /// The offending value as text, shortened. It may hold data of the input.
    public internal(set) var value: String?
    /// The second one, when two values do not go together.
    public internal(set) var secondValue: String?
    /// Which argument of the function, from 1.
    public internal(set) var argumentIndex: Int?
    /// The function that refused, without its dollar.
    public internal(set) var functionName: String?
    /// The text of `$error` and `$assert`, or of a custom function.
    public internal(set) var detail: String?

    init(
        _ code: String, position: Int = -1, token: String? = nil, value: String? = nil,
        text: String? = nil, functionName: String? = nil
    ) {
        self.code = code
        self.position = position
        self.token = token
        self.value = value.map { String($0.prefix(200)) }
        self.functionName = functionName
        detail = text
    }

    /// An error with what is known where it is raised.
    public init(
        _ code: JSONataErrorCode, position: Int? = nil, token: String? = nil,
        value: JSONValue? = nil, secondValue: JSONValue? = nil, argumentIndex: Int? = nil,
        functionName: String? = nil, detail: String? = nil
    ) {
        self.init(
            code.rawValue, position: position ?? -1, token: token, value: value?.jsonString,
            text: detail, functionName: functionName)
        self.secondValue = secondValue.map { String($0.jsonString.prefix(200)) }
        self.argumentIndex = argumentIndex
    }

    /// An error of a custom function: a code of its own and what is wrong.
    public init(code: String, message: String) { self.init(code, text: message) }

    /// The same error with a position and a function name where it has none yet.
    public func located(at position: Int?, functionName: String? = nil) -> JSONataError {
        var error = self
        if error.position < 0, let position { error.position = position }
        error.functionName = error.functionName ?? functionName
        return error
    }

    /// Where in `source`, the text that was compiled, from line 1 and column 1; nil when it has no place.
    ///
    ///     do {
    ///         _ = try Expression(source)
    ///     } catch {
    ///         let place = error.location(in: source)
    ///         print("\(place?.line ?? 0):\(place?.column ?? 0): \(error.message)")
    ///     }
    ///
    /// Columns count characters; a carriage return, a line feed or both end a line.
    public func location(in source: String) -> (line: Int, column: Int)? {
        guard position >= 0 else { return nil }
        let units = source.utf16
        let end = units.index(units.startIndex, offsetBy: position, limitedBy: units.endIndex)
        let before = source[..<(end ?? units.endIndex)]
        let lines = before.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        return (lines.count, (lines.last?.count ?? 0) + 1)
    }

    /// What went wrong, in a sentence with the values that took part.
    public var message: String { fill(withValues: true) }

    /// The same sentence without any value of the input: for logs and answers.
    public var summary: String { fill(withValues: false) }

    /// `T2001 at 5: The left side of + must be a number`.
    public var description: String {
        position >= 0 ? "\(code) at \(position): \(message)" : "\(code): \(message)"
    }

    private func fill(withValues: Bool) -> String {
        // The text of `$error` and `$assert` is the user's: nothing in it is a placeholder, and it may
        // be made of input.
        if code == "D3137" || code == "D3141" {
            return withValues ? detail ?? "" : "The expression raised an error"
        }
        guard let known = JSONataErrorCode(rawValue: code) else {
            return withValues ? detail ?? code : code
        }
        var out = ""
        var rest = known.template[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            out += rest[..<open]
            switch rest[rest.index(after: open)..<close] {
            case "token": out += token ?? functionName ?? "it"
            case "value": out += (withValues ? value : nil) ?? "the value"
            case "value2": out += (withValues ? secondValue : nil) ?? "the other"
            case "index": out += argumentIndex.map(String.init) ?? "?"
            case "function": out += functionName ?? token ?? "the function"
            case "message": out += withValues ? detail ?? "" : "see the log"
            default: break
            }
            rest = rest[rest.index(after: close)...]
        }
        return out + rest
    }
}
