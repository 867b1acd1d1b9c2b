/// Checks and reads a complete head, from the request line to the empty line (RFC 9112 §3–§6).
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
        let requestLine = line(input, &index)
        let (method, target, minor) = try parseRequestLine(input, requestLine)
        var lines: [HTTPFields.Line] = []
        lines.reserveCapacity(16)
        var framing = Framing()
        while true {
            let range = line(input, &index)
            if range.isEmpty { break }
            let field = try Self.fieldLine(input, range)
            guard lines.count < limits.headerCountMax else {
                throw HTTPFailure(431, "too many field lines")
            }
            lines.append(field)
            try note(field, input, minor, &framing)
        }
        // RFC 9112 §3.2: exactly one valid Host with HTTP/1.1.
        guard framing.hosts == 1 || (minor == 0 && framing.hosts == 0) else {
            throw HTTPFailure(400, framing.hosts == 0 ? "no Host" : "several Host fields")
        }
        if framing.hasTransferEncoding {
            // RFC 9112 §6.3: both framings in one message are how requests are smuggled.
            guard framing.contentLength == nil else {
                throw HTTPFailure(400, "both Transfer-Encoding and Content-Length")
            }
            guard minor == 1 else { throw HTTPFailure(400, "Transfer-Encoding with HTTP/1.0") }
        }
        let bytes = unsafe input.withUnsafeBufferPointer { unsafe [UInt8]($0) }
        return HTTPRequestHead(
            method: method, target: target, versionMinor: minor,
            fields: HTTPFields(bytes: bytes, lines: lines),
            contentLength: framing.contentLength, isChunked: framing.isChunked,
            expectsContinue: framing.expectsContinue && minor == 1,
            keepAlive: framing.close ? false : minor == 1 || framing.keepAlive)
    }

    /// The next line without its CRLF; the caller has found a CRLF at the end of every line.
    private func line(_ input: Span<UInt8>, _ index: inout Int) -> Range<Int> {
        let start = index
        while index < input.count, input[index] != 0x0A { index += 1 }
        defer { index += 1 }
        return start..<max(start, index - 1)
    }

    /// `method SP request-target SP HTTP-version`, each separated by exactly one space.
    private func parseRequestLine(
        _ input: Span<UInt8>, _ line: Range<Int>
    ) throws(HTTPFailure) -> (method: String, target: String, minor: Int) {
        var index = line.lowerBound
        while index < line.upperBound, HTTPCharacters.isToken(input[index]) { index += 1 }
        let method = line.lowerBound..<index
        guard !method.isEmpty, method.count <= 32, index < line.upperBound, input[index] == 0x20
        else { throw HTTPFailure(400, "malformed method") }
        index += 1
        let targetStart = index
        while index < line.upperBound, HTTPCharacters.isVisible(input[index]) { index += 1 }
        let target = targetStart..<index
        guard !target.isEmpty, index < line.upperBound, input[index] == 0x20 else {
            throw HTTPFailure(400, "malformed request target")
        }
        let version = text(input, index + 1..<line.upperBound)
        guard version.utf8.count == 8, version.hasPrefix("HTTP/"),
            let digits = Self.versionDigits(version)
        else { throw HTTPFailure(400, "malformed version") }
        guard digits.major == 1 else { throw HTTPFailure(505, "version \(version)") }
        let methodText = text(input, method)
        let targetText = text(input, target)
        try check(target: targetText, method: methodText)
        return (methodText, targetText, min(digits.minor, 1))
    }

    private static func versionDigits(_ version: String) -> (major: Int, minor: Int)? {
        let bytes = Array(version.utf8)
        let (major, minor) = (bytes[5] &- UInt8(ascii: "0"), bytes[7] &- UInt8(ascii: "0"))
        guard major < 10, minor < 10, bytes[6] == UInt8(ascii: ".") else { return nil }
        return (Int(major), Int(minor))
    }

    /// RFC 9112 §3.2: origin-form, absolute-form of http or https, `*` for OPTIONS alone. A receiver is
    /// no proxy: CONNECT's authority-form is refused. A fragment is never sent.
    private func check(target: String, method: String) throws(HTTPFailure) {
        guard !target.utf8.contains(UInt8(ascii: "#")) else {
            throw HTTPFailure(400, "fragment in the request target")
        }
        if method == "CONNECT" { throw HTTPFailure(501, "CONNECT") }
        if target.hasPrefix("/") { return }
        if target == "*" {
            guard method == "OPTIONS" else { throw HTTPFailure(400, "asterisk-form") }
            return
        }
        let lower = target.prefix(8).lowercased()
        let schemeLength = lower.hasPrefix("http://") ? 7 : lower == "https://" ? 8 : 0
        let authority = target.dropFirst(schemeLength).prefix { $0 != "/" && $0 != "?" }
        guard schemeLength > 0, Self.isHost(authority.utf8), !authority.isEmpty else {
            throw HTTPFailure(400, "malformed request target")
        }
    }

    /// `field-name ":" OWS field-value OWS` (RFC 9112 §5): no space before the colon, no folded line.
    static func fieldLine(
        _ input: Span<UInt8>, _ line: Range<Int>
    ) throws(HTTPFailure) -> HTTPFields.Line {
        var index = line.lowerBound
        while index < line.upperBound, HTTPCharacters.isToken(input[index]) { index += 1 }
        let nameEnd = index
        guard nameEnd > line.lowerBound else {
            throw HTTPFailure(400, "malformed or folded field line")
        }
        guard index < line.upperBound, input[index] == UInt8(ascii: ":") else {
            throw HTTPFailure(400, "malformed field name")
        }
        var start = index + 1
        var end = line.upperBound
        while start < end, input[start] == 0x20 || input[start] == 0x09 { start += 1 }
        while end > start, input[end - 1] == 0x20 || input[end - 1] == 0x09 { end -= 1 }
        for position in start..<end where !HTTPCharacters.isFieldValue(input[position]) {
            throw HTTPFailure(400, "control character in a field value")
        }
        return HTTPFields.Line(
            nameStart: UInt32(truncatingIfNeeded: line.lowerBound),
            nameEnd: UInt32(truncatingIfNeeded: nameEnd),
            valueStart: UInt32(truncatingIfNeeded: start),
            valueEnd: UInt32(truncatingIfNeeded: end))
    }

    /// Reads the fields that decide where the message ends and what becomes of the connection.
    private func note(
        _ field: HTTPFields.Line, _ input: Span<UInt8>, _ minor: Int, _ framing: inout Framing
    ) throws(HTTPFailure) {
        switch field.name.count {
        case 4 where isNamed(field, "host", input):
            framing.hosts += 1
            guard Self.isHost(text(input, field.value).utf8) else {
                throw HTTPFailure(400, "malformed Host")
            }
        case 14 where isNamed(field, "content-length", input):
            let length = try contentLength(input, field.value)
            // RFC 9112 §6.3 lets a server accept equal repeats; nobody who means well sends them.
            guard framing.contentLength == nil else {
                throw HTTPFailure(400, "several Content-Length fields")
            }
            framing.contentLength = length
        case 17 where isNamed(field, "transfer-encoding", input):
            guard !framing.hasTransferEncoding else {
                throw HTTPFailure(400, "several Transfer-Encoding fields")
            }
            framing.hasTransferEncoding = true
            guard text(input, field.value).lowercased() == "chunked" else {
                throw HTTPFailure(400, "Transfer-Encoding other than chunked")
            }
            framing.isChunked = true
        case 6 where isNamed(field, "expect", input):
            guard text(input, field.value).lowercased() == "100-continue" else {
                throw HTTPFailure(417, "unknown expectation")
            }
            framing.expectsContinue = true
        case 10 where isNamed(field, "connection", input):
            for option in text(input, field.value).lowercased().split(separator: ",") {
                let name = option.filter { $0 != " " && $0 != "\t" }
                if name == "close" { framing.close = true }
                if name == "keep-alive" { framing.keepAlive = true }
            }
        default: break
        }
    }

    private func isNamed(
        _ field: HTTPFields.Line, _ name: StaticString, _ input: Span<UInt8>
    ) -> Bool {
        for (offset, index) in field.name.enumerated() {
            let expected = unsafe name.utf8Start[offset]
            if asciiLowercased(input[index]) != expected { return false }
        }
        return true
    }

    private func contentLength(
        _ input: Span<UInt8>, _ range: Range<Int>
    ) throws(HTTPFailure) -> Int {
        guard !range.isEmpty else { throw HTTPFailure(400, "malformed Content-Length") }
        var length = 0
        for index in range {
            let digit = input[index] &- UInt8(ascii: "0")
            guard digit < 10 else { throw HTTPFailure(400, "malformed Content-Length") }
            let (product, overflow) = length.multipliedReportingOverflow(by: 10)
            let (sum, overflowed) = product.addingReportingOverflow(Int(digit))
            guard !overflow, !overflowed else { throw HTTPFailure(413, "Content-Length too large") }
            length = sum
        }
        return length
    }

    /// `uri-host [":" port]` (RFC 3986 §3.2.2), by its characters: no user part, no white space, no
    /// second host. An empty one is allowed (RFC 9112 §3.2).
    private static func isHost(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.allSatisfy { byte in
            HTTPCharacters.isToken(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "[")
                || byte == UInt8(ascii: "]")
        }
    }

    private func text(_ input: Span<UInt8>, _ range: Range<Int>) -> String {
        unsafe input.extracting(range).withUnsafeBufferPointer {
            unsafe String(decoding: $0, as: UTF8.self)
        }
    }
}
