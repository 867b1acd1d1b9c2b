/// An answer.
package struct HTTPResponse: Sendable {
    /// 100–599.
    package var status: Int
    /// Field lines, without Content-Length, Date and Connection, which the server adds.
    package private(set) var fields: [(name: String, value: String)]
    package var body: [UInt8]
    /// True to close the connection after this answer.
    package var closesConnection = false

    /// An answer without fields of its own.
    package init(status: Int, body: [UInt8] = []) {
        self.status = status
        self.fields = []
        self.body = body
    }

    /// A text answer.
    package init(status: Int, text: String) {
        self.init(status: status, body: Array(text.utf8))
        fields.append(("Content-Type", "text/plain; charset=utf-8"))
    }

    /// Adds a field line.
    ///
    /// - Returns: false, and adds nothing, when the name is no token or the value holds CR, LF or NUL
    ///   (RFC 9110 §5.5): a line break would let data write fields of its own.
    @discardableResult
    package mutating func add(_ name: String, _ value: String) -> Bool {
        guard !name.isEmpty, name.utf8.allSatisfy(HTTPCharacters.isToken),
            value.utf8.allSatisfy({ $0 != 0 && $0 != 0x0A && $0 != 0x0D })
        else { return false }
        fields.append((name, value))
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
        Self.append("HTTP/1.1 ", to: &out)
        Self.append(status, to: &out)
        out.append(UInt8(ascii: " "))
        Self.append(Self.reason(status), to: &out)
        Self.append("\r\n", to: &out)
        out.append(contentsOf: date)
        for (name, value) in fields {
            out.append(contentsOf: name.utf8)
            Self.append(": ", to: &out)
            out.append(contentsOf: value.utf8)
            Self.append("\r\n", to: &out)
        }
        // RFC 9110 §8.6: no Content-Length with 1xx and 204.
        if status != 204, status != 304, status >= 200 {
            Self.append("Content-Length: ", to: &out)
            Self.append(body.count, to: &out)
            Self.append("\r\n", to: &out)
        }
        switch persistence {
        case .open: break
        case .close: Self.append("Connection: close\r\n", to: &out)
        case .keepAlive: Self.append("Connection: keep-alive\r\n", to: &out)
        }
        Self.append("\r\n", to: &out)
        if !withoutBody, status != 204, status != 304 { out.append(contentsOf: body) }
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
