import Cryptography
import JSON

/// The request beside its event, and in quarantine: enough to run the pipeline again.
package enum CapturedRequest {
    private static let secretHeaders = [
        "authorization", "proxy-authorization", "cookie", "set-cookie",
    ]

    /// A JSON object: method, target, url, remote_address, received_at, client_certificate, headers as pairs in order, and
    /// the body as text or base64 when it is wanted. Credentials are replaced by `[redacted]`.
    package static func json(
        _ request: ReceivedRequest, redacting redaction: Redaction = Redaction(), withBody: Bool
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.bytes.reserveCapacity(
            request.fields.byteCount + request.publicURL.utf8.count + 256
                + (withBody ? request.body.count * 9 / 8 : 0))
        writer.raw("{\"method\":")
        writer.write(request.method)
        writer.raw(",\"target\":")
        writer.write(redaction.url(request.target))
        writer.raw(",\"url\":")
        writer.write(redaction.url(request.publicURL))
        writer.raw(",\"remote_address\":")
        writer.write(request.remoteAddress)
        writer.raw(",\"received_at\":\"")
        TimeText.appendISO8601(request.receivedAtMilliseconds, to: &writer.bytes)
        writer.byte("\"")
        if let certificate = request.clientCertificate {
            writer.raw(",\"client_certificate\":")
            writer.raw(JSONValue(certificate).serialized()[...])
        }
        if let identifier = request.identifier {
            writer.raw(",\"request_id\":")
            writer.write(identifier)
        }
        writer.raw(",\"headers\":[")
        var isFirst = true
        request.fields.forEach { name, value in
            if !isFirst { writer.byte(",") }
            writer.byte("[")
            isFirst = false
            writer.write(received: name)
            writer.byte(",")
            if isSecret(name, redaction) {
                writer.raw("\"[redacted]\"")
            } else {
                writer.write(received: value)
            }
            writer.byte("]")
        }
        writer.byte("]")
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
        writer.byte("}")
        return writer.bytes
    }

    private static func isSecret(_ name: ArraySlice<UInt8>, _ redaction: Redaction) -> Bool {
        secretHeaders.contains { isNamed($0, name) }
            || redaction.headers.contains { isNamed($0, name) }
    }

    private static func isNamed(_ lowercased: String, _ name: ArraySlice<UInt8>) -> Bool {
        lowercased.utf8.count == name.count
            && zip(lowercased.utf8, name).allSatisfy { $0 == asciiLowercased($1) }
    }
}
