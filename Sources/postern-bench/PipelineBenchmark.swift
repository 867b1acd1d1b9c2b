import CAllocations
import Cryptography
import EventQueue
import JSON
import Receiver
import Webhooks

/// The way of a request inside the process, without sockets and disk: nanoseconds and allocations of
/// each stage, each measured as what it adds to those before it.
enum PipelineBenchmark {
    static let usage = "postern-bench pipeline [--rounds N]"

    private struct Stage {
        let name: String
        let webhook: String
    }

    private static let signature = #"""
        "signature_verification":{"format":"hmac","config":{"algorithm":"sha256","secret":"secret","signed_string":"{{raw_body}}","compare_with":"{{headers.x-hub-signature-256}}","prefix":"sha256=","encoding":"hex"}}
        """#
    private static let transform = #"""
        "payload_transform":"$merge([$, {\"action\": body.action, \"repository\": body.repository.full_name}])"
        """#
    private static let handshake = #"""
        "handle_verification":"headers.\"x-github-event\" = \"ping\" ? {\"type\": \"meta\"} : {\"type\": \"payload\"}"
        """#

    static func run(_ arguments: [String]) throws {
        var rounds = 400
        if let place = arguments.firstIndex(of: "--rounds") {
            guard place + 1 < arguments.count, let number = Int(arguments[place + 1]), number > 4
            else {
                print("usage: \(usage)")
                throw UsageError()
            }
            rounds = number
        }
        print("median ns (allocations) that each stage adds; the last column is the whole")
        print("bytes parse+encode verify transform handshake all")
        for size in [1024, 2048, 16_384, 131_072, 1_000_000] {
            var line = "\(size)"
            var before: (nanoseconds: Double, allocations: Int) = (0, 0)
            let none = #""signature_verification":"none""#
            let steps = [
                none, signature, "\(signature),\(transform)",
                "\(signature),\(transform),\(handshake)",
            ]
            for step in steps {
                let figures = try measure(step, size, max(5, rounds * 2048 / max(size, 2048)))
                line += " \(Int(figures.nanoseconds - before.nanoseconds))"
                line += " (\(figures.allocations - before.allocations))"
                before = figures
            }
            print(line, "\(Int(before.nanoseconds)) (\(before.allocations))")
        }
    }

    private static func measure(
        _ webhook: String, _ size: Int, _ rounds: Int
    ) throws -> (nanoseconds: Double, allocations: Int) {
        let source = #"{"name":"bench","config":{"webhook":{"# + webhook + "}}}"
        guard
            let integration = Integration.parse(try JSONValue(parsing: Array(source.utf8)))
                .integration
        else { throw UsageError() }
        let pipeline = Pipeline(integration: integration)
        let body = Self.body(size)
        let code = try HMAC(.sha256, key: Secret(Array("secret".utf8))).authenticate(body)
        let hex = String(decoding: Encodings.encodeHex(code), as: UTF8.self)
        let fields = HeaderFields([
            ("Host", "localhost:8080"), ("Content-Length", String(body.count)),
            ("Content-Type", "application/json"), ("X-GitHub-Event", "push"),
            ("X-Hub-Signature-256", "sha256=\(hex)"),
        ])
        let environment = PipelineEnvironment(
            nowMilliseconds: 1_700_000_000_000,
            monotonicNanoseconds: { Clock.monotonicNanoseconds }, randomBits: { 42 })
        var samples: [Double] = []
        var allocations = UInt64.max
        for _ in 0..<rounds {
            let (began, start) = (postern_allocations(), Clock.monotonicNanoseconds)
            let request = ReceivedRequest(
                method: "POST", target: "/webhooks/bench",
                publicURL: "http://localhost:8080/webhooks/bench", path: "/webhooks/bench",
                query: "", fields: fields, body: body, remoteAddress: "127.0.0.1",
                receivedAtMilliseconds: 1_700_000_000_000)
            let decision = pipeline.run(
                request, account: AccountState(), environment: environment)
            samples.append(Double(Clock.monotonicNanoseconds - start))
            allocations = min(allocations, postern_allocations() - began)
            guard case .accepted = decision else {
                throw Shell.Failure(description: "not accepted: \(decision)")
            }
        }
        return (samples.sorted()[samples.count / 2], Int(allocations))
    }

    /// A push as GitHub sends it, of about `size` bytes.
    private static func body(_ size: Int) -> [UInt8] {
        var text = #"{"ref":"refs/heads/main","action":"push","repository":{"id":35129377,"#
        text += #""full_name":"octo/hello"},"commits":["#
        var number = 0
        while text.utf8.count < size - 200 {
            if number > 0 { text += "," }
            text +=
                #"{"id":"da4b9237bacccdf19c0760cab7aec4a8359010b0","message":"Commit \#(number)","#
            text += #""added":["a/\#(number).txt"],"author":{"name":"Octo Cat"},"distinct":true}"#
            number += 1
        }
        text += "],\"pad\":\"" + String(repeating: "x", count: max(0, size - text.utf8.count - 12))
        return Array((text + "\"}").utf8)
    }
}
