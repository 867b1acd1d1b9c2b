import Cryptography
import Glibc
import JSON
import Receiver
import Webhooks

/// Whether the time of a refusal tells how much of a signature was right: the same delivery with its
/// signature wrong from a byte on, that byte drawn at random for each, through the compare alone and
/// through the whole pipeline.
enum TimingBenchmark {
    static let usage = "postern-bench timing [--count N]"

    /// Nanoseconds of one class: the place of the first wrong byte.
    struct Class {
        let place: Int
        var count = 0
        var mean = 0.0
        private var squares = 0.0

        init(place: Int) { self.place = place }

        /// Welford's running mean and variance.
        mutating func add(_ value: Double) {
            count += 1
            let difference = value - mean
            mean += difference / Double(count)
            squares += difference * (value - mean)
        }

        var variance: Double { count > 1 ? squares / Double(count - 1) : 0 }

        /// Welch's t of two classes.
        func t(_ other: Class) -> Double {
            let error = variance / Double(count) + other.variance / Double(other.count)
            return error > 0 ? (mean - other.mean) / error.squareRoot() : 0
        }
    }

    static func run(_ arguments: [String]) throws {
        var count = 100_000
        if let place = arguments.firstIndex(of: "--count") {
            guard place + 1 < arguments.count, let number = Int(arguments[place + 1]), number >= 100
            else { throw UsageError() }
            count = number
        }
        let secret = Array("timing-secret".utf8)
        let body = Array(#"{"id":"evt_1","type":"test"}"#.utf8)
        let right = try HMAC(.sha256, key: Secret(secret)).authenticate(body)
        // The control: a compare that stops at the first difference must be seen.
        report("compare that stops early", classes(right, count) { isEqual($0, right) })
        report("constantTimeEquals", classes(right, count) { constantTimeEquals($0, right) })
        let judge = try pipeline(secret, body)
        report("pipeline", classes(right, count) { judge(Encodings.encodeHex($0)) })
    }

    /// What has to be seen: byte after byte, over a copy long enough to be measured.
    @inline(never)
    private static func isEqual(_ one: [UInt8], _ two: [UInt8]) -> Bool {
        for place in one.indices where one[place] != two[place] { return false }
        return true
    }

    private static func classes(
        _ right: [UInt8], _ count: Int, _ body: ([UInt8]) -> Bool
    ) -> [Class] {
        let places = [0, 1, 4, 8, 16, 24, 31]
        var classes = places.map(Class.init)
        // Every class has its input made beforehand, so that making it is not measured.
        let inputs = places.map { place in
            var wrong = right
            for index in place..<right.count { wrong[index] = neighbour(right[index]) }
            return wrong
        }
        // Times of interrupts and of other processes are cut off: above the median of a first round by half.
        var samples: [Double] = []
        for _ in 0..<2000 { samples.append(time { body(inputs[0]) }) }
        let limit = samples.sorted()[samples.count / 2] * 1.5
        var generator = SystemRandomNumberGenerator()
        // All classes use the same memory: where an array lies changes its time by more than is measured.
        var input = right
        while classes.contains(where: { $0.count < count }) {
            let index = Int.random(in: 0..<places.count, using: &generator)
            for (place, byte) in inputs[index].enumerated() { input[place] = byte }
            let elapsed = time { body(input) }
            if elapsed <= limit { classes[index].add(elapsed) }
        }
        return classes
    }

    /// Another byte whose hexadecimal digits are decimal digits and letters in the same places: reading
    /// a letter may take longer, which tells the sender of a text only what he sent.
    private static func neighbour(_ byte: UInt8) -> UInt8 {
        func next(_ digit: UInt8) -> UInt8 {
            digit < 10 ? (digit + 1) % 10 : digit == 15 ? 10 : digit + 1
        }
        return next(byte >> 4) << 4 | next(byte & 0xF)
    }

    /// Nanoseconds of one call.
    private static func time(_ body: () -> Bool) -> Double {
        let start = nanoseconds
        let isEqual = body()
        let end = nanoseconds
        precondition(!isEqual, "a wrong signature was accepted")
        return Double(end &- start)
    }

    private static var nanoseconds: UInt64 { Clock.monotonicNanoseconds }

    private static func pipeline(
        _ secret: [UInt8], _ body: [UInt8]
    ) throws -> ([UInt8]) -> Bool {
        let source =
            #"{"name":"t","config":{"webhook":{"signature_verification":{"format":"hmac","config":{"secret":"{{k}}","compare_with":"{{headers.x-sig}}"}}}}}"#
        guard
            let integration = Integration.parse(try JSONValue(parsing: Array(source.utf8)))
                .integration
        else { throw UsageError() }
        let pipeline = Pipeline(integration: integration)
        let account = AccountState(
            id: "a", context: ["k": .string(String(decoding: secret, as: UTF8.self))])
        let environment = PipelineEnvironment(
            nowMilliseconds: 0, monotonicNanoseconds: { 0 }, randomBits: { 0 })
        return { signature in
            let request = ReceivedRequest(
                method: "POST", target: "/t", publicURL: "https://h/t", path: "/t", query: "",
                fields: HeaderFields([("X-Sig", String(decoding: signature, as: UTF8.self))]),
                body: body, remoteAddress: "192.0.2.1", receivedAtMilliseconds: 0)
            if case .accepted = pipeline.run(request, account: account, environment: environment) {
                return true
            }
            return false
        }
    }

    /// Means by place, and the largest |t| between two places: above 4.5 the time tells something
    /// (the threshold of leakage tests such as ISO/IEC 17825 and dudect).
    private static func report(_ name: String, _ classes: [Class]) {
        var largest = 0.0
        for (index, one) in classes.enumerated() {
            for other in classes[(index + 1)...] { largest = max(largest, one.t(other).magnitude) }
        }
        print(
            "\(name): \(classes[0].count) or more each; largest |t| \(rounded(largest, 2))",
            largest > 4.5 ? "(tells)" : "(tells nothing)")
        for one in classes {
            print(
                "  first wrong byte \(one.place): mean \(rounded(one.mean, 2)) ns, deviation",
                rounded(one.variance.squareRoot(), 1))
        }
    }

    private static func rounded(_ value: Double, _ digits: Int) -> Double {
        let scale = pow(10, Double(digits))
        return (value * scale).rounded() / scale
    }
}
