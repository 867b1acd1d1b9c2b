import Glibc
import HTTPServer
import JSON
import Receiver

/// `postern-bench fuzz http`: requests that are nearly right, read whole, cut at random and byte by byte.
/// All three must come to the same, and nothing may be read or held beyond the limits. With `--cases` it
/// prints what it made of so many requests, for another reader to compare.
enum HTTPFuzz {
    static let usage =
        "postern-bench fuzz http --seconds N | --cases N  [--seed S] [--corpus FILE]… [--last FILE]"

    private static var limits: HTTPLimits {
        var limits = HTTPLimits()
        (limits.requestLineBytesMax, limits.headerBytesMax) = (200, 500)
        (limits.headerCountMax, limits.bodyBytesMax) = (12, 100)
        return limits
    }

    /// - Parameters:
    ///   - seconds: how long to look for differences.
    ///   - corpus: requests to begin with.
    ///   - last: a file that holds the case under way.
    static func run(seconds: Double, seed: UInt64, corpus: [[UInt8]], last: String?) {
        var maker = RequestMaker(random: SplitMix(seed: seed), corpus: corpus)
        let end = Clock.monotonicNanoseconds &+ UInt64(seconds * 1e9)
        var counts = (tried: 0, messages: 0, found: 0)
        var ends: [String: Int] = [:]
        print("seed \(seed), \(corpus.count) known requests")
        while Clock.monotonicNanoseconds < end {
            let (bytes, cuts) = maker.next()
            if let last { FuzzSystem.keep(bytes, in: last) }
            counts.tried += 1
            let whole = HTTPOutcome(reading: bytes, limits: limits)
            counts.messages += whole.messages.count
            ends["\(whole.end)", default: 0] += 1
            for cuts in [cuts, Array(0...bytes.count)] {
                let cut = HTTPOutcome(reading: bytes, limits: limits, cuts: cuts)
                guard let problem = difference(whole, cut) else { continue }
                counts.found += 1
                print("FOUND \(problem): \(text(bytes)) cut at \(cuts.count < 9 ? cuts : [])")
                fflush(nil)
            }
        }
        print("tried \(counts.tried), requests read \(counts.messages), found \(counts.found)")
        print(ends.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" })
    }

    private static func difference(_ whole: HTTPOutcome, _ cut: HTTPOutcome) -> String? {
        if whole.messages != cut.messages { return "other requests" }
        if let long = (whole.messages + cut.messages).first(where: {
            $0.body.count > limits.bodyBytesMax
        }) {
            return "a body of \(long.body.count) bytes"
        }
        // Byte by byte nothing can come with what was asked for.
        if cut.heldBytesMax > limits.headerBytesMax + 2 { return "held \(cut.heldBytesMax) bytes" }
        if whole.end == cut.end { return nil }
        // A limit may be met before or after another fault of the same head.
        if case .refused(let one) = whole.end, case .refused(let other) = cut.end,
            [413, 414, 431].contains(one) || [413, 414, 431].contains(other)
        {
            return nil
        }
        return "\(whole.end), and \(cut.end) when cut"
    }

    /// Prints an object a case: the bytes as Latin-1 text, the requests read, and the end.
    static func printCases(_ count: Int, seed: UInt64, corpus: [[UInt8]]) {
        var maker = RequestMaker(random: SplitMix(seed: seed), corpus: corpus)
        for _ in 0..<count {
            let (bytes, _) = maker.next()
            let outcome = HTTPOutcome(reading: bytes)
            let messages = outcome.messages.map { message -> JSONValue in
                .array([
                    .string(message.method), .string(message.target), .string(text(message.body)),
                ])
            }
            let object: JSONValue = [
                "input": .string(text(bytes)), "messages": .array(messages),
                "end": .string("\(outcome.end)"),
            ]
            print(object.jsonString)
        }
    }

    private static func text(_ bytes: [UInt8]) -> String {
        String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
}
