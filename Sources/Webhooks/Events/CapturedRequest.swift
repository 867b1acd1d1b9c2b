import Cryptography
import JSON

/// The request beside its event, and in quarantine: enough to run the pipeline again.
package enum CapturedRequest {
    /// A JSON object: method, target, url, remote_address, received_at, client_certificate, headers as pairs in order, and
    /// the body as text or base64 when it is wanted. Credentials are replaced by `[redacted]`.
    package static func json(
        _ request: ReceivedRequest, redacting redaction: Redaction = Redaction(), withBody: Bool
    ) -> [UInt8] {
        let body = withBody && !request.body.isEmpty ? redaction.body(request) : nil
        var bytes: [UInt8] = []
        bytes.append(
            expecting: 2 * request.target.utf8.count + request.fields.byteCount + 320
                + (body?.count ?? 0) * 9 / 8
        ) { out in
            write(request, redaction, to: &out)
            if let body { write(body, to: &out) }
            out.byte("}")
        }
        return bytes
    }

    /// All but the body and the end.
    private static func write(
        _ request: ReceivedRequest, _ redaction: Redaction, to out: inout TextOutput
    ) {
        out.raw("{\"method\":")
        out.string(request.method)
        out.raw(",\"target\":")
        out.string(redaction.url(request.target))
        out.raw(",\"url\":\"")
        if redaction.parameters.isEmpty {
            out.escaped(request.base.utf8.span)
            out.escaped(request.reference.utf8.span)
        } else {
            out.escaped(redaction.url(request.publicURL).utf8.span)
        }
        out.raw("\",\"remote_address\":")
        out.string(request.remoteAddress)
        out.raw(",\"received_at\":\"")
        TimeText.writeISO8601(request.receivedAtMilliseconds, to: &out)
        out.byte("\"")
        if let certificate = request.clientCertificate {
            out.raw(",\"client_certificate\":")
            out.raw(JSONValue(certificate).serialized().span)
        }
        if let identifier = request.identifier {
            out.raw(",\"request_id\":")
            out.string(identifier)
        }
        out.raw(",\"headers\":[")
        var isFirst = true
        request.fields.forEach { name, value in
            out.raw(isFirst ? "[" : ",[")
            isFirst = false
            out.string(received: name)
            out.byte(",")
            if redaction.hides(header: name) {
                out.raw("\"[redacted]\"")
            } else {
                out.string(received: value)
            }
            out.byte("]")
        }
        out.byte("]")
    }

    private static func write(_ body: [UInt8], to out: inout TextOutput) {
        if (try? UTF8Span(validating: body.span)) != nil {
            out.raw(",\"body\":")
            out.string(body.span)
        } else {
            out.raw(",\"body_base64\":\"")
            out.raw(Encodings.encodeBase64(body).span)
            out.raw("\"")
        }
    }
}
