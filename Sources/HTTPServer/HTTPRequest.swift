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

    /// True when a body follows the head.
    package var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }

    /// The target without its query: an absolute URL's path, or the target up to `?`.
    package var path: Substring { Self.split(target).path }
    /// What follows `?` in the target, or nil.
    package var query: Substring? { Self.split(target).query }

    /// RFC 9112 §3.2: origin-form as it is, absolute-form without scheme and authority.
    private static func split(_ target: String) -> (path: Substring, query: Substring?) {
        var rest = target[...]
        if rest.utf8.first != UInt8(ascii: "/"),
            let scheme = rest.utf8.firstIndex(of: UInt8(ascii: ":")),
            rest[scheme...].hasPrefix("://")
        {
            let authority = rest[rest.utf8.index(scheme, offsetBy: 3)...]
            let start = authority.utf8.firstIndex {
                $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?")
            }
            rest = start.map { authority[$0...] } ?? "/"
        }
        guard let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) else { return (rest, nil) }
        let path = rest[..<mark]
        return (path.isEmpty ? "/" : path, rest[rest.utf8.index(after: mark)...])
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
}
