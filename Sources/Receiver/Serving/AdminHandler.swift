import Cryptography
import EventQueue
import HTTPServer

/// `/healthz`, `/readyz` and `/metrics`, on a listener of their own.
final class AdminHandler: HTTPHandler {
    private let server: Receiver
    private let token: Secret?

    init(server: Receiver, token: Secret?) {
        self.server = server
        self.token = token
    }

    func headReceived(_ head: HTTPRequestHead, remoteAddress: String) -> HeadDecision {
        .respond(answer(head))
    }

    func handle(_ request: HTTPRequest, _ exchange: HTTPExchange) {
        exchange.respond(answer(request.head))
    }

    func roundEnded(loop: Int) {}
    func protocolFailed(_ failure: HTTPFailure, remoteAddress: String) {}

    private func answer(_ head: HTTPRequestHead) -> HTTPResponse {
        guard isAllowed(head.fields) else {
            var response = Responses.refused
            response.add("WWW-Authenticate", "Bearer")
            return response
        }
        guard ["/healthz", "/readyz", "/metrics"].contains(head.path) else {
            return Responses.notFound
        }
        guard head.method == "GET" || head.method == "HEAD" else {
            var response = HTTPResponse(status: 405, text: "method not allowed\n")
            response.add("Allow", "GET, HEAD")
            return response
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

    private func isAllowed(_ fields: HTTPFields) -> Bool {
        guard let token else { return true }
        guard let value = fields.firstValue(named: "authorization"),
            value.utf8.count > 7, value.prefix(7).lowercased() == "bearer "
        else { return false }
        return constantTimeEquals(Array(value.utf8.dropFirst(7)), token.bytes)
    }
}
