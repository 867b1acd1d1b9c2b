/// Checks and reads a complete head, from the request line to the empty line (RFC 9112 §3–§6).
///
/// One pass over the bytes, which end with CR LF: no scan below passes a CR, so none asks whether the
/// bytes end. The caller has found the end of the head and a CR before every LF.
struct HTTPHeadParser {
    /// Field lines that a head may have.
    let lineCountMax: Int

    /// What the framing fields of a head have said so far.
    private struct Framing {
        var hosts = 0
        var contentLength: Int?
        var isChunked = false
        var hasTransferEncoding = false
        var expectsContinue = false
        var close = false
        var keepAlive = false
    }

    func parse(_ input: Span<UInt8>) throws(HTTPFailure) -> HTTPRequestHead {
        try Self.checkEnd(input)
        var index = 0
        let (method, target, minor) = try parseRequestLine(input, &index)
        var lines: [HTTPFields.Line] = []
        lines.reserveCapacity(16)
        var framing = Framing()
        while input[index] != 0x0D {
            let field = try Self.fieldLine(input, &index)
            guard lines.count < lineCountMax else {
                throw HTTPFailure(431, "too many field lines", limit: "header_count_max")
            }
            lines.append(field)
            try note(field, input, &framing)
        }
        guard index + 2 == input.count else { throw HTTPFailure(400, "bare carriage return") }
        try check(framing, minor)
        let bytes = unsafe input.withUnsafeBufferPointer { unsafe [UInt8]($0) }
        return HTTPRequestHead(
            method: method, target: Self.text(input, target),
            parts: HTTPTarget.split(input.extracting(target)), versionMinor: minor,
            fields: HTTPFields(bytes: bytes, lines: lines),
            contentLength: framing.contentLength, isChunked: framing.isChunked,
            expectsContinue: framing.expectsContinue && minor == 1,
            keepAlive: framing.close ? false : minor == 1 || framing.keepAlive)
    }

    /// What lets the scans go without asking for the end.
    private static func checkEnd(_ input: Span<UInt8>) throws(HTTPFailure) {
        guard input.count >= 2, input[input.count - 2] == 0x0D, input[input.count - 1] == 0x0A
        else { throw HTTPFailure(400, "no line end") }
    }

    private func check(_ framing: Framing, _ minor: Int) throws(HTTPFailure) {
        // RFC 9112 §3.2: exactly one valid Host with HTTP/1.1.
        guard framing.hosts == 1 || (minor == 0 && framing.hosts == 0) else {
            throw HTTPFailure(400, framing.hosts == 0 ? "no Host" : "several Host fields")
        }
        guard framing.hasTransferEncoding else { return }
        // RFC 9112 §6.3: both framings in one message are how requests are smuggled.
        guard framing.contentLength == nil else {
            throw HTTPFailure(400, "both Transfer-Encoding and Content-Length")
        }
        // RFC 9112 §6.1: the framing of such a message is faulty.
        guard minor == 1 else { throw HTTPFailure(400, "Transfer-Encoding with HTTP/1.0") }
    }

    /// `method SP request-target SP HTTP-version CRLF`, each separated by exactly one space.
    private func parseRequestLine(
        _ input: Span<UInt8>, _ index: inout Int
    ) throws(HTTPFailure) -> (method: String, target: Range<Int>, minor: Int) {
        // unsafe: the scans stop at the CR that ends the bytes.
        while unsafe HTTPCharacters.isToken(input[unchecked: index]) { index &+= 1 }
        let method = 0..<index
        guard !method.isEmpty, method.count <= 32, input[index] == 0x20 else {
            throw HTTPFailure(400, "malformed method")
        }
        index += 1
        let targetStart = index
        while unsafe HTTPCharacters.isVisible(input[unchecked: index]) { index &+= 1 }
        let target = targetStart..<index
        guard !target.isEmpty, input[index] == 0x20 else {
            throw HTTPFailure(400, "malformed request target")
        }
        index += 1
        let methodText = Self.method(input, method)
        let minor = try version(input, &index)
        try HTTPTarget.check(input, target, method: methodText)
        return (methodText, target, minor)
    }

    /// The usual methods are not made of bytes anew.
    private static func method(_ input: Span<UInt8>, _ range: Range<Int>) -> String {
        switch range.count {
        case 3 where input.starts("GET", at: 0): "GET"
        case 4 where input.starts("POST", at: 0): "POST"
        default: text(input, range)
        }
    }

    /// `HTTP/` digit `.` digit CRLF (RFC 9112 §2.3). Only 1.0 and 1.1 are spoken.
    private func version(_ input: Span<UInt8>, _ index: inout Int) throws(HTTPFailure) -> Int {
        guard input.count - index >= 10, input.starts("HTTP/", at: index) else {
            throw HTTPFailure(400, "malformed version")
        }
        let (major, minor) = (
            input[index + 5] &- UInt8(ascii: "0"), input[index + 7] &- UInt8(ascii: "0")
        )
        guard major < 10, minor < 10, input[index + 6] == UInt8(ascii: "."),
            input[index + 8] == 0x0D, input[index + 9] == 0x0A
        else { throw HTTPFailure(400, "malformed version") }
        guard major == 1, minor <= 1 else { throw HTTPFailure(505, "HTTP/\(major).\(minor)") }
        index += 10
        return Int(minor)
    }

    /// A line of a trailer, as below: `input` ends with the line.
    static func trailerLine(
        _ input: Span<UInt8>, _ index: inout Int
    ) throws(HTTPFailure) -> HTTPFields.Line {
        try checkEnd(input)
        return try fieldLine(input, &index)
    }

