import Foundation
import JSON
import JSONata
import TestSupport
import Testing

/// The README's example of the library, which must compile and do what it says.
struct ReadmeTests {
    static func total() throws -> JSONValue? {
        // Example begins
        let discount = CustomFunction("discount", signature: "<n-n:n>", arity: 2) {
            (arguments, _) throws(JSONataError) in
            guard let price = arguments[0]?.doubleValue, let percent = arguments[1]?.doubleValue
            else { return nil }
            return .number(JSONNumber(price * (100 - percent) / 100))
        }
        let expression = try Expression(
            "$sum(items.(price * quantity)) ~> $discount($percent)", functions: [discount])
        let order = try JSONValue(parsing: Array(#"{"items": [{"price": 5, "quantity": 2}]}"#.utf8))
        let total = try expression.evaluate(order, bindings: ["percent": 10])  // 9
        // Example ends
        return total
    }

    @Test func `the example gives what its comment says`() throws {
        #expect(try Self.total()?.doubleValue == 9)
    }

    @Test func `the README has this example`() throws {
        let root = Folders.vectors.deletingLastPathComponent()
        let readme = try String(
            contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        let source = try String(contentsOfFile: #filePath, encoding: .utf8)
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        let example = lines.drop { !$0.hasSuffix("// Example begins") }.dropFirst()
            .prefix { !$0.hasSuffix("// Example ends") }
        let text = example.map { $0.dropFirst(8) }.joined(separator: "\n")
        #expect(example.count > 5)
        #expect(readme.contains("```swift\nimport JSON\nimport JSONata\n\n" + text + "\n```"))
    }
}
