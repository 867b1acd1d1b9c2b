import Foundation
import Glibc
import TestSupport
import Testing

/// `postern replay` on the real program.
@Suite(.serialized)
struct ReplayTests {
    static let body = #"{"n":1.0,"name":"é"}"#
    static let stripe = """
        name: stripe
        config:
          webhook:
            signature_verification:
              format: hmac
              config:
                secret: "{{environment_variables.SECRET}}"
                signed_string: "{{headers.x-time}}.{{raw_body}}"
                compare_with: "{{headers.x-sig}}"
                timestamp: "{{headers.x-time}}"
        event_id: "{{headers.x-delivery}}"
        """

    private static func deliver(
        _ server: ReceiverProcess, _ id: String, body: String = body, signature: String? = nil
    ) throws -> Int {
        let signature = try signature ?? Signatures.hmac(body)
        let fields = [
            "Content-Type: application/json", "X-Signature: sha256=\(signature)",
            "X-Delivery: \(id)",
        ]
        return try RawConnection.post(server.port, "/webhooks/hmac", body, fields)
            .orTrouble("no answer").status
    }

    private static func lines(_ output: String) throws -> [[String: Any]] {
        try output.split(separator: "\n").filter { $0.hasPrefix("{") }.map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            return try (object as? [String: Any]).orTrouble("\(line)")
        }
    }

    private static func write(_ text: String, _ name: String, _ server: ReceiverProcess) throws
        -> String
    {
        let path = server.path(name)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test func `a refused request is replayed from quarantine after the fix`() throws {
        let server = try ReceiverProcess()
        let other = try Signatures.hmac(Self.body, secret: "the-vendor's-new-secret")
        #expect(try Self.deliver(server, "q-1", signature: other) == 401)
        #expect(try Self.deliver(server, "q-2") == 200)
        #expect(server.stop() == 0)
        let listed = try server.command("quarantine", "list", "--json")
        #expect(
            try Self.lines(listed.output).map { $0["reason"] as? String } == ["signature_mismatch"])
        let before = try server.command("replay", "--quarantine")
        #expect(before.status == 1)
        #expect(before.output.contains("refused: signature_mismatch"), "\(before.output)")
        #expect(before.output.contains("compared with {{headers.x-signature}}: present, 64 hex"))
        #expect(before.output.contains("as before"))
        for secret in [ReceiverProcess.secret, other, "the-vendor's-new-secret"] {
            #expect(!before.output.contains(secret))
        }
        // The fix: a new configuration, tried before it is used.
        let text = try String(contentsOfFile: server.path("postern.yaml"), encoding: .utf8)
        let new = try Self.write(
            text.replacingOccurrences(
                of: ReceiverProcess.secret, with: "the-vendor's-new-secret"), "new.yaml", server)
        let (status, output) = try ReceiverProcess.run([
            ReceiverProcess.binary, "replay", "--quarantine", "--dry-run", "--json", "--config",
            new,
        ])
        #expect(status == 0, "\(output)")
        let result = try Self.lines(output).first.orTrouble(output)
        #expect(result["outcome"] as? String == "accepted")
        #expect(
            result["changes"] as? [String] == ["was refused (signature_mismatch), now accepted"])
        #expect(try server.storedIDs() == ["q-2"])
        for expected in ["stored: q-1", "duplicate: q-1"] {
            let (status, output) = try ReceiverProcess.run([
                ReceiverProcess.binary, "replay", "--quarantine", "--store", "--config", new,
            ])
            #expect(status == 0 && output.contains(expected), "\(output)")
        }
        #expect(try server.storedIDs() == ["q-2", "q-1"])
        #expect(try server.command("quarantine", "prune", "--all").status == 0)
        #expect(try server.command("quarantine", "list", "--json").output.isEmpty)
    }

    @Test(arguments: ["sqlite", "file"])
    func `what a queue holds is replayed against a new configuration`(queue: String) throws {
        let server = try ReceiverProcess(queue: queue)
        let multiline = "{\n\"n\": [1,\n2]}"
        #expect(try Self.deliver(server, "a-1") == 200)
        #expect(try Self.deliver(server, "a-2", body: multiline) == 200)
        let same = try server.command("replay", "--queue", "main")
        #expect(same.status == 0, "\(same.output)")
        #expect(same.output.contains("2 requests: 2 accepted\n"), "\(same.output)")
        // Through JSON Lines.
        let exported = try server.command("queue", "export", "--requests")
        let file = try Self.write(exported.output, "captures.jsonl", server)
        let again = try server.command("replay", file)
        #expect(again.output.contains("2 requests: 2 accepted\n"), "\(again.output)")
        let one = try server.command("replay", "--queue", "main", "--number", "2", "--json")
        #expect(try Self.lines(one.output).count == 1)
        // Another event type, and a secret that is wrong.
        let integration = server.path("integrations.d/hmac.yaml")
        try Data((ReceiverProcess.hmac + "\nevent_type: \"n{{body.n}}\"\n").utf8)
            .write(to: URL(fileURLWithPath: integration))
        let typed = try server.command("replay", "--queue", "main", "--dry-run")
        #expect(typed.status == 0)
        #expect(typed.output.contains("! type was webhook.received, now n1"), "\(typed.output)")
        #expect(typed.output.contains("2 requests: 2 accepted; 2 would change"))
        try Data(ReceiverProcess.hmac.replacingOccurrences(of: "sha256=", with: "v9=").utf8)
            .write(to: URL(fileURLWithPath: integration))
        let refused = try server.command("replay", file)
        #expect(refused.status == 1)
        #expect(refused.output.contains("was accepted, now refused ("), "\(refused.output)")
    }

    @Test func `HAR, raw HTTP and a clock of its own`() throws {
        let server = try ReceiverProcess(integrations: ["stripe.yaml": Self.stripe])
        let time = 1_700_000_000
        let signature = try Signatures.hmac("\(time).\(Self.body)")
        let raw = try Self.write(
            """
            POST /webhooks/stripe?a=1 HTTP/1.1\r
            Host: hooks.example\r
            X-Time: \(time)\r
            X-Sig: \(signature)\r
            X-Delivery: raw-1\r
            Content-Length: \(Self.body.utf8.count)\r
            \r
            \(Self.body)
            """, "request.http", server)
        let late = try server.command("replay", raw, "--at", "now")
        #expect(late.status == 1)
        #expect(late.output.contains("timestamp_out_of_tolerance"), "\(late.output)")
        let inTime = try server.command("replay", raw, "--at", "2023-11-14T22:13:20Z")
        #expect(inTime.status == 0, "\(inTime.output)")
        #expect(inTime.output.contains("webhook.received raw-1"))
        let headers: [[String: String]] = [
            ["name": ":authority", "value": "hooks.example"],
            ["name": "x-time", "value": "\(time)"], ["name": "x-sig", "value": signature],
        ]
        let entry: [String: Any] = [
            "startedDateTime": "2023-11-14T22:14:00.000Z",
            "request": [
                "method": "POST", "url": "https://hooks.example/webhooks/stripe",
                "headers": headers,
                "postData": ["mimeType": "application/json", "text": Self.body],
            ],
        ]
        let har = try JSONSerialization.data(withJSONObject: ["log": ["entries": [entry, entry]]])
        let file = try Self.write(String(decoding: har, as: UTF8.self), "vendor.har", server)
        let captured = try server.command("replay", file, "--json")
        #expect(captured.status == 0, "\(captured.output)")
        #expect(
            try Self.lines(captured.output).map { $0["outcome"] as? String } == [
                "accepted", "accepted",
            ])
        let elsewhere = try server.command("replay", raw, "--integration", "hmac")
        #expect(elsewhere.output.contains("refused (missing_signature)"), "\(elsewhere.output)")
        #expect(elsewhere.output.contains("{{headers.x-signature}}: absent"))
    }

    @Test func `requests are sent on as they were captured`() throws {
        let server = try ReceiverProcess()
        let signature = try Signatures.hmac(Self.body)
        let file = try Self.write(
            """
            {"method":"POST","target":"/webhooks/hmac","headers":{"X-Signature":"sha256=\(signature)","X-Delivery":"s-1"},"body":\(String(reflecting: Self.body))}
            {"method":"POST","target":"/webhooks/hmac","headers":[["X-Signature","sha256=00"]],"body":"{}"}
            """, "captures.jsonl", server)
        let url = "http://127.0.0.1:\(server.port)"
        let (status, output) = try server.command("replay", file, "--to", url)
        #expect(status == 1)
        #expect(output.contains("sent: answered 200"), "\(output)")
        #expect(output.contains("sent: answered 401"), "\(output)")
        #expect(try server.storedIDs() == ["s-1"])
        #expect(try server.command("replay", file, "--to", url, "--store").status == 64)
        #expect(try server.command("replay").status == 64)
        #expect(try server.command("replay", file, "--at", "tomorrow").status == 64)
        #expect(try server.command("replay", "/nonexistent").status == 69)
    }

    @Test func `what cannot be read is said, with its place, and the rest goes on`() throws {
        let server = try ReceiverProcess()
        let file = try Self.write(
            "{\"target\":\"/webhooks/nobody\"}\nnot json\n{\"headers\":[[1]]}\n", "bad.jsonl",
            server)
        let (status, output) = try server.command("replay", file)
        #expect(status == 1)
        #expect(output.contains("bad.jsonl:2: not a JSON object"), "\(output)")
        #expect(output.contains("bad.jsonl:3: a header is a pair of name and value"))
        #expect(output.contains("unrouted (no integration or account has this path)"))
        let text = try Self.write("hello\n", "hello.txt", server)
        #expect(
            try server.command("replay", text).output.contains("neither JSON nor an HTTP request"))
        let database = try server.command("replay", server.path("postern-data/queue"))
        #expect(database.output.contains("is a database"), "\(database.output)")
    }

    static let token = """
        name: token
        config:
          webhook:
            signature_verification:
              format: token
              config: { secret: "{{environment_variables.SECRET}}", compare_with: "{{headers.x-token}}" }
        event_id: "{{body.id}}"
        """

    @Test func `what was not kept leaves a signature undecided, other secrets do not`() throws {
        let server = try ReceiverProcess(integrations: ["token.yaml": Self.token])
        let answer = try RawConnection.post(
            server.port, "/webhooks/token", #"{"id":"t-1"}"#,
            ["X-Token: \(ReceiverProcess.secret)", "Content-Type: application/json"])
        #expect(answer?.status == 200)
        let replayed = try server.command("replay", "--queue", "main")
        #expect(replayed.output.contains("1 request: 1 undecided\n"), "\(replayed.output)")
        #expect(replayed.output.contains("the capture does not hold x-token"))
        #expect(!replayed.output.contains(ReceiverProcess.secret))
        let file = try Self.write(
            """
            {"target":"/webhooks/hmac","headers":{"Cookie":"[redacted]","X-Signature":"sha256=00"},"body":"{}"}
            """, "cookie.jsonl", server)
        let refused = try server.command("replay", file)
        #expect(refused.output.contains("1 request: 1 refused\n"), "\(refused.output)")
    }
}
