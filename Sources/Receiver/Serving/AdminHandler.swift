import Cryptography
import EventQueue
import HTTPServer

/// `/healthz`, `/readyz`, `/metrics` and the admin API, on a listener of their own.
///
/// The loop answers from memory only. What asks the disk has a thread of its own, and what changes
/// something another one, so that nothing waits for a change that waits for the disk.
final class AdminHandler: HTTPHandler {
    private let server: Receiver
    private let questions: SerialWorker
    private let changes: SerialWorker

    /// Requests that may wait for one of the threads; further ones are answered 503.
    private static let waitingMax = 64

    /// - Throws: when the system gives no more threads.
    init(server: Receiver) throws(StartFailure) {
        self.server = server
        questions = SerialWorker(waitingMax: Self.waitingMax)
        changes = SerialWorker(waitingMax: Self.waitingMax)
        guard questions.start(), changes.start() else {
            questions.stop()
            throw StartFailure("the system gives no more threads")
        }
    }

    /// Answers what waits, then ends the threads.
    func stop() {
        questions.stop()
        changes.stop()
    }

    func headReceived(
        _ head: HTTPRequestHead, remoteAddress: String, loop: Int
    ) -> HeadDecision {
        if let refusal = refusal(head) { return .respond(refusal) }
        return .readBody(limit: 1 << 20)
    }

    func handle(_ request: HTTPRequest, _ exchange: HTTPExchange) {
        if let refusal = refusal(request.head) { return exchange.respond(refusal) }
        guard let worker = worker(request.head) else { return exchange.respond(answer(request)) }
        let isQueued = worker.submit { exchange.respond(self.answer(request)) }
        if !isQueued { exchange.respond(Responses.unavailable) }
    }

    /// Who answers; nil: the loop itself.
    private func worker(_ head: HTTPRequestHead) -> SerialWorker? {
        guard head.method == "GET" || head.method == "HEAD" else { return changes }
        let first = head.path.dropFirst().prefix { $0 != "/" }
        return ["readyz", "metrics", "queues", "quarantine"].contains(first) ? questions : nil
    }

    func roundEnded(loop: Int) -> Bool { false }
    func protocolFailed(_ failure: HTTPFailure, remoteAddress: String) {}
    func isTrustedProxy(_ address: String) -> Bool { server.handler.isTrustedProxy(address) }
    func connectionSecured(_ security: ConnectionSecurity) {
        server.handler.connectionSecured(security)
    }
    func handshakeFailed(_ failure: TLSFailure, remoteAddress: String) {
        server.handler.handshakeFailed(failure, remoteAddress: remoteAddress)
    }

    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        let head = request.head
        if AdminAPI.owns(head.path) {
            guard let asked = AdminRequest(head, body: request.body) else {
                return AdminError(400, "an escape of the path is wrong").response
            }
            return AdminAPI(server: server).answer(asked)
        }
        guard ["/healthz", "/readyz", "/metrics"].contains(head.path) else {
            return AdminError.notFound.response
        }
        guard head.method == "GET" || head.method == "HEAD" else {
            return AdminError.method("GET, HEAD").response
        }
        switch head.path {
        case "/healthz": return HTTPResponse(status: 200, text: "ok\n")
        case "/readyz":
            let failures = server.readiness()
            if failures.isEmpty { return HTTPResponse(status: 200, text: "ready\n") }
            return HTTPResponse(
                status: 503, text: failures.map { "\($0)\n" }.joined())
        default:
            var response = HTTPResponse(status: 200, body: Array(server.metricsText().utf8))
            response.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            return response
        }
    }

    /// Who may not ask at all. With a token, whoever does not bring it. Without one the listener is this
    /// machine's own, and a name in `Host` that is not this machine's is a web page whose name has been
    /// pointed here (DNS rebinding).
    private func refusal(_ head: HTTPRequestHead) -> HTTPResponse? {
        let tokens = server.loaded.variables.adminTokens
        if !tokens.isEmpty {
            if isAllowed(head.fields, tokens) { return nil }
            var response = AdminError(401, "a bearer token is needed").response
            response.add("WWW-Authenticate", "Bearer")
            return response
        }
        guard let host = head.fields.firstValue(named: "host"), !Self.isLocal(host) else {
            return nil
        }
        return AdminError(403, "without admin.token, ask by a loopback address").response
    }

    private static func isLocal(_ host: String) -> Bool {
        if host.hasPrefix("[") { return true }
        let name = host.prefix { $0 != ":" }.lowercased()
        return name == "localhost" || name.allSatisfy { $0.isNumber || $0 == "." }
            || !name.contains(".")
    }

    private func isAllowed(_ fields: HTTPFields, _ tokens: [Secret]) -> Bool {
        guard let value = fields.firstValue(named: "authorization"),
            value.utf8.count > 7, value.prefix(7).lowercased() == "bearer "
        else { return false }
        let given = Array(value.utf8.dropFirst(7))
        return tokens.contains { constantTimeEquals(given, $0.bytes) }
    }
}
