import Foundation
import TestSupport
import Testing

/// The built program over real sockets.
@Suite(.serialized)
struct ReceivingTests {
    static let body = #"{"action":"opened","n":1.10}"#
    static let json = "Content-Type: application/json"

    @Test(arguments: ["sqlite", "file"])
    func `an accepted delivery is in the queue, and a second one is stored once`(
        queue: String
    ) throws {
        let server = try ReceiverProcess(queue: queue)
        let fields = [
            Self.json, "X-Signature: sha256=\(try Signatures.hmac(Self.body))", "X-Delivery: d-1",
        ]
        for _ in 0..<2 {
            let answer = try #require(
                try RawConnection.post(server.port, "/webhooks/hmac", Self.body, fields))
            #expect(answer.status == 200)
            #expect(answer.head.contains("X-Request-Id: "))
        }
        #expect(try server.storedIDs() == ["d-1"])
        let (status, text) = try server.command("queue", "show", "d-1")
        #expect(status == 0)
        #expect(text.contains("1.10"), "the number keeps its text")
        let byID = try RawConnection.post(
            server.port, "/environment-integration-webhook/integration-1", Self.body,
            [Self.json, fields[1], "X-Delivery: d-2"])
        #expect(byID?.status == 200)
        let metrics = try #require(
            try RawConnection.post(server.adminPort, "/metrics", "", method: "GET"))
        #expect(metrics.body.contains(#"outcome="duplicate",reason=""} 1"#))
        #expect(server.stop() == 0)
    }

    @Test func `what is not signed right is refused and not stored`() throws {
        let server = try ReceiverProcess()
        let good = try Signatures.hmac(Self.body)
        let flipped = good.dropLast() + (good.hasSuffix("0") ? "1" : "0")
        let cases: [([String], Int)] = [
            ([], 401), (["X-Signature: sha256=\(flipped)"], 401),
            (["X-Signature: sha256=\(good.dropLast(2))"], 401),
            (["X-Signature: sha256=\(good)00"], 401), (["X-Signature: sha256="], 401),
            (["X-Signature: \(good)"], 401), (["X-Signature: sha256=zz"], 401),
            (["X-Signature: sha256=\(try Signatures.hmac(Self.body, secret: "other"))"], 401),
        ]
        for (fields, status) in cases {
            let answer = try RawConnection.post(
                server.port, "/webhooks/hmac", Self.body, fields + [Self.json])
            #expect(answer?.status == status, "\(fields)")
            #expect(answer?.body == "unauthorized\n", "a refusal does not say why")
        }
        let tampered = try RawConnection.post(
            server.port, "/webhooks/hmac", Self.body.replacingOccurrences(of: "1.10", with: "1.11"),
            ["X-Signature: sha256=\(good)", Self.json])
        #expect(tampered?.status == 401)
        #expect(try server.storedIDs().isEmpty)
    }

    @Test func `what is malformed is refused`() throws {
        let server = try ReceiverProcess(extra: "limits: { body_bytes_max: 1KiB }")
        let text = "{not json"
        let answer = try RawConnection.post(
            server.port, "/webhooks/hmac", text,
            [Self.json, "X-Signature: sha256=\(try Signatures.hmac(text))"])
        #expect(answer?.status == 400)
        let exact = String(repeating: "x", count: 1024)
        let signed = "X-Signature: sha256=\(try Signatures.hmac(exact))"
        #expect(
            try RawConnection.post(server.port, "/webhooks/hmac", exact, [signed])?.status == 200)
        let over = try RawConnection.post(server.port, "/webhooks/hmac", exact + "x", [signed])
        #expect(over?.status == 413)
        let lying = try RawConnection(port: server.port)
        lying.send("POST /webhooks/hmac HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nshort")
        lying.finishSending()
        #expect(lying.answer().map { $0.status >= 400 } ?? true)
        let two = try RawConnection(port: server.port)
        two.send(
            "POST /webhooks/hmac HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                + "Content-Length: 2\r\n\r\nab")
        #expect(two.answer()?.status == 400)
        #expect(try server.storedIDs().count == 1)
    }

    @Test func `an unknown route is answered before the body is sent`() throws {
        let server = try ReceiverProcess()
        for path in [
            "/webhooks/nope", "/webhooks/hmac/nobody", "/", "/integrated-account-webhook/x",
        ] {
            let connection = try RawConnection(port: server.port)
            connection.send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
            let answer = connection.answer()
            #expect(answer?.status == 404, "\(path)")
            #expect(answer?.body == "not found\n")
        }
    }

    @Test func `a half-written request stores nothing and holds nobody up`() throws {
        let server = try ReceiverProcess()
        let half = try RawConnection(port: server.port)
        half.send("POST /webhooks/hmac HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{")
        let signed = "X-Signature: sha256=\(try Signatures.hmac(Self.body))"
        let answer = try RawConnection.post(server.port, "/webhooks/hmac", Self.body, [signed])
        #expect(answer?.status == 200)
        #expect(try server.storedIDs().count == 1)
    }

    static let handshake = """
        name: shake
        config:
          webhook:
            handle_verification: |
              body.challenge ? {'type': 'verify', 'verification_response': {'body': body.challenge},
                'update_context': {'seen': body.challenge}} : {'type': 'payload'}
            signature_verification:
              format: token
              config: { secret: "{{environment_variables.SECRET}}", compare_with: "{{headers.x-token}}" }
        """

    @Test func `a handshake is answered and not stored`() throws {
        let server = try ReceiverProcess(integrations: ["shake.yaml": Self.handshake])
        let answer = try RawConnection.post(
            server.port, "/webhooks/shake", #"{"challenge":"abc"}"#, [Self.json])
        #expect(answer?.status == 200)
        #expect(answer?.body == "abc")
        let payload = try RawConnection.post(
            server.port, "/webhooks/shake", #"{"a":1}"#,
            [Self.json, "X-Token: \(ReceiverProcess.secret)"])
        #expect(payload?.status == 200)
        #expect(try server.storedIDs().count == 1)
    }

    @Test func `a secret that is missing is 503 and never accepted`() throws {
        let text = ReceiverProcess.hmac.replacingOccurrences(of: "SECRET", with: "ABSENT")
            .replacingOccurrences(of: "hmac\nid: integration-1", with: "absent")
        let server = try ReceiverProcess(integrations: ["absent.yaml": text])
        let signature = try Signatures.hmac(Self.body, secret: " ")
        let answer = try RawConnection.post(
            server.port, "/webhooks/absent", Self.body, ["X-Signature: sha256=\(signature)"])
        #expect(answer?.status == 503)
        #expect(answer?.head.contains("Retry-After: ") == true)
    }

    @Test func `the admin listener tells health and readiness`() throws {
        let server = try ReceiverProcess()
        for path in ["/healthz", "/readyz", "/metrics"] {
            let answer = try RawConnection.post(server.adminPort, path, "", method: "GET")
            #expect(answer?.status == 200, "\(path)")
        }
        #expect(try RawConnection.post(server.adminPort, "/x", "", method: "GET")?.status == 404)
    }
}
