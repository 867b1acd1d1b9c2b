import Cryptography
import Foundation
import Synchronization
import TestSupport

@testable import HTTPServer

/// A server on a port of its own whose handler answers with the path, at once or when told to.
final class TestServer: Sendable {
    let server: HTTPServer
    let handler: Recorder
    let port: UInt16

    init(
        _ limits: HTTPLimits = HTTPLimits(), loops: Int = 1,
        listener: HTTPListener = HTTPListener(.tcp(host: "127.0.0.1", port: 0)),
        processors: [Int32] = [],
        fault: (@Sendable (SystemCall) -> SystemCalls.Fault?)? = nil
    ) throws {
        handler = Recorder()
        server = try HTTPServer(
            listeners: [listener], loops: loops, limits: limits,
            handler: handler, system: SystemCalls(fault: fault))
        guard case .tcp(_, let port)? = server.boundAddresses.first else {
            throw SystemError("no port", 0)
        }
        self.port = port
        try server.start(on: processors)
    }

    func stop() {
        server.stop()
        server.join()
    }

    /// Waits until the server has so many connections; gives up after 20 seconds.
    func waitForConnections(_ count: Int) { wait { server.connectionCount == count } }

    /// Waits until the handler was told of so many failures; gives up after 20 seconds.
    func waitForFailures(_ count: Int) { wait { handler.failures.count >= count } }

    /// Returns when the loops have done what was ready before; gives up after 20 seconds.
    func waitForRounds() {
        let before = server.heartbeats()
        // The round after the present one sees all of it, and is over when another begins.
        wait { zip(before, server.heartbeats()).allSatisfy { $1 >= $0 + 2 } }
    }

    private func wait(until isSo: () -> Bool) {
        for _ in 0..<20_000 where !isSo() {
            var time = timespec(tv_sec: 0, tv_nsec: 1_000_000)
            unsafe nanosleep(&time, nil)
        }
    }
}

/// Lends the port of a server with a handler of the test's own, and stops it.
func withServer(
    _ limits: HTTPLimits = HTTPLimits(), loops: Int = 1, handler: any HTTPHandler,
    _ body: (UInt16) throws -> Void
) throws {
    let server = try HTTPServer(
        listeners: [.tcp(host: "127.0.0.1", port: 0)], loops: loops, limits: limits,
        handler: handler)
    guard case .tcp(_, let port)? = server.boundAddresses.first else {
        throw SystemError("no port", 0)
    }
    try server.start()
    defer {
        server.stop()
        server.join()
    }
    try body(port)
}

/// A handler that notes what it is asked.
final class Recorder: HTTPHandler {
    private struct State {
        var holds = false
        var held: [(HTTPExchange, String)] = []
        var bodyLengths: [Int] = []
        var failures: [String] = []
        var addresses: [String] = []
        var security: [ConnectionSecurity] = []
        var handshakeFailures: [TLSFailure.Reason] = []
        var trusts = false
        var answerBytes = 0
        var sinceRound = 0
        var largestRound = 0
        var rounds = 0
        var holdsRounds = false
        var rests = 0
        var processors: [[Int32]] = []
    }
    private let state = Mutex(State())
    private let arrived = DispatchSemaphore(value: 0)

    var holds: Bool {
        get { state.withLock { $0.holds } }
        set { state.withLock { $0.holds = newValue } }
    }
    var answerBytes: Int {
        get { state.withLock { $0.answerBytes } }
        set { state.withLock { $0.answerBytes = newValue } }
    }
    var held: [String] { state.withLock { $0.held.map(\.1) } }
    var exchanges: [HTTPExchange] { state.withLock { $0.held.map(\.0) } }
    var bodyLengths: [Int] { state.withLock { $0.bodyLengths } }
    var failures: [String] { state.withLock { $0.failures } }
    /// The addresses and what TLS made known of the requests.
    var addresses: [String] { state.withLock { $0.addresses } }
    var security: [ConnectionSecurity] { state.withLock { $0.security } }
    var handshakeFailures: [TLSFailure.Reason] { state.withLock { $0.handshakeFailures } }
    var trusts: Bool {
        get { state.withLock { $0.trusts } }
        set { state.withLock { $0.trusts = newValue } }
    }
    /// Says at the end of a round that something waits for the loop to rest.
    var holdsRounds: Bool {
        get { state.withLock { $0.holdsRounds } }
        set { state.withLock { $0.holdsRounds = newValue } }
    }
    /// How often it was told that the loop rests.
    var rests: Int { state.withLock { $0.rests } }
    /// What each request's thread may run on.
    var processors: [[Int32]] { state.withLock { $0.processors } }
    private let rested = DispatchSemaphore(value: 0)

    func waitForRest() { _ = rested.wait(timeout: .now() + 20) }
    var largestRound: Int { state.withLock { $0.largestRound } }
    var rounds: Int { state.withLock { $0.rounds } }

    /// Returns when so many further requests have arrived and their round has ended.
    func waitForRequests(_ count: Int) {
        for _ in 0..<count { _ = arrived.wait(timeout: .now() + 20) }
    }

    /// Answers what is held, from this thread.
    func release(reversed: Bool = false) {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        let tasks = held.map { Answer(exchange: $0.0, text: $0.1) }
        HTTPExchange.perform(reversed ? tasks.reversed() : tasks)
    }

    /// An answer that its loop gives.
    private final class Answer: LoopTask {
        let exchange: HTTPExchange
        let text: String
        init(exchange: HTTPExchange, text: String) { (self.exchange, self.text) = (exchange, text) }

        func perform() { exchange.respond(HTTPResponse(status: 200, text: text)) }
    }

    func headReceived(
        _ head: HTTPRequestHead, remoteAddress: String, loop: Int
    ) -> HeadDecision {
        .readBody(limit: .max)
    }

    func handle(_ request: HTTPRequest, _ exchange: HTTPExchange) {
        let path = String(request.head.path)
        let bytes = state.withLock { state -> Int? in
            state.bodyLengths.append(request.body.count)
            state.addresses.append(request.remoteAddress)
            state.processors.append(Processors.allowed)
            if let security = request.security { state.security.append(security) }
            state.sinceRound += 1
            if state.holds { state.held.append((exchange, path)) }
            return state.holds ? nil : state.answerBytes
        }
        if let bytes {
            exchange.respond(
                HTTPResponse(status: 200, text: String(repeating: "x", count: bytes) + path))
        }
    }

    func roundEnded(loop: Int) -> Bool {
        let count = state.withLock { state in
            defer { state.sinceRound = 0 }
            state.rounds += 1
            state.largestRound = max(state.largestRound, state.sinceRound)
            return state.sinceRound
        }
        for _ in 0..<count { arrived.signal() }
        return holdsRounds
    }

    func loopRests(_ loop: Int) {
        state.withLock { $0.rests += 1 }
        rested.signal()
    }

    func protocolFailed(_ failure: HTTPFailure, remoteAddress: String) {
        state.withLock { $0.failures.append("\(failure.status) \(failure.reason)") }
    }

    func isTrustedProxy(_ address: String) -> Bool { trusts }

    func handshakeFailed(_ failure: TLSFailure, remoteAddress: String) {
        state.withLock { $0.handshakeFailures.append(failure.reason) }
    }
}
