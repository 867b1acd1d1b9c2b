/// A number and, when it came from a text, that text.
///
/// Doubles cannot tell `1.0` from `1` or hold 20 digits; a number that passes through unchanged is
/// written with the text it came with.
///
///     let number = try JSONValue(parsing: Array("1.50".utf8)).numberValue
///     number?.double  // 1.5
///     number?.text  // "1.50"
public struct JSONNumber: Sendable, Hashable {
    /// The nearest double.
    public let double: Double
    /// The text as received, in RFC 8259's grammar; nil for a computed number.
    public let text: String?

    /// A computed number.
    public init(_ double: Double) {
        self.double = double
        self.text = nil
    }

    /// A number from a text in JSON's grammar; nil when the text is something else.
    public init?(text: String) {
        guard let document = try? JSONDocument(parsing: Array(text.utf8)),
            document.kind(at: 0) == .number
        else { return nil }
        self.init(double: document.double(at: 0), text: text)
    }

    init(double: Double, text: String) {
        self.double = double
        self.text = text
    }

    /// The integer it is, or nil when it has a fraction or does not fit.
    public var int: Int? { Int(exactly: double) }

    /// Equal when the doubles are.
    public static func == (left: JSONNumber, right: JSONNumber) -> Bool {
        left.double == right.double
    }

    /// Hashes the double.
    public func hash(into hasher: inout Hasher) { hasher.combine(double) }
}
