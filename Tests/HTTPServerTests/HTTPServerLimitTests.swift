import Foundation
import TestSupport
import Testing

@testable import HTTPServer

/// Every limit of the connections, and what becomes of clients that do not behave.
struct HTTPServerLimitTests {
    private static func get(_ path: String, _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
    }

    @Test func `an address may have so many connections and no more`() throws {
        var limits = HTTPLimits()
        limits.connectionsPerAddressMax = 1
        let server = try TestServer(limits)
        let first = try TestClient(port: server.port)
        first.send(Self.get("/a"))
        #expect(first.read(until: "/a").hasSuffix("/a"))
        let second = try TestClient(port: server.port)
        let refusal = second.read(until: nil)
        #expect(refusal.hasPrefix("HTTP/1.1 503 "))
        #expect(refusal.contains("Connection: close\r\n") && refusal.contains("Retry-After: "))
        first.send(Self.get("/b", "Connection: close\r\n"))
        #expect(first.read(until: nil).hasSuffix("/b"))
        server.stop()
        #expect(server.handler.failures == ["503 too many connections"])
    }

    @Test(arguments: [(3, 3), (4, 3)])
    func `no more requests than may be pipelined are handed on at once`(
        sent: Int, handled: Int
    ) throws {
        var limits = HTTPLimits()
        limits.pipelinedRequestsMax = 3
        let server = try TestServer(limits)
        server.handler.holds = true
        let client = try TestClient(port: server.port)
        client.send((0..<sent).map { Self.get("/\($0)") }.joined())
        server.handler.waitForRequests(handled)
        #expect(server.handler.held.count == handled)
        // Answered out of order, sent in order; what was held back comes after.
        server.handler.holds = false
        server.handler.release(reversed: true)
        let text = client.read(until: "/\(sent - 1)")
        let paths = text.components(separatedBy: "\r\n\r\n/").dropFirst().map { $0.prefix(1) }
        #expect(paths.joined() == (0..<sent).map(String.init).joined())
        #expect(server.handler.largestRound <= 3)
        server.stop()
    }

    @Test func `a handler that holds work is told once that nothing more is ready`() throws {
        let server = try TestServer(HTTPLimits())
        server.handler.holdsRounds = true
        let client = try TestClient(port: server.port)
        for round in 1...3 {
            client.send(Self.get("/\(round)"))
            #expect(client.read(until: "/\(round)").hasPrefix("HTTP/1.1 200 "))
            server.handler.waitForRest()
            #expect(server.handler.rests == round)
        }
        server.handler.holdsRounds = false
        client.send(Self.get("/last"))
        #expect(client.read(until: "/last").hasPrefix("HTTP/1.1 200 "))
        server.stop()
        #expect(server.handler.rests == 3)
    }

    /// Requests of one read are counted together; whether that is far from the limit or near it, as many
    /// come in as may, and no more.
    @Test(arguments: [(1, 1), (1, 2), (2, 2), (31, 1), (32, 1), (33, 1), (64, 2), (100, 1)])
    func `as many requests wait as may, further ones are told to come again`(
        most: Int, loops: Int
    ) throws {
        var limits = HTTPLimits()
        limits.requestsInFlightMax = most
        let server = try TestServer(limits, loops: loops)
        server.handler.holds = true
        let client = try TestClient(port: server.port)
        client.send((0..<min(most, 60)).map { Self.get("/\($0)") }.joined())
        let other = try TestClient(port: server.port)
        other.send((min(most, 60)..<most).map { Self.get("/\($0)") }.joined())
        server.handler.waitForRequests(most)
        #expect(server.handler.held.count == most && server.server.requestsInFlight == most)
        let late = try TestClient(port: server.port)
        late.send(Self.get("/late") + Self.get("/later"))
        let refusal = late.read(until: nil)
        #expect(refusal.hasPrefix("HTTP/1.1 503 ") && refusal.contains("Retry-After: 1\r\n"))
        server.handler.holds = false
        server.handler.release()
        #expect(client.read(until: "/\(min(most, 60) - 1)").hasPrefix("HTTP/1.1 200 "))
        let next = try TestClient(port: server.port)
        next.send(Self.get("/next"))
        #expect(next.read(until: "/next").hasSuffix("/next"))
        server.stop()
        #expect(server.server.requestsInFlight == 0)
    }

    @Test func `one read with a request more than may wait is answered as far as they may`() throws
    {
        var limits = HTTPLimits()
        limits.requestsInFlightMax = 3
        let server = try TestServer(limits)
        server.handler.holds = true
        let client = try TestClient(port: server.port)
        client.send((0..<4).map { Self.get("/\($0)") }.joined())
        server.handler.waitForRequests(3)
        #expect(server.handler.held.count == 3)
        server.handler.release()
        let text = client.read(until: nil)
        #expect(text.components(separatedBy: "HTTP/1.1 200 ").count == 4)
        #expect(text.components(separatedBy: "HTTP/1.1 503 ").count == 2)
        server.stop()
        #expect(server.server.requestsInFlight == 0)
    }

