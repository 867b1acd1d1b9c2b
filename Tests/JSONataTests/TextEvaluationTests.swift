import JSON
import Testing

@testable import JSONata

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

    @Test
    func `a copy has the source, the limits, the functions and memory of its own`()
        throws
    {
        var limits = EvaluationLimits()
        limits.depthMax = 50
        let again = CustomFunction("again", signature: "<o:n>", arity: 1) {
            (_, _) throws(JSONataError) in .number(JSONNumber(7))
        }
        let expression = try Expression("$again($) + a", limits: limits, functions: [again])
        let copy = expression.copy()
        #expect(copy.source == expression.source && copy.limits.depthMax == 50)
        #expect(copy.pool !== expression.pool)
        for _ in 0..<2 {
            for one in [expression, copy] {
                #expect(try one.evaluate(json: Array(#"{"a":1}"#.utf8)) == Array("8".utf8))
            }
        }
        let deep = try Expression(
            "($f := function($n){$n = 0 ? 0 : 1 + $f($n - 1)}; $f(a))", limits: limits)
        for one in [deep, deep.copy()] {
            #expect(throws: JSONataError.self) {
                try one.evaluate(json: Array(#"{"a":1000}"#.utf8))
            }
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
