import Foundation
import Glibc
import TestSupport
import Testing

/// Clients that hold on to what they get, against the real program with the limits of its configuration.
@Suite(.serialized)
struct HostileClientTests {
    private static let head =
        "POST /webhooks/hmac HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n"

    private static func server(_ limits: String) throws -> ReceiverProcess {
        try ReceiverProcess(extra: "limits: { \(limits) }", integrations: ["echo.yaml": echo])
    }

    /// Answers with what it was sent.
    private static let echo = """
        name: echo
        config:
          webhook:
            handle_verification: "{'type': 'verify', 'verification_response': {'body': raw_body}}"
            signature_verification: none
        """

    private static func metrics(_ server: ReceiverProcess) throws -> String {
        try RawConnection.post(server.adminPort, "/metrics", "", [], method: "GET")?.body ?? ""
    }

    private static func hits(_ server: ReceiverProcess, _ limit: String) throws -> Bool {
        try metrics(server).contains("postern_limits_hit_total{limit=\"\(limit)\"} ")
    }

    /// Asks until it is so; false when it is not after 20 seconds.
    private static func waits(until isSo: () throws -> Bool) rethrows -> Bool {
        let end = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < end { if try isSo() { return true } }
        return false
    }

    /// Asks until the server has so many connections.
    private static func waitForConnections(_ server: ReceiverProcess, _ count: Int) throws -> Bool {
        try waits { try metrics(server).contains("\npostern_connections \(count)\n") }
    }

    /// Everything works as if nobody else were there.
    private static func isWell(_ server: ReceiverProcess) throws -> Bool {
        try RawConnection.post(server.port, "/webhooks/echo", "well")?.body == "well"
    }

    @Test(arguments: [
        ("header_timeout", "header_timeout: 150ms", "POST /webhooks/hmac HTTP/1.1\r\nHo"),
        ("body_timeout", "body_timeout: 150ms", head + "\r\nabc"),
        (
            "body_timeout", "body_timeout: 150ms, body_bytes_per_second_min: 1MiB",
            head + "\r\n" + String(repeating: "a", count: 5000)
        ),
    ])
    func `half a request is answered 408 after its time, however it trickles`(
        limit: String, limits: String, start: String
    ) throws {
        let server = try Self.server(limits)
        let client = try TestClient(port: server.port)
        client.send(start)
        // A byte each few milliseconds gains no time.
        client.setReadTimeout(milliseconds: 10)
        var text = ""
        for _ in 0..<2000 where text.isEmpty {
            client.send("a")
            text = client.read(until: "\r\n\r\n")
        }
        #expect(text.hasPrefix("HTTP/1.1 408 "))
        #expect(try Self.hits(server, limit))
        #expect(try Self.isWell(server))
        #expect(server.stop() == 0)
    }

    @Test func `a connection without a request is closed after its time`() throws {
        let server = try Self.server("keep_alive_timeout: 150ms")
        let client = try TestClient(port: server.port)
        #expect(client.readsEnd())
        #expect(server.stop() == 0)
    }

    @Test(arguments: ["connections_max", "connections_per_address_max"])
    func `the last connection is served, one beyond is told to come again`(limit: String) throws {
        let server = try Self.server("\(limit): 2")
        let first = try RawConnection(port: server.port)
        let second = try RawConnection(port: server.port)
        for client in [first, second] {
            client.send(RawConnection.request("/webhooks/echo", "x"))
            #expect(client.answer()?.status == 200)
        }
        let third = try TestClient(port: server.port)
        let refusal = third.read(until: nil)
        #expect(refusal.hasPrefix("HTTP/1.1 503 ") && refusal.contains("\r\nRetry-After: "))
        #expect(try Self.hits(server, limit))
        // Another address has connections of its own, but none beyond those of all.
        let other = try TestClient(port: server.port, from: 0x7F00_0002)
        other.send(RawConnection.request("/webhooks/echo", "x"))
        let status = limit == "connections_max" ? "503" : "200"
        #expect(other.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 \(status) "))
        // The first two go on.
        first.send(RawConnection.request("/webhooks/echo", "y"))
        #expect(first.answer()?.body == "y")
        #expect(server.stop() == 0)
    }