    @Test func `small chunks do not count as extensions`() throws {
        let server = try TestServer()
        let client = try TestClient(port: server.port)
        client.send("POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(String(repeating: "1\r\na\r\n", count: 40_000) + "0\r\n\r\n")
        #expect(client.read(until: "/c").hasSuffix("/c"))
        server.stop()
        #expect(server.handler.bodyLengths == [40_000])
    }

    @Test func `a trickle of bytes gains no time`() throws {
        var limits = HTTPLimits()
        limits.headerTimeoutMilliseconds = 60
        let server = try TestServer(limits)
        let client = try TestClient(port: server.port)
        // Each byte is sent when the one before has gone out; the server answers in the middle.
        client.setReadTimeout(milliseconds: 5)
        var text = ""
        for byte in Self.get("/t", String(repeating: "X: y\r\n", count: 500)).utf8 where text == ""
        {
            client.send([byte])
            text = client.read(until: "\r\n\r\n")
        }
        #expect(text.hasPrefix("HTTP/1.1 408 "))
        server.stop()
    }

    @Test func `a handler that does not answer is answered for`() throws {
        var limits = HTTPLimits()
        limits.responseTimeoutMilliseconds = 20
        let server = try TestServer(limits)
        server.handler.holds = true
        let client = try TestClient(port: server.port)
        client.send(Self.get("/a"))
        #expect(client.read(until: nil).hasPrefix("HTTP/1.1 503 "))
        // The late answer finds nobody and does no harm.
        server.handler.release()
        server.stop()
        #expect(server.server.requestsInFlight == 0)
    }

    @Test func `a client that never reads is closed and its answers dropped`() throws {
        var limits = HTTPLimits()
        limits.writeTimeoutMilliseconds = 30
        limits.writeBufferBytesMax = 100_000
        let server = try TestServer(limits)
        server.handler.answerBytes = 200_000
        let client = try TestClient(port: server.port)
        client.setSendTimeout(milliseconds: 20_000)
        client.send(String(repeating: Self.get("/big"), count: 200))
        server.waitForConnections(0)
        #expect(server.server.connectionCount == 0)
        server.stop()
    }

    @Test func `a reset in the middle frees the connection`() throws {
        let server = try TestServer()
        for start in [
            "GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
            Self.get("/") + "GET",
        ] {
            let client = try TestClient(port: server.port)
            client.send(start)
            client.reset()
        }
        server.waitForConnections(0)
        let client = try TestClient(port: server.port)
        client.send(Self.get("/still"))
        #expect(client.read(until: "/still").hasSuffix("/still"))
        server.stop()
        #expect(server.server.bodyBytesBuffered == 0)
    }

    @Test func `a reset while the handler works frees the connection`() throws {
        let server = try TestServer()
        server.handler.holds = true
        let client = try TestClient(port: server.port)
        client.send(Self.get("/"))
        server.handler.waitForRequests(1)
        client.reset()
        server.waitForConnections(0)
        server.handler.release()
        server.stop()
        #expect(server.server.requestsInFlight == 0)
    }

    @Test func `a client that ends its side still gets its answer`() throws {
        let server = try TestServer()
        server.handler.holds = true
        let client = try TestClient(port: server.port)
        client.send(Self.get("/half"))
        client.endInput()
        server.handler.waitForRequests(1)
        server.handler.release()
        #expect(client.read(until: nil).hasSuffix("/half"))
        server.stop()
    }

    @Test func `a large body is refused so that the client sees why`() throws {
        var limits = HTTPLimits()
        limits.bodyBytesMax = 1000
        let server = try TestServer(limits)
        let client = try TestClient(port: server.port)
        client.send(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n"
                + String(repeating: "b", count: 500_000))
        #expect(client.read(until: nil).hasPrefix("HTTP/1.1 413 "))
        server.stop()
    }

    @Test(arguments: [(100, "HTTP/1.1 200 "), (1_000_000, "HTTP/1.1 408 ")])
    func `a slow body gets time for what has arrived`(perSecond: Int, answer: String) throws {
        var limits = HTTPLimits()
        limits.bodyTimeoutMilliseconds = 40
        // 400 bytes are worth four seconds of the first, and no millisecond of the second.
        limits.bodyBytesPerSecondMin = perSecond
        let server = try TestServer(limits)
        let client = try TestClient(port: server.port)
        client.send("POST /s HTTP/1.1\r\nHost: a\r\nContent-Length: 401\r\n\r\n")
        client.send(String(repeating: "a", count: 400))
        client.setReadTimeout(milliseconds: 150)
        let early = client.read(until: "\r\n\r\n")
        client.setReadTimeout(milliseconds: 20_000)
        client.send("a")
        let text = early.isEmpty ? client.read(until: "/s") : early
        #expect(text.hasPrefix(answer))
        server.stop()
    }

    @Test func `a client that does not close after the last answer is closed`() throws {
        var limits = HTTPLimits()
        limits.lingerMilliseconds = 20
        let server = try TestServer(limits)
        let client = try TestClient(port: server.port)
        client.send(Self.get("/l", "Connection: close\r\n"))
        #expect(client.read(until: nil).hasSuffix("/l"))
        server.waitForConnections(0)
        #expect(server.server.connectionCount == 0)
        server.stop()
    }

    @Test func `a client of HTTP/1.0 keeps its connection when it asks`() throws {
        let server = try TestServer()
        let client = try TestClient(port: server.port)
        client.send("GET /k HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
        #expect(client.read(until: "/k").contains("Connection: keep-alive\r\n"))
        client.send("GET /c HTTP/1.0\r\n\r\n")
        let last = client.read(until: nil)
        #expect(last.contains("Connection: close\r\n") && last.hasSuffix("/c"))
        server.stop()
    }

    @Test func `a pipeline that ends at its limit is answered and closed`() throws {
        var limits = HTTPLimits()
        limits.pipelinedRequestsMax = 2
        let server = try TestServer(limits)
        server.handler.holds = true
        let client = try TestClient(port: server.port)
        client.send(Self.get("/1") + Self.get("/2"))
        client.endInput()
        server.handler.waitForRequests(2)
        server.handler.release()
        #expect(client.read(until: nil).hasSuffix("/2"))
        server.waitForConnections(0)
        #expect(server.server.connectionCount == 0)
        server.stop()
    }
}
