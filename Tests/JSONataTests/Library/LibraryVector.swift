import Foundation
import JSON
import JSONata
import TestSupport
import Testing

/// One call of a leaf function and what the reference (JSONata 2.2.2 on node 20) answered.
///
/// `Vectors/jsonata-library/*.json` hold our own inputs, made by a seeded generator; the answers were
/// computed by the reference's `functions.js` and `datetime.js`.
struct LibraryVector: Sendable, CustomTestStringConvertible {
    enum Answer: Sendable, Equatable {
        case value(JSONValue)
        /// NaN or an infinity.
        case notFinite
        case undefined
        case failure(String)
    }

    let function: String
    let arguments: [JSONValue]
    let expected: Answer

    var testDescription: String {
        "\(function) \(JSONValue.array(arguments).jsonString.prefix(120))"
    }

    init?(_ value: JSONValue) {
        guard let function = value["fn"]?.stringValue, let arguments = value["args"]?.arrayValue
        else { return nil }
        self.function = function
        self.arguments = arguments
        if value["nan"] != nil {
            expected = .notFinite
        } else if let code = value["error"]?.stringValue {
            expected = .failure(code)
        } else {
            expected = value["result"].map(Answer.value) ?? .undefined
        }
    }

    init(_ function: String, _ arguments: [JSONValue], _ expected: Answer) {
        self.function = function
        self.arguments = arguments
        self.expected = expected
    }

    /// The cases of `Vectors/jsonata-library/<name>.json`.
    static func all(_ name: String) -> [LibraryVector] {
        let url = Folders.vectors.appendingPathComponent("jsonata-library/\(name).json")
        guard let text = try? String(contentsOf: url, encoding: .utf8),
            let list = IndependentReader.read(text)?.arrayValue
        else { return [] }
        return list.compactMap(LibraryVector.init)
    }

    // MARK: Arguments

    var count: Int { arguments.count }

    func number(_ index: Int) -> Double { optionalNumber(index) ?? .nan }

    func optionalNumber(_ index: Int) -> Double? {
        arguments.indices.contains(index) ? arguments[index].doubleValue : nil
    }

    func text(_ index: Int) -> String { optionalText(index) ?? "" }

    func optionalText(_ index: Int) -> String? {
        arguments.indices.contains(index) ? arguments[index].stringValue : nil
    }

    // MARK: Answers

    static func answer(_ number: Double?) -> Answer {
        guard let number else { return .undefined }
        return number.isFinite ? .value(.number(JSONNumber(number))) : .notFinite
    }

    static func answer(_ text: String) -> Answer { .value(.string(text)) }

    static func answer(_ flag: Bool) -> Answer { .value(.bool(flag)) }

    static func answer(_ texts: [String]) -> Answer {
        .value(.array(texts.map(JSONValue.string)))
    }

    /// What our function answers.
    func answer(
        _ body: (LibraryVector) throws(JSONataError) -> Answer?
    ) -> Answer? {
        do throws(JSONataError) { return try body(self) } catch {
            return .failure(error.code)
        }
    }
}
