import HTTPServer
import JSON

/// A request to the admin API, taken apart.
struct AdminRequest {
    let method: String
    /// The path's segments, percent-decoded.
    let segments: [String]
    let fields: HTTPFields
    let body: [UInt8]
    private let query: [(name: String, value: String)]

    /// - Returns: nil when an escape of the path is wrong.
    init?(_ head: HTTPRequestHead, body: [UInt8]) {
        method = head.method
        fields = head.fields
        self.body = body
        var segments: [String] = []
        for part in head.path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let decoded = Self.decode(part) else { return nil }
            segments.append(decoded)
        }
        self.segments = segments
        query = (head.query ?? "").split(separator: "&").compactMap { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decode(parts[0]),
                let value = parts.count > 1 ? Self.decode(parts[1]) : ""
            else { return nil }
            return (name, value)
        }
    }

    subscript(query name: String) -> String? { query.last { $0.name == name }?.value }

    /// RFC 3986 §2.1; nil for an escape that is none, or bytes that are no UTF-8.
    static func decode(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit),
                let low = rest.popFirst().flatMap(digit)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// `limit`, from 1 to 500; 100 when it was not given.
    func limit() throws(AdminError) -> Int {
        guard let text = self[query: "limit"] else { return 100 }
        guard let limit = Int(text), (1...500).contains(limit), text.first != "+" else {
            throw AdminError(
                400, "limit is a number from 1 to 500",
                [Problem(keyPath: "limit", message: "\"\(text)\" is no number from 1 to 500")])
        }
        return limit
    }

    /// The body, which must be one JSON object said to be JSON: a page in a browser cannot send that
    /// here without asking first.
    func object() throws(AdminError) -> (value: JSONObject, node: ConfigurationNode) {
        let type = (fields.firstValue(named: "content-type") ?? "")
            .prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        guard type == "application/json" || type == "application/merge-patch+json" else {
            throw AdminError(415, "the Content-Type must be application/json")
        }
        let node: ConfigurationNode?
        do throws(Problem) {
            node = try ConfigurationText.parse(body, file: "body.json")
        } catch { throw AdminError(400, "the body is no JSON", [error]) }
        guard let node, let object = node.jsonValue.objectValue else {
            throw AdminError(
                422, "the body must be a JSON object",
                [Problem(message: "expected an object, found \(node?.kindInWords ?? "nothing")")])
        }
        return (object, node)
    }
}

/// A refusal of the admin API, as RFC 9457 problem details.
struct AdminError: Error {
    let status: Int
    let detail: String
    let problems: [Problem]
    var allow: String?

    init(_ status: Int, _ detail: String, _ problems: [Problem] = []) {
        self.status = status
        self.detail = detail
        self.problems = problems
    }

    static let notFound = AdminError(404, "there is no such thing here")

    static func method(_ allowed: String) -> AdminError {
        var error = AdminError(405, "this method does nothing here")
        error.allow = allowed
        return error
    }

    var response: HTTPResponse {
        let errors = problems.map { problem -> JSONValue in
            [
                "key_path": .string(problem.keyPath), "message": .string(problem.message),
                "severity": .string(problem.severity.rawValue),
            ]
        }
        let body: JSONValue = [
            "status": .number(JSONNumber(Double(status))), "detail": .string(detail),
            "errors": .array(errors),
        ]
        var response = HTTPResponse(status: status, body: body.serialized())
        response.add("Content-Type", "application/problem+json")
        if let allow { response.add("Allow", allow) }
        return response
    }
}
