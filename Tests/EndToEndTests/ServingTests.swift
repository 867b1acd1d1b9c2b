import Foundation
import TestSupport
import Testing

/// The real program over real sockets.
@Suite(.serialized) struct ServingTests {
    static let json = "Content-Type: application/json"
    static let good = [json, "X-Token: t0ken"]

    static func start(queue: String = "sqlite", extra: String = "") throws -> PosternProcess {
        try PosternProcess(
            integrations: [
                "token.yaml": TestIntegrations.token, "hmac.yaml": TestIntegrations.hmac,
            ],
            variables: ["TOKEN": "t0ken"], queue: queue, extra: extra)
    }

    @Test(arguments: ["sqlite", "file"])
    func `an accepted delivery is stored once and shown as it came`(queue: String) throws {
        let postern = try Self.start(queue: queue)
        for _ in 1...2 {
            let answer = try postern.send(
                "/webhooks/token", headers: Self.good, body: #"{"id":"e1", "n": 1.0}"#)
            #expect(answer.hasPrefix("HTTP/1.1 200 "))
        }
        #expect(try postern.storedIDs() == ["e1"])
        let (status, output) = try postern.command(["queue", "show", "e1"])
        #expect(status == 0 && output.contains("\"n\"") && output.contains("token"))
        #expect(postern.stop() == 0)
    }

    @Test func `bad input is refused and nothing is stored`() throws {
        let postern = try Self.start(extra: "limits: { body_bytes_max: 100 }")
        let cases: [(String, String, [String], String)] = [
            ("/webhooks/token", "401", [Self.json], #"{"id":"x"}"#),
            ("/webhooks/token", "401", [Self.json, "X-Token: t0kem"], #"{"id":"x"}"#),
            ("/webhooks/hmac", "401", [Self.json, "X-Sig: abcd"], "{}"),
            ("/webhooks/token", "400", Self.good, #"{"id":"#),
            ("/webhooks/token", "413", Self.good, String(repeating: "x", count: 101)),
            ("/webhooks/nobody", "404", Self.good, "{}"), ("/elsewhere", "404", Self.good, "{}"),
            ("/webhooks/token/nobody", "404", Self.good, "{}"),
        ]
        for (path, status, headers, body) in cases {
            let answer = try postern.send(path, headers: headers, body: body)
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(path) \(answer.prefix(60))")
        }
        #expect(try postern.storedIDs() == [])
    }

    @Test func `half a request and a lying length are refused`() throws {
        let postern = try Self.start()
        for text in [
            "POST /webhooks/token HTTP/1.1\r\nHost: a\r\nX-Tok",
            "POST /webhooks/token HTTP/1.1\r\nHost: a\r\nX-Token: t0ken\r\nContent-Length: 50\r\n\r\n{}",
        ] {
            let client = try TestClient(port: postern.port)
            client.send(text)
            client.endInput()
            #expect(client.read(until: nil).hasPrefix("HTTP/1.1 400 "))
        }
        #expect(try postern.storedIDs() == [])
    }

    @Test func `an unknown integration is refused before its body has come`() throws {
        let postern = try Self.start()
        let client = try TestClient(port: postern.port)
        client.send("POST /webhooks/nobody HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
        #expect(client.read(until: nil).hasPrefix("HTTP/1.1 404 "))
    }

    @Test func `a handshake is answered and not stored`() throws {
        let postern = try Self.start()
        let answer = try postern.send(
            "/webhooks/token", headers: [Self.json], body: #"{"challenge":"c7"}"#)
        #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.hasSuffix("\r\n\r\nc7"))
        #expect(try postern.storedIDs() == [])
    }

    @Test func `a missing secret answers 503 and stores nothing`() throws {
        let postern = try PosternProcess(
            integrations: ["token.yaml": TestIntegrations.token], variables: ["OTHER": "x"])
        let answer = try postern.send("/webhooks/token", headers: Self.good, body: #"{"id":"x"}"#)
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("Retry-After"))
        #expect(try postern.storedIDs() == [])
    }

    @Test(arguments: ["sqlite", "file"])
    func `what was acknowledged survives a kill`(queue: String) throws {
        let postern = try Self.start(queue: queue)
        let client = try TestClient(port: postern.port)
        let request = { (number: Int) in
            let body = #"{"id":"k\#(number)"}"#
            return "POST /webhooks/token HTTP/1.1\r\nHost: a\r\nX-Token: t0ken\r\n\(Self.json)\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
        }
        var acknowledged: [String] = []
        for number in 1...50 {
            client.send(request(number))
            let answer = client.read(until: "\r\n\r\n")
            guard answer.hasPrefix("HTTP/1.1 200 ") else { break }
            acknowledged.append("k\(number)")
        }
        client.send((51...80).map(request).joined())
        postern.kill()
        let stored = Set(try postern.storedIDs())
        #expect(acknowledged.count == 50 && Set(acknowledged).isSubset(of: stored))
    }

    @Test func `the check command prints every problem`() throws {
        let postern = try Self.start()
        try
            "name: broken\nconfig: { webhook: { payload_transform: '1 +', signature_verification: { format: hmca } } }\n"
            .write(
                to: postern.folder.appendingPathComponent("integrations.d/broken.yaml"),
                atomically: true, encoding: .utf8)
        let (status, output) = try postern.command(["check"])
        #expect(status == 1)
        #expect(output.contains("payload_transform") && output.contains("hmca"))
        #expect(output.contains("broken.yaml:2:"))
    }
}
