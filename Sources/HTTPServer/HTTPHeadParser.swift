/// Checks and reads a complete head, from the request line to the empty line (RFC 9112 §3–§6).
///
/// One pass over the bytes. The caller has found the end of the head and a CR before every LF, so
/// that every scan below stops at a CR at the latest.
struct HTTPHeadParser {
    let limits: HTTPLimits

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
        var index = 0
        let (method, target, minor) = try parseRequestLine(input, &index)
        var lines: [HTTPFields.Line] = []
        lines.reserveCapacity(16)
        var framing = Framing()
        while input[index] != 0x0D {
            let field = try Self.fieldLine(input, &index)
            guard lines.count < limits.headerCountMax else {
                throw HTTPFailure(431, "too many field lines", limit: "header_count_max")
            }
            lines.append(field)
            try note(field, input, &framing)
        }
        guard index + 2 == input.count else { throw HTTPFailure(400, "bare carriage return") }
        try check(framing, minor)
        let bytes = unsafe input.withUnsafeBufferPointer { unsafe [UInt8]($0) }
        return HTTPRequestHead(
            method: method, target: target, versionMinor: minor,
            fields: HTTPFields(bytes: bytes, lines: lines),
            contentLength: framing.contentLength, isChunked: framing.isChunked,
            expectsContinue: framing.expectsContinue && minor == 1,
            keepAlive: framing.close ? false : minor == 1 || framing.keepAlive)
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
    ) throws(HTTPFailure) -> (method: String, target: String, minor: Int) {
        while HTTPCharacters.isToken(input[index]) { index += 1 }
        let method = 0..<index
        guard !method.isEmpty, method.count <= 32, input[index] == 0x20 else {
            throw HTTPFailure(400, "malformed method")
        }
        index += 1
        let targetStart = index
        while HTTPCharacters.isVisible(input[index]) { index += 1 }
        let target = targetStart..<index
        guard !target.isEmpty, input[index] == 0x20 else {
            throw HTTPFailure(400, "malformed request target")
        }
        index += 1
        let methodText = Self.text(input, method)
        let minor = try version(input, &index)
        try HTTPTarget.check(input, target, method: methodText)
        return (methodText, Self.text(input, target), minor)
    }

    /// `HTTP/` digit `.` digit CRLF (RFC 9112 §2.3). Only 1.0 and 1.1 are spoken.
    private func version(_ input: Span<UInt8>, _ index: inout Int) throws(HTTPFailure) -> Int {
        guard input.count - index >= 10 else { throw HTTPFailure(400, "malformed version") }
        for (offset, expected) in "HTTP/".utf8.enumerated() {
            guard input[index + offset] == expected else {
                throw HTTPFailure(400, "malformed version")
            }
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

    /// `field-name ":" OWS field-value OWS CRLF` (RFC 9112 §5): no space before the colon, no folded
    /// line. `index` moves behind the line.
    static func fieldLine(
        _ input: Span<UInt8>, _ index: inout Int
    ) throws(HTTPFailure) -> HTTPFields.Line {
        let start = index
        while index < input.count, HTTPCharacters.isToken(input[index]) { index += 1 }
        let nameEnd = index
        guard nameEnd > start else { throw HTTPFailure(400, "malformed or folded field line") }
        guard index < input.count, input[index] == UInt8(ascii: ":") else {
            throw HTTPFailure(400, "malformed field name")
        }
        index += 1
        while index < input.count, HTTPCharacters.isBlank(input[index]) { index += 1 }
        let valueStart = index
        var valueEnd = index
        while index < input.count, HTTPCharacters.isFieldValue(input[index]) {
            if !HTTPCharacters.isBlank(input[index]) { valueEnd = index + 1 }
            index += 1
        }
        guard index + 1 < input.count, input[index] == 0x0D, input[index + 1] == 0x0A else {
            throw HTTPFailure(400, "control character in a field value")
        }
        index += 2
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
        case 4 where Self.equals(input, field.name, "host"):
            framing.hosts += 1
            guard HTTPTarget.isHost(input, field.value) else {
                throw HTTPFailure(400, "malformed Host")
            }
        case 14 where Self.equals(input, field.name, "content-length"):
            let length = try contentLength(input, field.value)
            // RFC 9112 §6.3 lets a server accept equal repeats; nobody who means well sends them.
            guard framing.contentLength == nil else {
                throw HTTPFailure(400, "several Content-Length fields")
            }
            framing.contentLength = length
        case 17 where Self.equals(input, field.name, "transfer-encoding"):
            guard !framing.hasTransferEncoding else {
                throw HTTPFailure(400, "several Transfer-Encoding fields")
            }
            framing.hasTransferEncoding = true
            // RFC 9112 §6.1 asks for 501 where the coding is unknown, §6.3 for 400 where the length
            // cannot be told; whatever is not exactly `chunked` is the second.
            guard Self.equals(input, field.value, "chunked") else {
                throw HTTPFailure(400, "Transfer-Encoding other than chunked")
            }
            framing.isChunked = true
        case 6 where Self.equals(input, field.name, "expect"):
            guard Self.equals(input, field.value, "100-continue") else {
                throw HTTPFailure(417, "unknown expectation")
            }
            framing.expectsContinue = true
        case 10 where Self.equals(input, field.name, "connection"):
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
            if Self.equals(input, start..<index, "close") { framing.close = true }
            if Self.equals(input, start..<index, "keep-alive") { framing.keepAlive = true }
        }
    }

    /// True for the names of fields that tell where a message ends or goes.
    static func framesMessages(_ input: Span<UInt8>, _ name: Range<Int>) -> Bool {
        equals(input, name, "content-length") || equals(input, name, "transfer-encoding")
            || equals(input, name, "host")
    }

    /// True when the bytes are `text`, which is given in lower case, in any spelling.
    private static func equals(
        _ input: Span<UInt8>, _ range: Range<Int>, _ text: StaticString
    ) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        var offset = 0
        while offset < range.count {
            // The text's own length was compared above.
            let expected = unsafe text.utf8Start[offset]
            if asciiLowercased(input[range.lowerBound + offset]) != expected { return false }
            offset += 1
        }
        return true
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

    private static func text(_ input: Span<UInt8>, _ range: Range<Int>) -> String {
        // Bytes checked to be ASCII, which is UTF-8.
        unsafe input.extracting(range).withUnsafeBufferPointer {
            unsafe String(decoding: $0, as: UTF8.self)
        }
    }
}
