import Foundation
import TestSupport
import Testing

/// What HTTP allows and a receiver seldom sees, at its limits, against the real program.
@Suite(.serialized)
struct ProtocolTests {
    private static let open = """
        name: open
        config: { webhook: { signature_verification: none } }
        event_id: "{{headers.x-delivery}}"
        """

    private static func server(_ extra: String = "") throws -> ReceiverProcess {
        try ReceiverProcess(extra: extra, integrations: ["open.yaml": open])
    }

    // MARK: Content codings

    /// A JSON string of so many bytes, compressed so often, sent; gives the status.
    private static func sendCompressed(
        _ server: ReceiverProcess, _ bytes: Int, coding: String = "gzip", times: Int = 1,
        id: String
    ) throws -> Int? {
        let compress = repeatElement("| gzip -9n ", count: times).joined()
        let script = """
            { printf '"'; head -c \(bytes - 2) /dev/zero | tr '\\0' a; printf '"'; } \(compress) |
            curl -sS -o /dev/null -w '%{http_code}' --data-binary @- -H 'Content-Encoding: \(coding)' \
            -H 'Content-Type: application/json' -H 'X-Delivery: \(id)' \
            http://127.0.0.1:\(server.port)/webhooks/open
            """
        return Int(try ReceiverProcess.run(["bash", "-c", script]).output)
    }

    @Test func `a compressed body may be as large as the limit, decoded`() throws {
        let server = try Self.server("limits: { body_bytes_max: 64KiB }")
        #expect(try Self.sendCompressed(server, 65_536, id: "at") == 200)
        #expect(try Self.sendCompressed(server, 65_537, id: "beyond") == 413)
        #expect(try Self.sendCompressed(server, 100, coding: "br", id: "unknown") == 400)
        #expect(try server.storedIDs() == ["at"])
    }

    @Test func `a bomb is given up at the limit, and takes no memory for the rest`() throws {
        let server = try Self.server()
        func memory() throws -> Int {
            let metrics = try #require(
                try RawConnection.post(server.adminPort, "/metrics", "", method: "GET")
            ).body
            let name = "process_resident_memory_bytes "
            let line = metrics.split(separator: "\n").first { $0.hasPrefix(name) }
            return try #require(line.flatMap { Int(Double($0.dropFirst(name.count)) ?? -1) })
        }
        #expect(try Self.sendCompressed(server, 1 << 20, id: "warm") == 200)
        let before = try memory()
        for number in 0..<3 {
            // 200 MB of one letter are 200 KB.
            #expect(try Self.sendCompressed(server, 200 << 20, id: "bomb-\(number)") == 413)
        }
        #expect(try memory() < before + (16 << 20))
        // A bomb in a bomb: each coding has the same limit.
        let nested = try Self.sendCompressed(
            server, 200 << 20, coding: "gzip, gzip", times: 2, id: "nested")
        #expect(nested == 413 || nested == 400)
        #expect(try server.storedIDs() == ["warm"])
    }

    // MARK: Methods

    @Test func `HEAD is a delivery like any other, answered without a body`() throws {
        let server = try Self.server()
        let client = try TestClient(port: server.port)
        let field = "Host: a\r\nX-Delivery: "
        client.send("HEAD /webhooks/open HTTP/1.1\r\n\(field)head\r\n\r\n")
        client.send("HEAD /none HTTP/1.1\r\n\(field)none\r\n\r\n")
        client.send("GET /webhooks/open HTTP/1.1\r\n\(field)get\r\nConnection: close\r\n\r\n")
        let answers = client.read(until: nil).components(separatedBy: "HTTP/1.1 ").dropFirst()
        #expect(answers.map { $0.prefix(3) } == ["200", "404", "200"])
        #expect(answers.map { $0.hasSuffix("\r\n\r\n") } == [true, true, false])
        #expect(answers.allSatisfy { !$0.contains("Content-Length: 0") })
        #expect(try server.storedIDs() == ["head", "get"])
    }

    @Test func `OPTIONS is one too, and of the server as a whole it is no route`() throws {
        let server = try Self.server()
        let delivery = try RawConnection.post(
            server.port, "/webhooks/open", "{}", ["X-Delivery: o"], method: "OPTIONS")
        #expect(delivery?.status == 200)
        #expect(try RawConnection.post(server.port, "*", "", method: "OPTIONS")?.status == 404)
        #expect(try RawConnection.post(server.port, "*", "", method: "GET")?.status == 400)
        #expect(try server.storedIDs() == ["o"])
    }

    // MARK: Expect

    @Test(arguments: [
        ("open", 64, ["HTTP/1.1 100 Continue", "HTTP/1.1 200 OK"]),
        ("open", 65, ["HTTP/1.1 413"]), ("nobody", 64, ["HTTP/1.1 404"]),
    ])
    func `who asks before sending is told, once, what becomes of it`(
        integration: String, length: Int, answers: [String]
    ) throws {
        let server = try Self.server("limits: { body_bytes_max: 64B }")
        let client = try TestClient(port: server.port)
        client.send(
            "POST /webhooks/\(integration) HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                + "Connection: close\r\nContent-Length: \(length)\r\n\r\n")
        var text = client.read(until: "\r\n\r\n")
        if answers.count > 1 {
            client.send(String(repeating: "x", count: length))
            text += client.read(until: nil)
        }
        let lines = text.components(separatedBy: "\r\n").filter { $0.hasPrefix("HTTP/") }
        #expect(lines.count == answers.count && zip(lines, answers).allSatisfy { $0.hasPrefix($1) })
    }

    @Test func `another expectation is refused, and one of HTTP 1.0 passed over`() throws {
        let server = try Self.server()
        let odd = try RawConnection.post(
            server.port, "/webhooks/open", "{}", ["Expect: something"])
        #expect(odd?.status == 417)
        let client = try TestClient(port: server.port)
        client.send(
            "POST /webhooks/open HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        client.send("{}")
        #expect(client.read(until: nil).hasPrefix("HTTP/1.1 200"))
    }

    // MARK: Half-closed connections

    @Test func `who ends after his last byte gets all answers, one byte before it none is stored`()
        throws
    {
        let server = try Self.server()
        func request(_ id: String) -> String {
            RawConnection.request("/webhooks/open", "{}", ["X-Delivery: \(id)"])
        }
        let whole = try RawConnection(port: server.port)
        whole.send(request("1") + request("2") + request("3"))
        whole.finishSending()
        for _ in 0..<3 { #expect(whole.answer()?.status == 200) }
        #expect(whole.readsEnd(), "the connection ends after the last answer")
        let cut = try RawConnection(port: server.port)
        cut.send(request("4") + request("5").dropLast())
        cut.finishSending()
        #expect(cut.answer()?.status == 200)
        #expect(cut.answer()?.status == 400)
        #expect(cut.readsEnd())
        #expect(try server.storedIDs() == ["1", "2", "3", "4"])
    }
}
