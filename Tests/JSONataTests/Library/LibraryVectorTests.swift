import Foundation
import JSON
import JSONata
import TestSupport
import Testing

/// The leaf functions against the reference's answers.
struct LibraryVectorTests {
    @Test(arguments: LibraryVector.all("numbers"))
    func `a number function answers as the reference`(vector: LibraryVector) {
        #expect(vector.callNumbers() == vector.expected)
    }

    @Test(arguments: LibraryVector.all("dates"))
    func `a date function answers as the reference`(vector: LibraryVector) {
        #expect(vector.callDates() == vector.expected)
    }

    @Test(arguments: LibraryVector.all("text"))
    func `a string function answers as the reference`(vector: LibraryVector) {
        #expect(vector.callText() == vector.expected)
    }

    @Test(arguments: LibraryVector.all("regex"))
    func `a regular expression matches as in the reference`(vector: LibraryVector) {
        #expect(vector.callRegex() == vector.expected)
    }

    @Test func `no vector file is empty`() {
        for name in ["numbers", "dates", "text", "regex"] {
            #expect(LibraryVector.all(name).count > 1000, "\(name)")
        }
    }

    // MARK: The shared corpus

    /// Simple calls with literal arguments in the shared corpus, without the evaluator.
    static let corpus: [LibraryVector] = {
        guard let url = Folders.shared("jsonata/differential.jsonl"),
            let text = try? String(contentsOf: url, encoding: .utf8)
        else {
            print("skipped: ../shared/jsonata/differential.jsonl is not there")
            return []
        }
        let categories: Set = [
            "formatInteger", "formatNumber", "numfmt", "round", "formatBase", "fromMillis",
            "toMillis", "number", "parseInteger",
        ]
        return text.split(separator: "\n").compactMap { line in
            guard let value = IndependentReader.read(String(line)),
                categories.contains(value["cat"]?.stringValue ?? ""),
                let call = call(value["expr"]?.stringValue ?? "")
            else { return nil }
            let expected: LibraryVector.Answer =
                if let code = value["error"]?.stringValue {
                    .failure(code)
                } else {
                    value["result"].map(LibraryVector.Answer.value) ?? .undefined
                }
            // Other types are the signature's business, or the evaluator's.
            let takesText = ["number", "toMillis", "parseInteger"].contains(call.name)
            guard call.arguments.first?.kind == (takesText ? .string : .number) else { return nil }
            // What depends on the day on which the corpus was made.
            if call.name == "toMillis", call.arguments.count > 1,
                !(call.arguments[1].stringValue ?? "").contains("Y")
            {
                return nil
            }
            return LibraryVector(call.name, call.arguments, expected)
        }
    }()

    /// `$name(literal, …)` → name and arguments; JSON's literals only.
    static func call(_ expression: String) -> (name: String, arguments: [JSONValue])? {
        let pattern = /^\$(\w+)\((.*)\)$/.dotMatchesNewlines()
        guard let match = expression.wholeMatch(of: pattern),
            let list = IndependentReader.read("[" + match.output.2 + "]")?.arrayValue
        else { return nil }
        return (String(match.output.1), list)
    }

    @Test(arguments: corpus)
    func `a call of the corpus answers as the reference`(vector: LibraryVector) {
        guard let answer = vector.callNumbers() ?? vector.callDates() else { return }
        if case .failure("T0410") = vector.expected { return }
        #expect(answer == vector.expected)
    }

    @Test func `the corpus gives hundreds of direct calls`() throws {
        guard Folders.shared("jsonata/differential.jsonl") != nil else { return }
        #expect(Self.corpus.count > 800)
    }
}
