import HTTPServer
import Webhooks

/// The fixed answers of SPEC §4.7. None says why.
enum Responses {
    /// Seconds after which a vendor may try again.
    static let retryAfterSeconds = 5

    static let notFound = HTTPResponse(status: 404, text: "not found\n")
    static let accepted = make(200, "{\"status\":\"accepted\"}")
    static let malformed = HTTPResponse(status: 400, text: "bad request\n")
    static let tooLarge = HTTPResponse(status: 413, text: "content too large\n")
    static let refused = HTTPResponse(status: 401, text: "unauthorized\n")
    static let failed = HTTPResponse(status: 500, text: "internal error\n")
    static let unavailable: HTTPResponse = {
        var response = HTTPResponse(status: 503, text: "unavailable, try again later\n")
        response.add("Retry-After", String(retryAfterSeconds))
        return response
    }()

    static let forbidden = HTTPResponse(status: 403, text: "forbidden\n")

    /// 429 (RFC 6585 §4); the wait is rounded up to seconds (RFC 9110 §10.2.3).
    static func tooMany(afterNanoseconds wait: UInt64) -> HTTPResponse {
        var response = HTTPResponse(status: 429, text: "too many requests, try again later\n")
        response.add("Retry-After", String((wait &+ 999_999_999) / 1_000_000_000))
        return response
    }

    static func make(_ status: Int, _ json: String) -> HTTPResponse {
        var response = HTTPResponse(status: status, body: Array(json.utf8))
        response.add("Content-Type", "application/json")
        return response
    }
}

extension HTTPResponse {
    /// The answer of an expression or of the configuration; nil when a header cannot be sent.
    init?(_ response: WebhookResponse) {
        self.init(status: response.statusCode, body: response.body)
        for (name, value) in response.headers {
            // The server writes these itself.
            let lower = name.lowercased()
            if ["content-length", "connection", "transfer-encoding", "date"].contains(lower) {
                continue
            }
            guard add(name, value) else { return nil }
        }
    }

    func identified(_ identifier: String) -> HTTPResponse {
        var response = self
        response.identifier = identifier
        return response
    }
}
