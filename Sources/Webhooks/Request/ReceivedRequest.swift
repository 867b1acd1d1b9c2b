package import Cryptography
package import JSON

/// One HTTP request as the receiver got it, nothing interpreted. It is handed from stage to stage and kept
/// by closures, so it is an object: handing it on counts one reference, not one for each text.
package final class ReceivedRequest: Sendable {
    package let method: String
    /// The request target exactly as received.
    package let target: String
    /// The beginning of what the vendor called: scheme and authority, or all of it.
    let base: String
    /// The rest: path and query.
    let reference: String
    package let path: Substring
    /// The query without its `?`; empty when there is none.
    package let query: Substring
    package let fields: HeaderFields
    /// The body as received, before any content decoding.
    package let body: [UInt8]
    package let remoteAddress: String
    package let receivedAtMilliseconds: Int64
    /// The certificate that the client proved to have; nil without one.
    package let clientCertificate: ClientCertificate?
    /// What the log and `X-Request-Id` call it; nil for a request that did not come over HTTP.
    package let identifier: String?

    /// - Parameters:
    ///   - publicURL: what the vendor called; with a `reference`, what stands before that.
    ///   - reference: path and query of what the vendor called. The two are joined only when asked for.
    package init(
        method: String, target: String, publicURL: String, reference: String = "",
        path: Substring, query: Substring, fields: HeaderFields, body: [UInt8],
        remoteAddress: String,
        receivedAtMilliseconds: Int64, clientCertificate: ClientCertificate? = nil,
        identifier: String? = nil
    ) {
        self.method = method
        self.target = target
        base = publicURL
        self.reference = reference
        self.path = path
        self.query = query
        self.fields = fields
        self.body = body
        self.remoteAddress = remoteAddress
        self.receivedAtMilliseconds = receivedAtMilliseconds
        self.clientCertificate = clientCertificate
        self.identifier = identifier
    }

    /// What the vendor called: scheme, host, path and query, built from the configured public URL.
    package var publicURL: String { base + reference }
}

/// The account a request is for: its id (nil for the integration's own) and its context.
package struct AccountState: Sendable {
    package var id: String?
    package var context: JSONObject

    package init(id: String? = nil, context: JSONObject = JSONObject()) {
        self.id = id
        self.context = context
    }
}
