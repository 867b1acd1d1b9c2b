import Foundation
import Synchronization
import TestSupport
import Testing

@testable import HTTPServer

/// System calls that fail, draining, and addresses.
struct HTTPServerFaultTests {
    private static func get(_ path: String, _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
    }

    /// Fails the first `count` calls of one kind.
    private static func failing(
        _ call: SystemCall, _ fault: SystemCalls.Fault, times count: Int
    ) -> @Sendable (SystemCall) -> SystemCalls.Fault? {
        let left = Counter(count)
        return { asked in asked == call && left.take() ? fault : nil }
    }

    private final class Counter: Sendable {
        private let left: Mutex<Int>
        init(_ count: Int) { left = Mutex(count) }
        func take() -> Bool {
            left.withLock { left in
                left -= 1
                return left >= 0
            }
        }
    }

    @Test(arguments: [
        (SystemCall.accept, SystemCalls.Fault.error(EINTR)), (.accept, .error(ECONNABORTED)),
        (.accept, .error(EMFILE)), (.accept, .error(ENFILE)), (.accept, .error(ENOMEM)),
        (.receive, .error(EINTR)), (.receive, .error(EAGAIN)), (.receive, .short(1)),
        (.send, .error(EINTR)), (.send, .error(EAGAIN)), (.send, .short(1)),
        (.wait, .error(EINTR)),
    ])
    func `a fault that passes is survived`(call: SystemCall, fault: SystemCalls.Fault) throws {
        let server = try TestServer(fault: Self.failing(call, fault, times: 5))
        let client = try TestClient(port: server.port)
        client.send(Self.get("/a") + Self.get("/b", "Connection: close\r\n"))
        let text = client.read(until: nil)
        #expect(text.contains("\r\n\r\n/a") && text.hasSuffix("\r\n\r\n/b"))
        server.stop()
    }

    @Test(arguments: [SystemCall.receive, .send])
    func `a broken connection is closed and others live on`(call: SystemCall) throws {
        let server = try TestServer(fault: Self.failing(call, .error(EPIPE), times: 1))
        let first = try TestClient(port: server.port)
        first.send(Self.get("/a"))
        #expect(first.readsEnd())
        let second = try TestClient(port: server.port)
        second.send(Self.get("/b"))
        #expect(second.read(until: "/b").hasSuffix("/b"))
        server.stop()
        #expect(server.server.connectionCount == 0)
    }

