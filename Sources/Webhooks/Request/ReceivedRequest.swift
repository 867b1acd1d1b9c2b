package import Cryptography
package import JSON

/// One HTTP request as the receiver got it, nothing interpreted.
package struct ReceivedRequest: Sendable {
    package var method: String
    /// The request target exactly as received.
    package var target: String
    /// What the vendor called: scheme, host, path and query, built from the configured public URL.
    package var publicURL: String
    package var path: String
    /// The query without its `?`; empty when there is none.
    package var query: String
    package var fields: HeaderFields
    /// The body as received, before any content decoding.
    package var body: [UInt8]
    package var remoteAddress: String
    package var receivedAtMilliseconds: Int64
    /// The certificate that the client proved to have; nil without one.
    package var clientCertificate: ClientCertificate?
    /// What the log and `X-Request-Id` call it; nil for a request that did not come over HTTP.
    package var identifier: String?

    package init(
        method: String, target: String, publicURL: String, path: String, query: String,
        fields: HeaderFields, body: [UInt8], remoteAddress: String,
        receivedAtMilliseconds: Int64
    ) {
        self.method = method
        self.target = target
        self.publicURL = publicURL
        self.path = path
        self.query = query
        self.fields = fields
        self.body = body
        self.remoteAddress = remoteAddress
        self.receivedAtMilliseconds = receivedAtMilliseconds
    }
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
