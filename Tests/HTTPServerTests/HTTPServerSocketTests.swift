import Foundation
import TestSupport
import Testing

@testable import HTTPServer

/// The server over real sockets, each on a port of its own that the system chooses.
struct HTTPServerSocketTests {
    /// Answers with what it got: `METHOD path length`. `/early` is answered by its head alone.
    private struct Echo: HTTPHandler {
        func headReceived(
            _ head: HTTPRequestHead, remoteAddress: String, loop: Int
        ) -> HeadDecision {
            head.path == "/early"
                ? .respond(HTTPResponse(status: 404, text: "no")) : .readBody(limit: 1000)
        }
        func handle(_ request: HTTPRequest, _ exchange: HTTPExchange) {
            exchange.respond(
                HTTPResponse(
                    status: 200,
                    text: "\(request.head.method) \(request.head.path) \(request.body.count)"))
        }
        func roundEnded(loop: Int) -> Bool { false }
        func protocolFailed(_ failure: HTTPFailure, remoteAddress: String) {}
    }

    private static func withServer(
        _ limits: HTTPLimits = HTTPLimits(), loops: Int = 1, _ body: (UInt16) throws -> Void
    ) throws {
        try HTTPServerTests.withServer(limits, loops: loops, handler: Echo(), body)
    }

    /// Sends the texts one after the other and reads until the server closes or `until` has arrived.
    private static func exchange(
        _ port: UInt16, _ texts: [String], until: String? = nil, endsInput: Bool = false
    ) throws -> String {
        let client = try TestClient(port: port)
        for text in texts { client.send(text) }
        if endsInput { client.endInput() }
        return client.read(until: until)
    }

    private static let close = "Host: a\r\nConnection: close\r\n"

    @Test func `a request is answered and the connection closed as asked`() throws {
        try Self.withServer { port in
            let text = try Self.exchange(
                port, ["POST /x HTTP/1.1\r\n\(Self.close)Content-Length: 3\r\n\r\n", "abc"])
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(text.contains("Connection: close\r\n"))
            #expect(text.hasSuffix("\r\n\r\nPOST /x 3"))
        }
    }

    @Test func `pipelined requests are answered in order`() throws {
        try Self.withServer { port in
            let one = { (number: Int) in
                "POST /\(number) HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
            }
            let all =
                (1...100).map { (number: Int) in one(number) }.joined()
                + "GET /end HTTP/1.1\r\n\(Self.close)\r\n"
            let text = try Self.exchange(port, [all])
            let paths = text.components(separatedBy: "POST /").dropFirst().map { part in
                part.prefix { $0.isNumber }
            }
            #expect(paths.map(String.init) == (1...100).map(String.init))
            #expect(text.hasSuffix("GET /end 0"))
        }
    }

