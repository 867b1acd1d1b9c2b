import JSON
import JSONata
import Testing

/// `evaluate(json:)` scans into memory that is used again: what left the evaluation, and the next one,
/// must not see that.
struct TextEvaluationTests {
    /// A function of the input's own parts, which are values of a document then.
    private static let names = CustomFunction("names", signature: "<o:a>", arity: 1) {
        (arguments, _) throws(JSONataError) in
        guard case .node(let node)? = arguments[0] else { return nil }
        var names: [JSONValue] = []
        node.forEachMember { key, _ in names.append(.string(key)) }
        return .array(names)
    }

    @Test func `a function is given parts of a text`() throws {
        let expression = try Expression("[items.$names($)]", functions: [Self.names])
        for text in [
            #"{"items":[{"a":1,"b":2},{"c":[3]}]}"#, #"{"items":[{"other":1}]}"#,
            #"{"items":[{"a":1,"b":2},{"c":[3]}]}"#,
        ] {
            let document = try JSONValue(parsing: Array(text.utf8))
            let result = try expression.evaluate(json: Array(text.utf8))
            #expect(result == (try expression.evaluate(document)?.serialized()))
        }
    }

    @Test func `texts of any sizes follow each other`() throws {
        let expression = try Expression("$sum(numbers)")
        for count in [1, 100_000, 3, 20_000, 0, 2] {
            let numbers = (0..<count).map(String.init).joined(separator: ",")
            let result = try expression.evaluate(json: Array("{\"numbers\":[\(numbers)]}".utf8))
            #expect(result == Array(String(count * (count - 1) / 2).utf8))
            #expect(throws: JSONError.self) {
                try expression.evaluate(json: Array("[\(numbers)".utf8))
            }
        }
    }
}
