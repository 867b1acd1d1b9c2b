import Foundation
import Synchronization
import TestSupport
import Testing

@testable import HTTPServer

/// Clients that do not take their answers: what they may keep, and for how long.
struct PendingOutputTests {
    private static func get(_ path: String) -> String {
        "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n"
    }

    /// Decides what sockets take of answers.
    private final class Gate: Sendable {
        private let isOpen = Atomic(false)
        private let sends = Atomic(0)
        /// While it is shut every second call takes a byte; else none does.
        private let trickles: Bool

        init(trickles: Bool = false) { self.trickles = trickles }

        func open() { isOpen.store(true, ordering: .sequentiallyConsistent) }

        func fault(_ call: SystemCall) -> SystemCalls.Fault? {
            guard call == .send, !isOpen.load(ordering: .sequentiallyConsistent) else { return nil }
            let number = sends.add(1, ordering: .sequentiallyConsistent).newValue
            return trickles && number.isMultiple(of: 2) ? .short(1) : .error(EAGAIN)
        }
    }

    private static func answerLength() throws -> Int {
        let server = try TestServer()
        let client = try TestClient(port: server.port)
        client.send(get("/0"))
        defer { server.stop() }
        return client.read(until: "\r\n\r\n/0").utf8.count
    }

    @Test(arguments: [(0, 2), (1, 3)])
    func `reading pauses when as many bytes of answers wait as may, at it and one beyond`(
        room: Int, handled: Int
    ) throws {
        var limits = HTTPLimits()
        limits.writeBufferBytesMax = try 2 * Self.answerLength() + room
        let gate = Gate()
        let server = try TestServer(limits, fault: gate.fault)
        let client = try TestClient(port: server.port)
        for number in 0..<3 {
            client.send(Self.get("/\(number)"))
            client.waitUntilSent()
            server.waitForRounds()
        }
        #expect(server.handler.bodyLengths.count == handled)
        // It goes on when they have gone.
        gate.open()
        let text = client.read(until: "\r\n\r\n/2")
        #expect(text.components(separatedBy: "HTTP/1.1 200 ").count == 4)
        server.stop()
    }

    @Test(arguments: [
        "GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    ])
    func `half a request behind answers that wait is refused after its time`(start: String) throws {
        var limits = HTTPLimits()
        (limits.headerTimeoutMilliseconds, limits.bodyTimeoutMilliseconds) = (30, 30)
        limits.writeTimeoutMilliseconds = 3_600_000
        let gate = Gate()
        let server = try TestServer(limits, fault: gate.fault)
        let client = try TestClient(port: server.port)
        client.send(Self.get("/whole") + start)
        server.waitForFailures(1)
        #expect(server.handler.failures == ["408 request too slow"])
        gate.open()
        let answers = client.read(until: nil).components(separatedBy: "HTTP/1.1 ").dropFirst()
        #expect(answers.map { $0.prefix(3) } == ["200", "408"])
        server.stop()
        #expect(server.server.bodyBytesBuffered == 0)
    }

    @Test func `a body behind answers that wait takes no more memory than it may`() throws {
        var limits = HTTPLimits()
        limits.bodyBytesBufferedMax = 100_000
        limits.writeTimeoutMilliseconds = 3_600_000
        let gate = Gate()
        let server = try TestServer(limits, fault: gate.fault)
        let client = try TestClient(port: server.port)
        client.send(Self.get("/whole"))
        client.send(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n"
                + String(repeating: "b", count: 300_000))
        server.waitForFailures(1)
        #expect(server.handler.failures == ["503 too many bodies at once"])
        // Given back although the refusal has not gone.
        server.waitForRounds()
        #expect(server.server.bodyBytesBuffered == 0 && server.server.connectionCount == 1)
        gate.open()
        let answers = client.read(until: nil).components(separatedBy: "HTTP/1.1 ").dropFirst()
        #expect(answers.map { $0.prefix(3) } == ["200", "503"])
        server.stop()
    }

    @Test(arguments: [
        ("", Connection.Waiting.write, Connection.Waiting.write), ("GET / HT", .head, .write),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc", .body, .write),
    ])
    func `a request that is not read on is not late`(
        start: String, below: Connection.Waiting, full: Connection.Waiting
    ) throws {
        var limits = HTTPLimits()
        limits.writeBufferBytesMax = 100
        let connection = Connection(fd: -1, id: 0, remoteAddress: "", limits: limits)
        var input = Array(start.utf8)
        var consumed = 0
        if case .head = try connection.parser.next(input.span, consumed: &consumed) {
            input.removeFirst(consumed)
            try connection.parser.accept(bodyLimit: 10)
            consumed = 0
            _ = try connection.parser.next(input.span, consumed: &consumed)
        }
        connection.output = [UInt8](repeating: 0, count: 99)
        #expect(connection.wanted(limits) == below)
        connection.output.append(0)
        #expect(connection.wanted(limits) == full)
    }

    @Test func `what a client takes of its answers gains the time that it is worth`() {
        var limits = HTTPLimits()
        (limits.writeTimeoutMilliseconds, limits.bodyBytesPerSecondMin) = (30_000, 1000)
        let second: UInt64 = 1_000_000_000
        let connection = Connection(fd: -1, id: 0, remoteAddress: "", limits: limits)
        #expect(connection.writeDeadline == .max)
        connection.outputWaits(sent: 500, now: 100 * second, limits)
        #expect(connection.writeDeadline == 130 * second)
        connection.outputWaits(sent: 0, now: 110 * second, limits)
        #expect(connection.writeDeadline == 130 * second)
        connection.outputWaits(sent: 5000, now: 120 * second, limits)
        #expect(connection.writeDeadline == 135 * second)
        // What is taken fast is no reason to wait longer than for any other.
        connection.outputWaits(sent: 15_000, now: 120 * second, limits)
        #expect(connection.writeDeadline == 150 * second)
        connection.outputWaits(sent: 1, now: 120 * second, limits)
        #expect(connection.writeDeadline == 150 * second)
        connection.outputHasGone()
        #expect(connection.writeDeadline == .max)
    }

    @Test func `a client that takes an answer byte by byte gains no time`() throws {
        var limits = HTTPLimits()
        limits.writeTimeoutMilliseconds = 30
        limits.bodyBytesPerSecondMin = 1 << 30
        let gate = Gate(trickles: true)
        let server = try TestServer(limits, fault: gate.fault)
        server.handler.answerBytes = 10_000_000
        let client = try TestClient(port: server.port)
        client.send(Self.get("/long"))
        server.handler.waitForRequests(1)
        server.waitForConnections(0)
        #expect(server.server.connectionCount == 0)
        client.reset()
        server.stop()
    }

    @Test func `nor does one that sends further requests`() throws {
        var limits = HTTPLimits()
        limits.writeTimeoutMilliseconds = 60
        let gate = Gate()
        let server = try TestServer(limits, fault: gate.fault)
        let client = try TestClient(port: server.port)
        client.setReadTimeout(milliseconds: 5)
        client.send(Self.get("/first"))
        server.handler.waitForRequests(1)
        var isClosed = false
        for number in 0..<2000 where !isClosed {
            client.send(Self.get("/\(number)"))
            isClosed = client.readsEnd()
        }
        #expect(isClosed)
        server.stop()
    }
}
