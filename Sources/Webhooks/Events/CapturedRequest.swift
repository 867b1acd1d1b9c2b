import Cryptography
import JSON

/// The request beside its event, and in quarantine: enough to run the pipeline again.
package enum CapturedRequest {
    private static let secretHeaders: Set<String> = [
        "authorization", "proxy-authorization", "cookie", "set-cookie",
    ]

    /// A JSON object: method, target, url, remote_address, received_at, headers as pairs in order, and
    /// the body as text or base64 when it is wanted. Credentials are replaced by `[redacted]`.
    package static func json(
        _ request: ReceivedRequest, redacting redaction: Redaction = Redaction(), withBody: Bool
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.raw("{\"method\":")
        writer.write(request.method)
        writer.raw(",\"target\":")
        writer.write(redaction.url(request.target))
        writer.raw(",\"url\":")
        writer.write(redaction.url(request.publicURL))
        writer.raw(",\"remote_address\":")
        writer.write(request.remoteAddress)
        writer.raw(",\"received_at\":\"")
        writer.raw(TimeText.iso8601(request.receivedAtMilliseconds))
        writer.raw("\"")
        if let identifier = request.identifier {
            writer.raw(",\"request_id\":")
            writer.write(identifier)
        }
        writer.raw(",\"headers\":[")
        var isFirst = true
        request.fields.forEach { name, value in
            writer.raw(isFirst ? "[" : ",[")
            isFirst = false
            let text = String(decoding: name, as: UTF8.self)
            writer.write(text)
            writer.raw(",")
            let lower = text.lowercased()
            if secretHeaders.contains(lower) || redaction.headers.contains(lower) {
                writer.raw("\"[redacted]\"")
            } else {
                writer.write(String(decoding: value, as: UTF8.self))
            }
            writer.raw("]")
        }
        writer.raw("]")
        if withBody, !request.body.isEmpty, let body = redaction.body(request) {
            if let text = String(validating: body, as: UTF8.self) {
                writer.raw(",\"body\":")
                writer.write(text)
            } else {
                writer.raw(",\"body_base64\":\"")
                writer.raw(Encodings.encodeBase64(body)[...])
                writer.raw("\"")
            }
        }
        writer.raw("}")
        return writer.bytes
    }
}
