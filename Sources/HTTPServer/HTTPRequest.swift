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

    /// Where the path and, if there is one, the query lie in the target, in bytes.
    private let pathRange: Range<Int>
    private let queryStart: Int?

    init(
        method: String, target: String, versionMinor: Int, fields: HTTPFields,
        contentLength: Int?, isChunked: Bool, expectsContinue: Bool, keepAlive: Bool
    ) {
        self.method = method
        self.target = target
        self.versionMinor = versionMinor
        self.fields = fields
        self.contentLength = contentLength
        self.isChunked = isChunked
        self.expectsContinue = expectsContinue
        self.keepAlive = keepAlive
        (pathRange, queryStart) = Self.split(target.utf8.span)
    }

    /// True when a body follows the head.
    package var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }

    /// The target without its query: an absolute URL's path, or the target up to `?`.
    package var path: Substring { pathRange.isEmpty ? "/" : target[place(pathRange)] }
    /// What follows `?` in the target, or nil.
    package var query: Substring? {
        queryStart.map { target[place($0..<target.utf8.count)] }
    }

    private func place(_ range: Range<Int>) -> Range<String.Index> {
        let start = target.utf8.index(target.startIndex, offsetBy: range.lowerBound)
        return start..<target.utf8.index(start, offsetBy: range.count)
    }

    /// RFC 9112 §3.2: origin-form as it is, absolute-form without scheme and authority.
    private static func split(_ target: Span<UInt8>) -> (path: Range<Int>, query: Int?) {
        var start = 0
        if target.isEmpty || target[0] != UInt8(ascii: "/") { start = endOfAuthority(target) }
        for place in start..<target.count where target[place] == UInt8(ascii: "?") {
            return (start..<place, place + 1)
        }
        return (start..<target.count, nil)
    }

    /// Where the authority of `scheme://authority/path` ends; 0 for what has none.
    private static func endOfAuthority(_ target: Span<UInt8>) -> Int {
        var place = 0
        while place < target.count, target[place] != UInt8(ascii: ":") { place += 1 }
        guard place + 2 < target.count, target[place + 1] == UInt8(ascii: "/"),
            target[place + 2] == UInt8(ascii: "/")
        else { return 0 }
        place += 3
        while place < target.count, target[place] != UInt8(ascii: "/"),
            target[place] != UInt8(ascii: "?")
        {
            place += 1
        }
        return place
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
