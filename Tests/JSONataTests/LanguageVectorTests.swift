import Foundation
import JSON
import JSONata
import TestSupport
import Testing

/// `Vectors/jsonata-language/*.json`: expressions that came out otherwise than in JSONata 2.2.2 once, each
/// with what is right and why.
struct LanguageVectorTests {
    static let files = ["sequences", "functions"]

    static func all(_ name: String) -> [SuiteCase] {
        let url = Folders.vectors.appendingPathComponent("jsonata-language/\(name).json")
        guard let text = try? String(contentsOf: url, encoding: .utf8),
            let list = IndependentReader.read(text)?.arrayValue
        else { return [] }
        return list.compactMap { item in
            guard let expression = item["expr"]?.stringValue, let why = item["why"]?.stringValue
            else { return nil }
            let outcome: SuiteCase.Outcome =
                if let code = item["error"]?.stringValue {
                    .code(code)
                } else {
                    item["result"].map(SuiteCase.Outcome.value) ?? .undefined
                }
            return SuiteCase(
                id: "\(why): \(expression)", expression: expression, input: item["input"],
                bindings: [:], limits: EvaluationLimits(), outcome: outcome)
        }
    }

    @Test(arguments: files.flatMap(all))
    func `an expression comes out as its vector says`(item: SuiteCase) {
        let (passed, actual) = item.run()
        #expect(passed, "\(item.expression) gave \(actual)")
    }

    @Test(arguments: files)
    func `no vector file is empty`(name: String) {
        #expect(Self.all(name).count >= 5)
    }
}
