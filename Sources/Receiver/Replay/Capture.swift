import Cryptography
import EventQueue
import JSON
import Webhooks

/// A request that was received once, ready to go through the pipeline again.
struct Capture: Sendable {
    /// What became of it then.
    enum Recorded: Sendable {
        /// It was stored as this event.
        case stored(id: String, type: String, data: [UInt8])
        /// It was refused or failed for this reason.
        case refused(reason: String)
    }

    /// Where it was found: `requests.jsonl:3`, `quarantine 12`, `queue main 5`.
    var origin: String
    var method = "POST"
    /// The request target: path and query.
    var target = "/"
    /// What the vendor called; nil builds it from `public_url` and the target.
    var url: String?
    var fields: [(name: String, value: String)] = []
    var body: [UInt8] = []
    var remoteAddress = "127.0.0.1"
    var clientCertificate: ClientCertificate?
    /// Nil when the capture does not say.
    var receivedAtMilliseconds: Int64?
    /// Whose request it was, when the capture says more than its path.
    var integration: String?
    var account: String?
    var recorded: Recorded?

    init(origin: String) { self.origin = origin }

    /// Lower-case names of fields whose values were not kept.
    var redactedNames: [String] {
        fields.filter { $0.value == "[redacted]" }.map { $0.name.lowercased() }
    }

    private static let mark = Array("[redacted]".utf8)

    /// True when a credential in the body was not kept.
    var hasRedactedBody: Bool { body.firstRange(of: Self.mark) != nil }

    /// True when a credential in the query was not kept.
    var hasRedactedURL: Bool { target.utf8.firstRange(of: Self.mark) != nil }

    func first(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name }?.value
    }

    /// True when the body has not the length that the request named: a part of it is elsewhere.
    var isIncomplete: Bool {
        guard let text = first("content-length"), let length = Int(text) else { return false }
        return first("transfer-encoding") == nil && length != body.count
    }

    /// The path without the query.
    var path: Substring { target.prefix { $0 != "?" } }

    func received(publicURL: String?, nowMilliseconds: Int64) -> ReceivedRequest {
        let host = first("host") ?? "localhost"
        let query = target.dropFirst(path.utf8.count)
        return ReceivedRequest(
            method: method, target: target,
            publicURL: publicURL.map { $0 + target } ?? url ?? "http://\(host)\(target)",
            path: path, query: query.dropFirst(),
            fields: HeaderFields(fields.map { ($0.name, $0.value) }), body: body,
            remoteAddress: remoteAddress,
            receivedAtMilliseconds: receivedAtMilliseconds ?? nowMilliseconds,
            clientCertificate: clientCertificate)
    }
}

/// Why a capture cannot be read.
struct CaptureFailure: Error, Sendable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension Capture {
    /// From a captured request as `CapturedRequest` writes it, or as people write it: headers as pairs
    /// or as an object, the body as `body`, `raw_body` (text) or `…_base64`, or as JSON.
    init(request: JSONValue, origin: String) throws(CaptureFailure) {
        self.init(origin: origin)
        guard request.kind == .object else {
            throw CaptureFailure("\(origin): a captured request is a JSON object")
        }
        method = request["method"]?.stringValue ?? "POST"
        url = request["url"]?.stringValue
        target =
            request["target"]?.stringValue ?? url.map(Self.target)
            ?? request["path"]?.stringValue ?? "/"
        if !target.hasPrefix("/") { target = Self.target(of: target) }
        remoteAddress = request["remote_address"]?.stringValue ?? remoteAddress
        clientCertificate = request["client_certificate"].flatMap(ClientCertificate.init)
        receivedAtMilliseconds = (request["received_at"] ?? request["time"])?.stringValue
            .flatMap { TimeText.milliseconds(iso8601: $0) }
        integration = request["integration"]?.stringValue
        account = request["account"]?.stringValue
        try readFields(request["headers"])
        if let found = try Self.body(of: request, origin) { body = found }
    }

    /// Path and query of a URL.
    static func target(of url: String) -> String {
        guard let mark = url.firstRange(of: "://") else { return "/" }
        let rest = url[mark.upperBound...]
        guard let start = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) else { return "/" }
        let target = rest[start...].prefix { $0 != "#" }
        return target.hasPrefix("?") ? "/\(target)" : String(target)
    }

    private mutating func readFields(_ headers: JSONValue?) throws(CaptureFailure) {
        guard let headers, !headers.isNull else { return }
        if let object = headers.objectValue {
            for (name, value) in object {
                for one in value.arrayValue ?? [value] {
                    fields.append((name, one.stringValue ?? one.jsonString))
                }
            }
            return
        }
        for pair in headers.arrayValue ?? [] {
            let name = (pair[0] ?? pair["name"])?.stringValue
            let value = (pair[1] ?? pair["value"])?.stringValue
            guard let name, let value else {
                throw CaptureFailure("\(origin): a header is a pair of name and value")
            }
            fields.append((name, value))
        }
    }

    /// The body that the request holds; nil when it holds none.
    private static func body(
        of request: JSONValue, _ origin: String
    ) throws(CaptureFailure) -> [UInt8]? {
        for name in ["body_base64", "raw_body_base64"] {
            guard let text = request[name]?.stringValue else { continue }
            guard let bytes = Encodings.decodeBase64(text) else {
                throw CaptureFailure("\(origin): \(name) is not base64")
            }
            return bytes
        }
        for name in ["raw_body", "body"] {
            guard let value = request[name], !value.isNull else { continue }
            return value.stringValue.map { Array($0.utf8) } ?? value.serialized()
        }
        return nil
    }

    /// From an event of a queue: the captured request, and the body that the event holds for it.
    init(event: JSONValue, request: JSONValue, origin: String) throws(CaptureFailure) {
        try self.init(request: request, origin: origin)
        integration = event["integration"]?.stringValue ?? integration
        account = event["account"]?.stringValue ?? account
        let data = Self.data(of: event)
        if try Self.body(of: request, origin) == nil { body = data }
        recorded = .stored(
            id: event["id"]?.stringValue ?? "", type: event["type"]?.stringValue ?? "", data: data)
        if receivedAtMilliseconds == nil {
            receivedAtMilliseconds = event["time"]?.stringValue.flatMap {
                TimeText.milliseconds(iso8601: $0)
            }
        }
    }

    /// The bytes that `data` or `data_base64` stands for.
    static func data(of event: JSONValue) -> [UInt8] {
        if let text = event["data_base64"]?.stringValue {
            return Encodings.decodeBase64(text) ?? []
        }
        guard let data = event["data"] else { return [] }
        let isJSON = event["datacontenttype"]?.stringValue == "application/json"
        if !isJSON, let text = data.stringValue { return Array(text.utf8) }
        return data.serialized()
    }
}
