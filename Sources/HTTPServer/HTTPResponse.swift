/// An answer.
///
/// What answers of one kind have in common is kept as it goes over the wire, and shared: an answer that
/// is given often is written once, and passing it on counts one reference.
package struct HTTPResponse: Sendable {
    private final class Content: Sendable {
        let status: Int
        let body: [UInt8]
        /// Status line, Content-Length and the fields that were added, each with its end.
        let head: [UInt8]
        /// Where the fields that were added begin.
        let fieldsStart: Int

        init(status: Int, body: [UInt8], head: [UInt8], fieldsStart: Int) {
            self.status = status
            self.body = body
            self.head = head
            self.fieldsStart = fieldsStart
        }

        func serialize(
            into out: inout [UInt8], _ identifier: String?, _ persistence: Persistence,
            withoutBody: Bool, _ date: [UInt8]
        ) {
            // RFC 9110 §6.4.1: answers with these statuses end with their fields.
            let sendsBody = !withoutBody && status != 204 && status != 304
            let count =
                head.count + date.count + (identifier?.utf8.count ?? 0) + Self.ownBytesMax
                + (sendsBody ? body.count : 0)
            // All that is appended is counted once, and copied without asking for room again.
            out.append(addingCapacity: count) { out in
                out.append(copying: head)
                out.append(copying: date)
                if let identifier {
                    out.append(literal: "X-Request-Id: ")
                    out.append(copying: identifier.utf8.span)
                    out.append(literal: "\r\n")
                }
                switch persistence {
                case .open: out.append(literal: "\r\n")
                case .close: out.append(literal: "Connection: close\r\n\r\n")
                case .keepAlive: out.append(literal: "Connection: keep-alive\r\n\r\n")
                }
                if sendsBody { out.append(copying: body) }
            }
        }

        /// What `serialize` writes itself: `X-Request-Id: `, its line end, `Connection: keep-alive`, two more.
        private static let ownBytesMax = 64
    }

    private var content: Content
    /// The value of `X-Request-Id`, which differs from answer to answer; nil sends none. It must be
    /// made of characters that a field's value may have.
    package var identifier: String?
    /// True to close the connection after this answer.
    package var closesConnection = false

    /// 100–599.
    package var status: Int { content.status }
    package var body: [UInt8] { content.body }

    /// An answer without fields of its own.
    package init(status: Int, body: [UInt8] = []) {
        var head: [UInt8] = []
        head.reserveCapacity(128)
        Self.append("HTTP/1.1 ", to: &head)
        Self.append(status, to: &head)
        head.append(UInt8(ascii: " "))
        Self.append(Self.reason(status), to: &head)
        Self.append("\r\n", to: &head)
        // RFC 9110 §8.6: no Content-Length with 1xx and 204.
        if status != 204, status != 304, status >= 200 {
            Self.append("Content-Length: ", to: &head)
            Self.append(body.count, to: &head)
            Self.append("\r\n", to: &head)
        }
        content = Content(status: status, body: body, head: head, fieldsStart: head.count)
    }

    /// A text answer.
    package init(status: Int, text: String) {
        self.init(status: status, body: Array(text.utf8))
        add("Content-Type", "text/plain; charset=utf-8")
    }

    /// The same in memory of its own: what two threads send often, each has for itself.
    package func copy() -> HTTPResponse {
        var copy = self
        copy.content = Content(
            status: status, body: body.map { $0 }, head: content.head.map { $0 },
            fieldsStart: content.fieldsStart)
        return copy
    }

    /// True when it has fields besides those that the server adds.
    package var hasFields: Bool { content.head.count > content.fieldsStart }

    /// Adds a field line; Content-Length, Date and Connection are the server's to add.
    ///
    /// - Returns: false, and adds nothing, when the name is no token or the value holds CR, LF or NUL
    ///   (RFC 9110 §5.5): a line break would let data write fields of its own.
    @discardableResult
    package mutating func add(_ name: String, _ value: String) -> Bool {
        guard !name.isEmpty, name.utf8.allSatisfy(HTTPCharacters.isToken),
            value.utf8.allSatisfy({ $0 != 0 && $0 != 0x0A && $0 != 0x0D })
        else { return false }
        var head = content.head
        head.append(contentsOf: name.utf8)
        Self.append(": ", to: &head)
        head.append(contentsOf: value.utf8)
        Self.append("\r\n", to: &head)
        content = Content(
            status: status, body: body, head: head, fieldsStart: content.fieldsStart)
        return true
    }

    /// What the answer says of its connection (RFC 9112 §9.3).
    enum Persistence {
        /// Nothing: HTTP/1.1 stays open.
        case open
        case close
        /// Said to a client of HTTP/1.0 that asked for it.
        case keepAlive
    }

    /// Appends the bytes that go over the wire; `date` is a `Date` line with its end (RFC 9110 §6.6.1),
    /// or nothing.
    func serialize(
        into out: inout [UInt8], _ persistence: Persistence, withoutBody: Bool, date: [UInt8] = []
    ) {
        content.serialize(into: &out, identifier, persistence, withoutBody: withoutBody, date)
    }

    @inline(__always)
    private static func append(_ text: StaticString, to out: inout [UInt8]) {
        // A literal's bytes live as long as the program.
        unsafe out.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private static func append(_ number: Int, to out: inout [UInt8]) {
        var divisor = 1
        let value = Int(number.magnitude)
        while value / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            out.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }

    /// The phrase of RFC 9110 §15; empty for a code it does not name.
    static func reason(_ status: Int) -> StaticString {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: ""
        }
    }
}
