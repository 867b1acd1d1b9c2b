import Cryptography
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import HTTPServer

/// Requests over TLS, with OpenSSL's client.
@Suite(.enabled(if: OpenSSLTool.isInstalled, "no openssl command here"))
struct TLSServerTests {
    @Test(arguments: ["1.2", "1.3"], [0, 1, 7])
    func `a request is answered however its bytes are cut`(version: String, chunk: Int) throws {
        let fixture = try TLSFixture()
        let server = try fixture.server()
        var options = fixture.client()
        (options.version, options.chunk) = (version, chunk)
        options.protocols = ["h2", "http/1.1"]
        let (answer, client) = try TLSFixture.ask(server, options)
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.hasSuffix("\r\n\r\n/x"))
        #expect(client.version == "TLSv\(version)")
        #expect(client.agreedProtocol == "http/1.1")
        #expect(server.handler.security.map(\.version.rawValue) == [version])
        #expect(server.handler.security[0].clientCertificate == nil)
        server.stop()
        #expect(server.server.connectionCount == 0)
        #expect(server.handler.handshakeFailures.isEmpty)
    }

    @Test(arguments: ["1.2", "1.3"])
    func `a large body and large pipelined answers pass`(version: String) throws {
        let fixture = try TLSFixture()
        var limits = HTTPLimits()
        limits.bodyBytesMax = 3 << 20
        let server = try fixture.server(nil, limits)
        server.handler.answerBytes = 400_000
        var options = fixture.client()
        options.version = version
        let client = try TLSClient(port: server.port, options)
        let body = String(repeating: "b", count: 3 << 20)
        try client.send(
            "POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        // The answers of all these are more than any socket holds, and nobody reads them yet.
        for number in 1...20 { try client.send(TLSFixture.get("/\(number)", closes: false)) }
        try client.send(TLSFixture.get("/last"))
        let text = try client.read()
        #expect(server.handler.bodyLengths.first == 3 << 20)
        #expect(text.utf8.filter { $0 == UInt8(ascii: "x") }.count >= 22 * 400_000)
        #expect(text.hasSuffix("/last"))
        let order = (1...20).map { "x/\($0)HTTP/1.1" }
        #expect(order.allSatisfy(text.contains))
        server.stop()
    }

    @Test(arguments: [
        (SystemCall.receive, SystemCalls.Fault.short(1)), (.receive, .error(EAGAIN)),
        (.receive, .error(EINTR)), (.send, .short(1)), (.send, .short(700)),
        (.send, .error(EAGAIN)), (.send, .error(EINTR)),
    ])
    func `a fault of every fourth call is survived`(
        call: SystemCall, fault: SystemCalls.Fault
    ) throws {
        let fixture = try TLSFixture()
        let count = SharedCounter()
        let server = try fixture.server(fault: {
            $0 == call && count.next() % 4 < 2 ? fault : nil
        })
        server.handler.answerBytes = 100_000
        for version in ["1.2", "1.3"] {
            var options = fixture.client()
            options.version = version
            let client = try TLSClient(port: server.port, options)
            try client.send(TLSFixture.get("/a", closes: false) + TLSFixture.get("/b"))
            let text = try client.read()
            #expect(text.utf8.count > 200_000 && text.hasSuffix("x/b"))
        }
        server.stop()
    }

    @Test(arguments: ["1.2", "1.3"])
    func `a client that ends its side is answered, and the end is said`(version: String) throws {
        let fixture = try TLSFixture()
        let server = try fixture.server()
        server.handler.holds = true
        var options = fixture.client()
        options.version = version
        let client = try TLSClient(port: server.port, options)
        try client.send(TLSFixture.get("/half", closes: false))
        client.end()
        server.handler.waitForRequests(1)
        server.handler.release()
        #expect(try client.read().hasSuffix("/half"))
        server.waitForConnections(0)
        #expect(server.server.connectionCount == 0)
        server.stop()
    }

    @Test func `a socket that ends without the end of TLS is answered all the same`() throws {
        let fixture = try TLSFixture()
        let server = try fixture.server()
        server.handler.holds = true
        let client = try TLSClient(port: server.port, fixture.client())
        try client.send(TLSFixture.get("/half", closes: false))
        server.handler.waitForRequests(1)
        client.socket.endInput()
        server.handler.release()
        #expect(try client.read().hasSuffix("/half"))
        server.stop()
    }

    @Test func `keys may be changed between requests`() throws {
        let fixture = try TLSFixture()
        let server = try fixture.server()
        let client = try TLSClient(port: server.port, fixture.client())
        for number in 1...20 {
            client.updateKeys()
            try client.send(TLSFixture.get("/n\(number)", closes: false))
            #expect(try client.read(until: "/n\(number)").hasSuffix("/n\(number)"))
        }
        server.stop()
    }

    @Test(arguments: ["1.2", "1.3"])
    func `a record that was changed on its way ends the connection unread`(version: String) throws {
        let fixture = try TLSFixture()
        let server = try fixture.server()
        var options = fixture.client()
        options.version = version
        let client = try TLSClient(port: server.port, options)
        try client.send(TLSFixture.get("/a", closes: false))
        #expect(try client.read(until: "/a").hasSuffix("/a"))
        client.socket.send([0x17, 3, 3, 0, 32] + [UInt8](repeating: 9, count: 32))
        #expect(throws: TLSClient.Failure.self) {
            try client.send(TLSFixture.get("/b"))
            _ = try client.read()
        }
        server.waitForConnections(0)
        #expect(server.handler.bodyLengths.count == 1)
        #expect(server.handler.handshakeFailures.isEmpty)
        #expect(try TLSFixture.ask(server, options).answer.hasSuffix("/x"))
        server.stop()
    }

    @Test func `changes of keys without end, answers unread, gain no time`() throws {
        let fixture = try TLSFixture()
        var limits = HTTPLimits()
        limits.keepAliveTimeoutMilliseconds = 200
        let server = try fixture.server(nil, limits)
        let client = try TLSClient(port: server.port, fixture.client())
        client.socket.setSendTimeout(milliseconds: 20)
        var count = 0
        while server.server.connectionCount > 0, count < 2_000_000 {
            client.changeKeysUnread()
            count += 1
        }
        #expect(server.server.connectionCount == 0)
        #expect(try TLSFixture.ask(server, fixture.client()).answer.hasSuffix("/x"))
        server.stop()
    }

    @Test func `a handshake cannot be begun again`() throws {
        let fixture = try TLSFixture()
        let server = try fixture.server()
        var options = fixture.client()
        options.version = "1.2"
        let client = try TLSClient(port: server.port, options)
        #expect(!client.renegotiates())
        #expect(try TLSFixture.ask(server, options).answer.hasSuffix("/x"))
        server.stop()
    }

    @Test func `an idle connection is ended by TLS's rules`() throws {
        let fixture = try TLSFixture()
        var limits = HTTPLimits()
        limits.keepAliveTimeoutMilliseconds = 50
        let server = try fixture.server(nil, limits)
        let client = try TLSClient(port: server.port, fixture.client())
        try client.send(TLSFixture.get("/a", closes: false))
        // Without close_notify this throws.
        #expect(try client.read().hasSuffix("/a"))
        server.stop()
    }

    @Test func `draining serves who is within a handshake`() throws {
        let fixture = try TLSFixture()
        let server = try fixture.server()
        let client = try TLSClient(port: server.port, fixture.client(), handshakes: false)
        server.waitForConnections(1)
        server.server.drain()
        try client.handshake()
        try client.send(TLSFixture.get("/late", closes: false))
        let text = try client.read()
        #expect(text.contains("Connection: close\r\n") && text.hasSuffix("/late"))
        server.server.join()
    }

    @Test func `beyond the limit on connections nothing is said in the clear`() throws {
        let fixture = try TLSFixture()
        var limits = HTTPLimits()
        limits.connectionsMax = 1
        let server = try fixture.server(nil, limits)
        let first = try TLSClient(port: server.port, fixture.client())
        let second = try TestClient(port: server.port)
        #expect(second.receive().isEmpty)
        try first.send(TLSFixture.get("/a"))
        #expect(try first.read().hasSuffix("/a"))
        server.stop()
    }

    @Test func `a PROXY header comes before TLS`() throws {
        let fixture = try TLSFixture()
        var listener = TLSFixture.listener(try fixture.slot(try fixture.material("server")))
        listener.expectsProxyHeader = true
        let server = try TestServer(listener: listener)
        server.handler.trusts = true
        for chunk in [0, 1] {
            var options = fixture.client()
            options.chunk = chunk
            options.preamble = Array("PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n".utf8)
            #expect(try TLSFixture.ask(server, options).answer.hasSuffix("/x"))
        }
        #expect(server.handler.addresses == ["2001:db8::1", "2001:db8::1"])
        #expect(server.handler.security.count == 2)
        server.stop()
    }
}

/// Counts calls of several threads.
final class SharedCounter: Sendable {
    private let count = Mutex(0)
    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
