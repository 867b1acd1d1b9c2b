import CAllocations
import JSON
import JSONata
import Receiver

/// Times expressions over received texts: compile, evaluate on a parsed document, and all of it from
/// text (parse, evaluate, write).
struct JSONataBenchmark {
    struct Row {
        let name: String
        let compile: Double
        let evaluate: Double
        let fromText: Double
        /// Blocks of memory taken from text to text.
        let allocations: Int
        let isRight: Bool
    }

    /// The cases of a file `[{name, expression, input, expected}]`.
    ///
    /// - Throws: `FileError` or `JSONError` when it cannot be read.
    static func run(file: String) throws -> [Row] {
        let cases = try JSONValue(parsing: try FileSystem.read(file)).arrayValue ?? []
        return try cases.map { item in
            let source = item["expression"]?.stringValue ?? ""
            // Compact, as a vendor would send it.
            let text = materialized(item["input"] ?? .null).serialized()
            let expression = try Expression(source)
            let document = try JSONValue(parsing: text)
            let result = try expression.evaluate(document)
            let whole = { _ = try? expression.evaluate(json: text) }
            return Row(
                name: item["name"]?.stringValue ?? "",
                compile: median { _ = try? Expression(source) },
                evaluate: median { _ = try? expression.evaluate(document) },
                fromText: median(whole),
                allocations: allocations(whole),
                isRight: result == item["expected"])
        }
    }

    /// Takes each case from text to text `count` times and prints nothing: for profilers.
    static func `repeat`(file: String, _ count: Int) throws {
        for item in try JSONValue(parsing: try FileSystem.read(file)).arrayValue ?? [] {
            let text = materialized(item["input"] ?? .null).serialized()
            let expression = try Expression(item["expression"]?.stringValue ?? "")
            for _ in 0..<count { _ = try expression.evaluate(json: text) }
        }
    }

    private static func materialized(_ value: JSONValue) -> JSONValue {
        if case .node(let node) = value { return node.value }
        return value
    }

    /// Allocations of one call, after one that fills what is made once.
    private static func allocations(_ body: () -> Void) -> Int {
        body()
        let before = postern_allocations()
        body()
        return Int(truncatingIfNeeded: postern_allocations() - before)
    }

    /// Median nanoseconds of one call, over 15 samples of about 10 ms after a warm-up.
    private static func median(_ body: () -> Void) -> Double {
        var count = 1
        var spent: UInt64 = 0
        while spent < 10_000_000 {
            count *= 2
            spent = time(count, body)
        }
        let samples = (0..<15).map { _ in Double(time(count, body)) / Double(count) }.sorted()
        return samples[samples.count / 2]
    }

    private static func time(_ count: Int, _ body: () -> Void) -> UInt64 {
        let start = Clock.monotonicNanoseconds
        for _ in 0..<count { body() }
        return Clock.monotonicNanoseconds - start
    }
}
