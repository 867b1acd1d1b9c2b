/// A request's head, checked by RFC 9112.
package struct HTTPRequestHead: Sendable {
    /// The method as received; methods are case-sensitive (RFC 9110 §9.1).
    package let method: String
    /// The request target as received: `/path?query`, an absolute URL, or `*`.
    package let target: String
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    package let versionMinor: Int
    /// The field lines.
    package let fields: HTTPFields
    /// The body's length when the head tells it; nil for a chunked body or none.
    package let contentLength: Int?
    /// True when the body comes in chunks.
    package let isChunked: Bool
    /// True when the client waits for `100 Continue` (RFC 9110 §10.1.1).
    package let expectsContinue: Bool
    /// True when the connection stays open after the answer (RFC 9112 §9.3).
    package let keepAlive: Bool

    private let parts: HTTPTarget.Parts

    init(
        method: String, target: String, parts: HTTPTarget.Parts, versionMinor: Int,
        fields: HTTPFields,
        contentLength: Int?, isChunked: Bool, expectsContinue: Bool, keepAlive: Bool
    ) {
        self.method = method
        self.target = target
        self.parts = parts
        self.versionMinor = versionMinor
        self.fields = fields
        self.contentLength = contentLength
        self.isChunked = isChunked
        self.expectsContinue = expectsContinue
        self.keepAlive = keepAlive
    }

    /// True when a body follows the head.
    package var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }

    /// The target without its query: an absolute URL's path, or the target up to `?`.
    package var path: Substring { parts.path.isEmpty ? "/" : target[place(parts.path)] }
    /// What follows `?` in the target, or nil.
    package var query: Substring? {
        parts.query.map { target[place($0..<target.utf8.count)] }
    }

    private func place(_ range: Range<Int>) -> Range<String.Index> {
        let start = target.utf8.index(target.startIndex, offsetBy: range.lowerBound)
        return start..<target.utf8.index(start, offsetBy: range.count)
    }
}

/// A whole request.
package struct HTTPRequest: Sendable {
    package let head: HTTPRequestHead
    /// The body's bytes, chunks joined; content codings are left as they are.
    package let body: [UInt8]
    /// The peer's address without port, or the client's that a PROXY header names; `unix` for a local
    /// socket.
    package let remoteAddress: String
    /// What TLS made known; nil without TLS.
    package let security: ConnectionSecurity?
    /// Tells the connections of one loop apart.
    package let connectionID: UInt64
    /// What the handler gave when the head came.
    package let context: (any AnyObject & Sendable)?
}