    @Test func `draining finishes a half request and says that the connection closes`() throws {
        let server = try TestServer()
        let client = try TestClient(port: server.port)
        client.send(Self.get("/first"))
        #expect(client.read(until: "/first").hasSuffix("/first"))
        client.send("POST /last HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na")
        client.waitUntilSent()
        server.server.drain()
        client.send("bc" + Self.get("/never"))
        let text = client.read(until: nil)
        #expect(
            text.contains("Connection: close\r\n") && text.hasSuffix("\r\n\r\n/last"), "\(text)")
        server.server.join()
    }

    @Test func `draining serves who has connected already`() throws {
        let server = try TestServer()
        server.handler.holds = true
        let client = try TestClient(port: server.port)
        client.send(Self.get("/under-way"))
        server.handler.waitForRequests(1)
        server.server.drain()
        server.handler.release()
        let text = client.read(until: nil)
        #expect(text.contains("Connection: close\r\n") && text.hasSuffix("/under-way"))
        server.server.join()
        #expect(server.server.connectionCount == 0)
    }

    @Test func `draining ends at its deadline`() throws {
        let server = try TestServer()
        server.handler.holds = true
        let client = try TestClient(port: server.port)
        client.send(Self.get("/never"))
        server.handler.waitForRequests(1)
        server.server.drain(deadlineMilliseconds: 20)
        server.server.join()
        #expect(client.readsEnd())
        #expect(server.server.connectionCount == 0)
    }

    @Test func `a port that a server listens on is not shared with a second`() throws {
        let server = try TestServer()
        #expect(throws: SystemError("127.0.0.1:\(server.port): bind", EADDRINUSE)) {
            try HTTPServer(
                listeners: [.tcp(host: "127.0.0.1", port: server.port)], loops: 1,
                limits: HTTPLimits(), handler: Recorder())
        }
        server.stop()
    }

    @Test func `a unix socket is served by several loops and frees clients that leave`() throws {
        let path = NSTemporaryDirectory() + "postern-\(UUID().uuidString).sock"
        defer { unsafe _ = unlink(path) }
        let handler = Recorder()
        let server = try HTTPServer(
            listeners: [.unix(path: path)], loops: 2, limits: HTTPLimits(), handler: handler)
        try server.start()
        for count in 0..<10 {
            let client = try TestClient(path: path)
            client.send(Self.get("/\(count)"))
            #expect(client.read(until: "/\(count)").hasSuffix("/\(count)"))
        }
        handler.holds = true
        do {
            let client = try TestClient(path: path)
            client.send(Self.get("/leaves"))
            handler.waitForRequests(11)
        }
        for _ in 0..<20_000 where server.connectionCount != 0 {
            var time = timespec(tv_sec: 0, tv_nsec: 1_000_000)
            unsafe nanosleep(&time, nil)
        }
        #expect(server.connectionCount == 0)
        server.stop()
        server.join()
    }

    @Test(arguments: [0o600, 0o660, 0o666] as [UInt32])
    func `a unix socket has the mode and group that were asked for`(mode: UInt32) throws {
        let path = NSTemporaryDirectory() + "postern-\(UUID().uuidString).sock"
        defer { unsafe _ = unlink(path) }
        var listener = HTTPListener(.unix(path: path))
        listener.access = SocketAccess(mode: mode, group: getgid())
        let server = try HTTPServer(
            listeners: [listener], loops: 1, limits: HTTPLimits(), handler: Recorder())
        let found = try FileManager.default.attributesOfItem(atPath: path)
        #expect(found[.posixPermissions] as? UInt32 == mode)
        #expect(found[.groupOwnerAccountID] as? UInt32 == getgid())
        server.stop()
    }

    @Test func `a file that is no socket is left where it is`() throws {
        let path = NSTemporaryDirectory() + "postern-\(UUID().uuidString).txt"
        defer { unsafe _ = unlink(path) }
        try "kept".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: SystemError("unix:\(path): bind", EADDRINUSE)) {
            try HTTPServer(
                listeners: [.unix(path: path)], loops: 1, limits: HTTPLimits(), handler: Recorder())
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "kept")
    }

    @Test func `what is no listening socket is not taken from anybody`() throws {
        let connected = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(connected) }
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/dev/null"))
        for descriptor in [connected, file.fileDescriptor] {
            #expect(throws: SystemError.self) {
                try HTTPServer(
                    listeners: [.inherited(descriptor: descriptor)], loops: 1,
                    limits: HTTPLimits(), handler: Recorder())
            }
        }
    }

    @Test func `IPv6's every address is IPv4's too`() throws {
        let server = try HTTPServer(
            listeners: [.tcp(host: "::", port: 0)], loops: 1, limits: HTTPLimits(),
            handler: Recorder())
        guard case .tcp(_, let port)? = server.boundAddresses.first else { return }
        try server.start()
        let client = try TestClient(port: port)
        client.send(Self.get("/v4", "Connection: close\r\n"))
        #expect(client.read(until: nil).hasSuffix("/v4"))
        server.stop()
        server.join()
    }

    @Test func `an inherited socket is served, and known by its address`() throws {
        let first = try Listener.open(
            .tcp(host: "127.0.0.1", port: 0), SocketAccess(), mustBeFree: true)
        defer { close(first) }
        let address = try #require(Listener.boundAddress(first))
        guard case .tcp("127.0.0.1", let port) = address, port != 0 else {
            Issue.record("\(address)")
            return
        }
        let server = try HTTPServer(
            listeners: [.inherited(descriptor: first)], loops: 2, limits: HTTPLimits(),
            handler: Recorder())
        #expect(server.boundAddresses == [address])
        try server.start()
        let client = try TestClient(port: port)
        client.send(Self.get("/i", "Connection: close\r\n"))
        #expect(client.read(until: nil).hasSuffix("/i"))
        server.stop()
        server.join()
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
    ])
    func `a date has the form of RFC 9110`(seconds: Int64, text: String) {
        #expect(HTTPDate.text(seconds) == text)
    }

    @Test func `an answer tells its date`() throws {
        let server = try TestServer()
        let client = try TestClient(port: server.port)
        client.send(Self.get("/d"))
        #expect(client.read(until: "/d").contains("\r\nDate: "))
        server.stop()
    }

    @Test(arguments: [
        ("127.0.0.1:80", true), ("[::1]:80", true), (":8080", true), ("unix:/a", true),
        ("localhost:1", true), ("127.0.0.1", false), ("127.0.0.1:65536", false), ("::1:80", false),
        ("example.org:80", false), ("unix:a", false), ("256.0.0.1:80", false), ("", false),
    ])
    func `an address is read or refused`(text: String, isRead: Bool) {
        #expect((ListenAddress(text) != nil) == isRead)
    }
}