    /// A client that never reads and sends far more than both systems' buffers hold as answers. Sending
    /// ends when the server has closed, or when it takes nothing for long.
    private static func deafClient(_ server: ReceiverProcess) throws -> TestClient {
        let client = try TestClient(port: server.port)
        client.setSendTimeout(milliseconds: 5000)
        let body = String(repeating: "x", count: 500_000)
        for _ in 0..<24 { client.send(RawConnection.request("/webhooks/echo", body)) }
        return client
    }

    @Test func `a client that never reads is cut off after its time`() throws {
        let server = try Self.server("write_timeout: 150ms, write_buffer_bytes_max: 4KiB")
        do {
            let client = try Self.deafClient(server)
            #expect(try Self.waitForConnections(server, 0))
            client.reset()
        }
        #expect(try Self.isWell(server))
        #expect(server.stop() == 0)
    }

    @Test(arguments: [
        ("header_timeout", "POST /webhooks/hmac HTTP/1.1\r\nHo"),
        ("body_timeout", head + "\r\nabc"),
    ])
    func `half a request of a client that never reads is refused after its time`(
        limit: String, start: String
    ) throws {
        let server = try Self.server(
            "\(limit): 150ms, write_timeout: 1h, write_buffer_bytes_max: 1GiB")
        do {
            let client = try Self.deafClient(server)
            client.send(start)
            #expect(try Self.waits { try Self.hits(server, limit) })
            client.reset()
        }
        #expect(try Self.isWell(server))
        #expect(server.stop() == 0)
    }

    @Test func `without descriptors those who are connected go on, and others wait their turn`()
        throws
    {
        let server = try Self.server("threads: 1")
        let kept = try RawConnection(port: server.port)
        kept.send(RawConnection.request("/webhooks/echo", "before"))
        #expect(kept.answer()?.body == "before")
        let folder = "/proc/\(server.process.processIdentifier)/fd"
        let open = try FileManager.default.contentsOfDirectory(atPath: folder).count
        // Descriptors are numbered from the lowest that is free; ten more are left.
        let (status, output) = try ReceiverProcess.run([
            "prlimit", "--pid", "\(server.process.processIdentifier)",
            "--nofile=\(open + 10):\(open + 10)",
        ])
        try #require(status == 0, "\(output)")
        let clients = try (0..<40).map { _ in try RawConnection(port: server.port) }
        for client in clients { client.send(RawConnection.request("/webhooks/echo", "w")) }
        kept.send(RawConnection.request("/webhooks/echo", "during"))
        #expect(kept.answer()?.body == "during")
        // Whoever is answered leaves and makes room for the next.
        for client in clients {
            #expect(client.answer()?.body == "w")
            client.finish()
        }
        #expect(server.stop() == 0)
    }

    @Test func `ten thousand connections that do nothing take no more than 64 MiB`() throws {
        var limit = rlimit()
        // unsafe: C reads and fills the structure.
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        try #require(limit.rlim_cur > 10_500, "the hard limit on descriptors is \(limit.rlim_cur)")
        let server = try Self.server(
            "connections_max: 10000, header_timeout: 1h, keep_alive_timeout: 1h")
        // Some have sent a request before, the others have sent a part of one.
        var clients: [RawConnection] = []
        for number in 0..<10_000 {
            let client = try RawConnection(port: server.port)
            client.send(
                number.isMultiple(of: 10)
                    ? RawConnection.request("/webhooks/echo", "x") : "POST /webhooks/echo HT")
            if number.isMultiple(of: 10) { #expect(client.answer()?.status == 200) }
            clients.append(client)
        }
        #expect(try Self.waitForConnections(server, 10_000))
        let status = try String(
            contentsOfFile: "/proc/\(server.process.processIdentifier)/status", encoding: .utf8)
        let resident = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        let kibibytes = resident?.split(separator: " ").dropLast().last.flatMap { Int($0) } ?? .max
        #expect(kibibytes <= 64 << 10, "\(kibibytes) KiB")
        let beyond = try TestClient(port: server.port)
        #expect(beyond.read(until: nil).hasPrefix("HTTP/1.1 503 "))
        clients[0].send(RawConnection.request("/webhooks/echo", "still"))
        #expect(clients[0].answer()?.body == "still")
        // The end does not wait for the rest of what they began.
        clients = []
        #expect(server.stop() == 0)
    }
}
