import Cryptography
import EventQueue
import HTTPServer

/// `/healthz`, `/readyz`, `/metrics` and the admin API, on a listener of their own.
final class AdminHandler: HTTPHandler {
    private let server: Receiver

    init(server: Receiver) { self.server = server }

    func headReceived(_ head: HTTPRequestHead, remoteAddress: String) -> HeadDecision {
        if let refusal = refusal(head) { return .respond(refusal) }
        return .readBody(limit: 1 << 20)
    }

    func handle(_ request: HTTPRequest, _ exchange: HTTPExchange) {
        exchange.respond(refusal(request.head) ?? answer(request))
    }

    func roundEnded(loop: Int) {}
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
        if let token = server.loaded.variables.adminToken {
            if isAllowed(head.fields, token) { return nil }
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

    private func isAllowed(_ fields: HTTPFields, _ token: Secret) -> Bool {
        guard let value = fields.firstValue(named: "authorization"),
            value.utf8.count > 7, value.prefix(7).lowercased() == "bearer "
        else { return false }
        return constantTimeEquals(Array(value.utf8.dropFirst(7)), token.bytes)
    }
}