    @Test func `a half request whose sender ends is refused`() throws {
        try Self.withServer { port in
            let text = try Self.exchange(
                port, ["POST / HTTP/1.1\r\nHost: a\r\nContent-Le"], endsInput: true)
            #expect(text.hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test func `a body shorter than its Content-Length is refused`() throws {
        try Self.withServer { port in
            let text = try Self.exchange(
                port, ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"],
                endsInput: true)
            #expect(text.hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test func `a body longer than its Content-Length is another request`() throws {
        try Self.withServer { port in
            let text = try Self.exchange(
                port, ["POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nabc\r\n\r\n"])
            #expect(text.contains("POST /x 1"))
            #expect(text.contains("HTTP/1.1 400 "))
        }
    }

    @Test func `the body limit of the handler holds at it and one beyond`() throws {
        try Self.withServer { port in
            for (count, status) in [(1000, "200"), (1001, "413")] {
                let text = try Self.exchange(
                    port,
                    [
                        "POST / HTTP/1.1\r\n\(Self.close)Content-Length: \(count)\r\n\r\n"
                            + String(repeating: "b", count: count)
                    ])
                #expect(text.hasPrefix("HTTP/1.1 \(status) "), "\(count)")
            }
        }
    }

    @Test func `an early answer comes before the body and closes the connection`() throws {
        try Self.withServer { port in
            let text = try Self.exchange(
                port, ["POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"])
            #expect(text.hasPrefix("HTTP/1.1 404 ") && text.contains("Connection: close"))
        }
    }

    @Test func `an early answer to a request without body keeps the connection`() throws {
        try Self.withServer { port in
            let text = try Self.exchange(
                port,
                ["GET /early HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\n\(Self.close)\r\n"])
            #expect(text.hasPrefix("HTTP/1.1 404 ") && text.hasSuffix("GET /next 0"))
        }
    }

    @Test func `the client is told to continue when it asks`() throws {
        try Self.withServer { port in
            let client = try TestClient(port: port)
            client.send(
                "POST /c HTTP/1.1\r\n\(Self.close)Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
            )
            #expect(client.read(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            client.send("ab")
            #expect(client.read(until: nil).hasSuffix("POST /c 2"))
        }
    }

    private static let asking =
        "POST /c HTTP/1.1\r\n\(close)Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"

    @Test func `the client is told to continue when the answers before have gone`() throws {
        try Self.withServer { port in
            let client = try TestClient(port: port)
            client.send(
                "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nb" + Self.asking)
            let early = client.read(until: "100 Continue\r\n\r\n")
            #expect(early.hasSuffix("POST /b 1HTTP/1.1 100 Continue\r\n\r\n"))
            client.send("ab")
            #expect(client.read(until: nil).hasSuffix("POST /c 2"))
        }
    }

    @Test func `who sends the body while another answer is due is not told to continue`() throws {
        let server = try TestServer()
        server.handler.holds = true
        let client = try TestClient(port: server.port)
        client.send("GET /b HTTP/1.1\r\nHost: a\r\n\r\n" + Self.asking)
        server.handler.waitForRequests(1)
        client.send("a")
        client.waitUntilSent()
        server.waitForRounds()
        server.handler.holds = false
        server.handler.release()
        #expect(client.read(until: "/b").hasSuffix("/b"))
        client.send("b")
        let text = client.read(until: nil)
        #expect(text.hasPrefix("HTTP/1.1 200 ") && text.hasSuffix("/c"))
        server.stop()
    }

    @Test func `an empty line after a body is no request`() throws {
        let server = try TestServer()
        let client = try TestClient(port: server.port)
        client.send("POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na\r\n")
        client.endInput()
        let text = client.read(until: nil)
        #expect(text.hasPrefix("HTTP/1.1 200 ") && text.hasSuffix("\r\n\r\n/e"))
        #expect(server.handler.failures.isEmpty)
        server.stop()
    }

    @Test func `a connection with no more than an empty line is idle`() throws {
        var limits = HTTPLimits()
        (limits.keepAliveTimeoutMilliseconds, limits.headerTimeoutMilliseconds) = (30, 3_600_000)
        let server = try TestServer(limits)
        let client = try TestClient(port: server.port)
        client.send("\r\n")
        #expect(client.readsEnd())
        #expect(server.handler.failures.isEmpty)
        server.stop()
    }

    @Test func `HEAD has the length of the answer and no body`() throws {
        try Self.withServer { port in
            let text = try Self.exchange(port, ["HEAD /h HTTP/1.1\r\n\(Self.close)\r\n"])
            #expect(text.contains("Content-Length: 9\r\n") && text.hasSuffix("\r\n\r\n"))
        }
    }

    @Test(arguments: [
        "POST / HTTP/1.1\r\nHost: a\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na",
    ])
    func `a request that does not go on is told so`(start: String) throws {
        var limits = HTTPLimits()
        limits.headerTimeoutMilliseconds = 20
        limits.bodyTimeoutMilliseconds = 20
        try Self.withServer(limits) { port in
            let text = try Self.exchange(port, [start])
            #expect(text.hasPrefix("HTTP/1.1 408 "))
        }
    }

    @Test func `an idle connection is closed after its time`() throws {
        var limits = HTTPLimits()
        limits.keepAliveTimeoutMilliseconds = 20
        try Self.withServer(limits) { port in
            let client = try TestClient(port: port)
            client.send("GET /i HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.read(until: "GET /i 0").hasSuffix("GET /i 0"))
            #expect(client.readsEnd())
        }
    }

    @Test func `connections beyond the limit are answered 503 and closed`() throws {
        var limits = HTTPLimits()
        limits.connectionsMax = 2
        try Self.withServer(limits) { port in
            let first = try TestClient(port: port)
            let second = try TestClient(port: port)
            for client in [first, second] {
                client.send("GET /k HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(client.read(until: "GET /k 0").hasSuffix("GET /k 0"))
            }
            let third = try TestClient(port: port)
            let answer = third.read(until: nil)
            #expect(answer.hasPrefix("HTTP/1.1 503 "))
            #expect(answer.contains("\r\nConnection: close\r\n"))
            #expect(answer.contains("\r\nRetry-After: "))
        }
    }

    @Test func `several loops share the port`() throws {
        try Self.withServer(loops: 4) { port in
            for count in 0..<40 {
                let text = try Self.exchange(port, ["GET /\(count) HTTP/1.1\r\n\(Self.close)\r\n"])
                #expect(text.hasSuffix("GET /\(count) 0"))
            }
        }
    }

    @Test func `draining answers what is under way and lets join return`() throws {
        let server = try HTTPServer(
            listeners: [.tcp(host: "127.0.0.1", port: 0)], loops: 2, limits: HTTPLimits(),
            handler: Echo())
        guard case .tcp(_, let port)? = server.boundAddresses.first else { return }
        try server.start()
        let client = try TestClient(port: port)
        client.send("GET /d HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.read(until: "GET /d 0").hasSuffix("GET /d 0"))
        server.drain()
        server.join()
        #expect(client.readsEnd())
        #expect(throws: (any Error).self) { try TestClient(port: port) }
    }

    @Test func `draining serves the first request of who was accepted before`() throws {
        let server = try HTTPServer(
            listeners: [.tcp(host: "127.0.0.1", port: 0)], loops: 1, limits: HTTPLimits(),
            handler: Echo())
        guard case .tcp(_, let port)? = server.boundAddresses.first else { return }
        try server.start()
        let silent = try TestClient(port: port)
        let idle = try TestClient(port: port)
        idle.send("GET /i HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(idle.read(until: "GET /i 0").hasSuffix("GET /i 0"))
        server.drain()
        // The idle connection's end tells that draining has begun.
        #expect(idle.readsEnd())
        silent.send("GET /s HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = silent.read(until: nil)
        #expect(answer.contains("Connection: close") && answer.hasSuffix("GET /s 0"))
        server.join()
    }

    @Test func `draining does not wait long for who never sends`() throws {
        var limits = HTTPLimits()
        limits.keepAliveTimeoutMilliseconds = 3_600_000
        let server = try HTTPServer(
            listeners: [.tcp(host: "127.0.0.1", port: 0)], loops: 1, limits: limits,
            handler: Echo())
        guard case .tcp(_, let port)? = server.boundAddresses.first else { return }
        try server.start()
        let silent = try TestClient(port: port)
        // Its deadline is beyond what the client waits for.
        server.drain(deadlineMilliseconds: 60_000)
        #expect(silent.readsEnd())
        server.join()
    }

    @Test func `a line break in a field value is refused`() {
        var response = HTTPResponse(status: 200)
        let added = response.add("X-A", "b\r\nSet-Cookie: c")
        #expect(!added && !response.hasFields)
    }
}
