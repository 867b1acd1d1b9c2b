import Foundation
import JSON
import TestSupport
import Testing

@testable import JSONata

/// The reference's own suite and the corpus of its answers, read where they lie.
struct ConformanceTests {
    // MARK: Reading the suite

    static func text(_ url: URL) -> String? { try? String(contentsOf: url, encoding: .utf8) }

    static func names(_ folder: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    }

    static let suite: [SuiteCase] = {
        guard let folder = Folders.shared("jsonata/suite") else {
            print("skipped: ../shared/jsonata/suite is not there")
            return []
        }
        var datasets: [String: JSONValue] = [:]
        for name in names(folder.appendingPathComponent("datasets")) where name.hasSuffix(".json") {
            let url = folder.appendingPathComponent("datasets/\(name)")
            datasets[String(name.dropLast(5))] = text(url).flatMap(IndependentReader.read)
        }
        var cases: [SuiteCase] = []
        let groups = folder.appendingPathComponent("groups")
        for group in names(groups) {
            let place = groups.appendingPathComponent(group)
            for name in names(place) where name.hasSuffix(".json") {
                guard
                    let file = text(place.appendingPathComponent(name))
                        .flatMap(IndependentReader.read)
                else { continue }
                for (index, item) in (file.arrayValue ?? [file]).enumerated() {
                    cases.append(
                        suiteCase("\(group)/\(name)#\(index)", item, place, datasets))
                }
            }
        }
        return cases
    }()

    static func suiteCase(
        _ id: String, _ item: JSONValue, _ folder: URL, _ datasets: [String: JSONValue]
    ) -> SuiteCase {
        let expression =
            item["expr"]?.stringValue
            ?? item["expr-file"]?.stringValue.flatMap { text(folder.appendingPathComponent($0)) }
            ?? ""
        let input = item["data"] ?? item["dataset"]?.stringValue.flatMap { datasets[$0] }
        var limits = EvaluationLimits()
        limits.timeMilliseconds = item["timelimit"]?.intValue ?? 60_000
        limits.depthMax = item["depth"]?.intValue ?? 700
        limits.bytesAllocatedMax = 1 << 30
        let outcome: SuiteCase.Outcome =
            if item["undefinedResult"] != nil { .undefined } else if let result = item["result"] {
                .value(result)
            } else if item["error"] != nil, item["error"]?["code"] == nil { .error } else {
                .code(item["code"]?.stringValue ?? item["error"]?["code"]?.stringValue ?? "none")
            }
        var bindings: [String: JSONValue] = [:]
        for (key, value) in item["bindings"]?.objectValue ?? JSONObject() { bindings[key] = value }
        return SuiteCase(
            id: id, expression: expression, input: input, bindings: bindings, limits: limits,
            outcome: outcome)
    }

    static let differential: [SuiteCase] = {
        guard let url = Folders.shared("jsonata/differential.jsonl"), let all = text(url) else {
            print("skipped: ../shared/jsonata/differential.jsonl is not there")
            return []
        }
        return all.split(separator: "\n").compactMap { line in
            guard let item = IndependentReader.read(String(line)) else { return nil }
            var limits = EvaluationLimits()
            limits.timeMilliseconds = 60_000
            let outcome: SuiteCase.Outcome =
                if let code = item["error"]?.stringValue {
                    .code(code)
                } else if let result = item[
                    "result"]
                { .value(result) } else { .undefined }
            return SuiteCase(
                id: "\(item["id"]?.stringValue ?? "") \(item["cat"]?.stringValue ?? "")",
                expression: item["expr"]?.stringValue ?? "", input: item["input"], bindings: [:],
                limits: limits, outcome: outcome)
        }
    }()

    // MARK: Tests

    @Test(arguments: suite)
    func `a case of the reference's suite comes out as the reference has it`(item: SuiteCase) {
        let (passed, actual) = item.run()
        #expect(passed, "\(item.expression) gave \(actual)")
    }

    /// Cases that may differ: a reference bug (`#:##0,000`) and base64, which is UTF-8 here.
    static func isWaived(_ item: SuiteCase) -> Bool {
        item.expression.contains("\"#:##0,000\"")
            || (item.expression.contains("$base64")
                && (item.expression + (item.input?.jsonString ?? "")).utf8.contains { $0 >= 0x80 })
    }

    @Test(arguments: differential.filter { !isWaived($0) })
    func `a case of the differential corpus comes out as the reference has it`(item: SuiteCase) {
        let (passed, actual) = item.run()
        #expect(passed, "\(item.expression) gave \(actual)")
    }
}