    /// `field-name ":" OWS field-value OWS CRLF` (RFC 9112 §5): no space before the colon, no folded
    /// line. `index` moves behind the line.
    private static func fieldLine(
        _ input: Span<UInt8>, _ index: inout Int
    ) throws(HTTPFailure) -> HTTPFields.Line {
        let start = index
        var place = start
        // unsafe: the scans stop at the CR that ends the bytes, and what is before the end of a value is
        // not before its start.
        while unsafe HTTPCharacters.isToken(input[unchecked: place]) { place &+= 1 }
        let nameEnd = place
        guard nameEnd > start else { throw HTTPFailure(400, "malformed or folded field line") }
        guard unsafe input[unchecked: place] == UInt8(ascii: ":") else {
            throw HTTPFailure(400, "malformed field name")
        }
        place += 1
        while unsafe HTTPCharacters.isBlank(input[unchecked: place]) { place &+= 1 }
        let valueStart = place
        let end = input.endOfFieldValue(from: place)
        var valueEnd = end
        while valueEnd > valueStart,
            unsafe HTTPCharacters.isBlank(input[unchecked: valueEnd - 1])
        {
            valueEnd -= 1
        }
        guard end + 1 < input.count, input[end] == 0x0D, input[end + 1] == 0x0A else {
            throw HTTPFailure(400, "control character in a field value")
        }
        index = end + 2
        return HTTPFields.Line(
            nameStart: UInt32(truncatingIfNeeded: start),
            nameEnd: UInt32(truncatingIfNeeded: nameEnd),
            valueStart: UInt32(truncatingIfNeeded: valueStart),
            valueEnd: UInt32(truncatingIfNeeded: valueEnd))
    }

    /// Reads the fields that decide where the message ends and what becomes of the connection.
    private func note(
        _ field: HTTPFields.Line, _ input: Span<UInt8>, _ framing: inout Framing
    ) throws(HTTPFailure) {
        switch field.name.count {
        case 4 where input.equals(field.name, "host"):
            framing.hosts += 1
            guard HTTPTarget.isHost(input, field.value) else {
                throw HTTPFailure(400, "malformed Host")
            }
        case 14 where input.equals(field.name, "content-length"):
            let length = try contentLength(input, field.value)
            // RFC 9112 §6.3 lets a server accept equal repeats; nobody who means well sends them.
            guard framing.contentLength == nil else {
                throw HTTPFailure(400, "several Content-Length fields")
            }
            framing.contentLength = length
        case 17 where input.equals(field.name, "transfer-encoding"):
            guard !framing.hasTransferEncoding else {
                throw HTTPFailure(400, "several Transfer-Encoding fields")
            }
            framing.hasTransferEncoding = true
            // RFC 9112 §6.1 asks for 501 where the coding is unknown, §6.3 for 400 where the length
            // cannot be told; whatever is not exactly `chunked` is the second.
            guard input.equals(field.value, "chunked") else {
                throw HTTPFailure(400, "Transfer-Encoding other than chunked")
            }
            framing.isChunked = true
        case 6 where input.equals(field.name, "expect"):
            guard input.equals(field.value, "100-continue") else {
                throw HTTPFailure(417, "unknown expectation")
            }
            framing.expectsContinue = true
        case 10 where input.equals(field.name, "connection"):
            noteConnection(input, field.value, &framing)
        default: break
        }
    }

    /// Options are separated by commas and compared without case (RFC 9110 §7.6.1).
    private func noteConnection(
        _ input: Span<UInt8>, _ value: Range<Int>, _ framing: inout Framing
    ) {
        var index = value.lowerBound
        while index < value.upperBound {
            while index < value.upperBound,
                HTTPCharacters.isBlank(input[index]) || input[index] == UInt8(ascii: ",")
            {
                index += 1
            }
            let start = index
            while index < value.upperBound, !HTTPCharacters.isBlank(input[index]),
                input[index] != UInt8(ascii: ",")
            {
                index += 1
            }
            if input.equals(start..<index, "close") { framing.close = true }
            if input.equals(start..<index, "keep-alive") { framing.keepAlive = true }
        }
    }

    /// True for the names of fields that tell where a message ends or goes.
    static func framesMessages(_ input: Span<UInt8>, _ name: Range<Int>) -> Bool {
        input.equals(name, "content-length") || input.equals(name, "transfer-encoding")
            || input.equals(name, "host")
    }

    /// Digits only: no sign, no list, no white space (RFC 9110 §8.6).
    private func contentLength(
        _ input: Span<UInt8>, _ range: Range<Int>
    ) throws(HTTPFailure) -> Int {
        guard !range.isEmpty else { throw HTTPFailure(400, "malformed Content-Length") }
        var length = 0
        var isTooLarge = false
        for index in range {
            let digit = input[index] &- UInt8(ascii: "0")
            guard digit < 10 else { throw HTTPFailure(400, "malformed Content-Length") }
            let (product, overflow) = length.multipliedReportingOverflow(by: 10)
            let (sum, overflowed) = product.addingReportingOverflow(Int(digit))
            isTooLarge = isTooLarge || overflow || overflowed
            length = sum
        }
        guard !isTooLarge else {
            throw HTTPFailure(413, "Content-Length too large", limit: "body_bytes_max")
        }
        return length
    }

    static func text(_ input: Span<UInt8>, _ range: Range<Int>) -> String {
        // Bytes checked to be ASCII, which is UTF-8.
        unsafe input.extracting(range).withUnsafeBufferPointer {
            unsafe String(decoding: $0, as: UTF8.self)
        }
    }
}
