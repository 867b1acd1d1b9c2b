import Glibc
import HTTPServer
import JSON
import JSONata
import Receiver

/// `postern-bench fuzz jsonata`: random expressions on random documents under small limits, on a thread
/// with the stack of the loops. What is about to run is in a file before it runs, so that a crash leaves
/// its case behind; what stops late is printed as a case.
enum FuzzCommand {
    static let usage =
        "postern-bench fuzz jsonata --seconds N [--seed S] [--corpus FILE.jsonl]… [--last FILE]"

    /// How long an evaluation may take in all, compiling and writing with it.
    private static let overrunNanoseconds: UInt64 = 1_000_000_000

    static func run(_ arguments: [String]) throws {
        if arguments.first == "http" { return try runHTTP(arguments) }
        guard arguments.first == "jsonata", let seconds = value("--seconds", arguments),
            let seconds = Double(seconds)
        else { throw UsageError() }
        let seed = value("--seed", arguments).flatMap { UInt64($0) } ?? Clock.monotonicNanoseconds
        var corpus: [String] = []
        for (place, word) in arguments.enumerated() where word == "--corpus" {
            guard place + 1 < arguments.count else { throw UsageError() }
            corpus += try expressions(arguments[place + 1])
        }
        let last = value("--last", arguments)
        let known = corpus
        try LoopThread.run { fuzz(seconds, seed, known, last) }
    }

    private static func runHTTP(_ arguments: [String]) throws {
        let seed = value("--seed", arguments).flatMap { UInt64($0) } ?? Clock.monotonicNanoseconds
        var corpus: [[UInt8]] = []
        for (place, word) in arguments.enumerated() where word == "--corpus" {
            guard place + 1 < arguments.count else { throw UsageError() }
            corpus += try RequestMaker.requests(in: arguments[place + 1])
        }
        if let count = value("--cases", arguments).flatMap({ Int($0) }) {
            return HTTPFuzz.printCases(count, seed: seed, corpus: corpus)
        }
        guard let seconds = value("--seconds", arguments).flatMap({ Double($0) }) else {
            throw UsageError()
        }
        HTTPFuzz.run(
            seconds: seconds, seed: seed, corpus: corpus, last: value("--last", arguments))
    }

    private static func value(_ name: String, _ arguments: [String]) -> String? {
        guard let place = arguments.firstIndex(of: name), place + 1 < arguments.count else {
            return nil
        }
        return arguments[place + 1]
    }

    /// The `expr` members of JSON Lines.
    private static func expressions(_ file: String) throws -> [String] {
        try FileSystem.read(file).split(separator: UInt8(ascii: "\n")).compactMap {
            (try? JSONValue(parsing: Array($0)))?["expr"]?.stringValue
        }
    }

    private static var limits: EvaluationLimits {
        var limits = EvaluationLimits()
        limits.stepsMax = 200_000
        limits.timeMilliseconds = 200
        limits.bytesAllocatedMax = 16 << 20
        limits.sequenceLengthMax = 100_000
        limits.stringBytesMax = 1 << 20
        return limits
    }

    private static func fuzz(_ seconds: Double, _ seed: UInt64, _ corpus: [String], _ last: String?)
    {
        var maker = ExpressionMaker(random: SplitMix(seed: seed), corpus: corpus)
        var documents = JSONMaker(random: SplitMix(seed: seed ^ 0xABCD))
        let start = Clock.monotonicNanoseconds
        let end = start &+ UInt64(seconds * 1e9)
        var counts = (tried: 0, compiled: 0, values: 0, undefined: 0, late: 0)
        var codes: [String: Int] = [:]
        print("seed \(seed), \(corpus.count) known expressions")
        while Clock.monotonicNanoseconds < end {
            let source = maker.next()
            let text = documents.text()
            if let last { FuzzSystem.keep(line(source, text), in: last) }
            counts.tried += 1
            let before = FuzzSystem.threadNanoseconds
            do throws(JSONataError) {
                let expression = try Expression(source, limits: limits)
                counts.compiled += 1
                let input = try? JSONValue(parsing: text)
                let environment = EvaluationEnvironment(
                    nowMilliseconds: 1_700_000_000_000,
                    monotonicNanoseconds: { Clock.monotonicNanoseconds })
                if let result = try expression.evaluate(input, environment: environment) {
                    counts.values += 1
                    if (try? JSONValue(parsing: result.serialized())) == nil {
                        report("unreadable result", source, text)
                    }
                } else {
                    counts.undefined += 1
                }
            } catch {
                codes[error.code, default: 0] += 1
            }
            let spent = FuzzSystem.threadNanoseconds &- before
            if spent > overrunNanoseconds {
                counts.late += 1
                report("took \(spent / 1_000_000) ms", source, text)
            }
        }
        print(
            "tried \(counts.tried), compiled \(counts.compiled), values \(counts.values),",
            "undefined \(counts.undefined), errors \(codes.values.reduce(0, +))",
            "of \(codes.count) codes, late \(counts.late)")
        print(
            codes.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" }.joined(
                separator: ", "))
    }

    /// What this thread has computed: waiting for a processor is no fault of the expression.
    private static func line(_ source: String, _ text: [UInt8]) -> [UInt8] {
        let input = String(decoding: text, as: UTF8.self)
        let object: JSONValue = ["expr": .string(source), "text": .string(input)]
        return object.serialized()
    }

    private static func report(_ problem: String, _ source: String, _ text: [UInt8]) {
        print("FOUND \(problem): \(String(decoding: line(source, text), as: UTF8.self))")
        fflush(nil)
    }
}
