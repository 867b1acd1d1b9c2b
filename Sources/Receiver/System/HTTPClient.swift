import Glibc

/// Sends one HTTP request, for `postern send`, `replay --to` and `work --url`: http over a plain socket,
/// https with libcurl.
package struct HTTPClient: Sendable {
    /// Waits for each read and write.
    package var timeoutMilliseconds = 30_000
    /// The largest answer.
    package var answerBytesMax = 16 << 20
    /// A file of certificates to trust instead of the system's, for https.
    package var certificateAuthorities: String?

    package init() {}

    /// An answer.
    package struct Answer: Sendable {
        package let status: Int
        package let fields: [(name: String, value: String)]
        package let body: [UInt8]

        package func first(_ name: String) -> String? {
            fields.first { $0.name.lowercased() == name }?.value
        }
    }

    /// Why there is no answer.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String
        init(_ description: String) { self.description = description }
    }

    /// Sends a request and reads its answer.
    package func send(
        method: String, url: String, fields: [(String, String)], body: [UInt8]
    ) throws(Failure) -> Answer {
        if url.lowercased().hasPrefix("https://") {
            return try sendSecurely(method: method, url: url, fields: fields, body: body)
        }
        let target = try Target(url)
        let descriptor = try connect(target)
        defer { close(descriptor) }
        var head = "\(method) \(target.path) HTTP/1.1\r\nHost: \(target.authority)\r\n"
        for (name, value) in fields {
            guard !(name + value).utf8.contains(where: { $0 == 0x0D || $0 == 0x0A || $0 == 0 })
            else { throw Failure("the header \(name) holds a line break") }
            head += "\(name): \(value)\r\n"
        }
        head += "Content-Length: \(body.count)\r\nConnection: close\r\n\r\n"
        // A server that answers early closes its end; what it said is still there to be read.
        _ = sendAll(Array(head.utf8) + body, descriptor)
        return try readAnswer(descriptor, method)
    }

    /// Why a URL cannot be sent to; nil when it can.
    static func problem(with url: String) -> String? {
        if url.lowercased().hasPrefix("https://") {
            return CurlFetcher.Origin(url) == nil ? "\"\(url)\" is no URL" : nil
        }
        do throws(Failure) { _ = try Target(url) } catch { return error.description }
        return nil
    }

    /// A URL taken apart.
    struct Target {
        let host: String
        let port: String
        let authority: String
        let path: String

        init(_ url: String) throws(Failure) {
            guard url.hasPrefix("http://") else {
                throw Failure("\"\(url)\": write http://HOST/PATH or https://HOST/PATH")
            }
            let rest = url.dropFirst(7)
            let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            authority = String(rest[..<end])
            let tail = String(rest[end...])
            path = tail.hasPrefix("/") ? tail : "/" + tail
            let colon = authority.lastIndex(of: ":")
            let bracket = authority.lastIndex(of: "]")
            if let colon, bracket.map({ $0 < colon }) ?? true {
                host = String(authority[..<colon].drop { $0 == "[" }.filter { $0 != "]" })
                port = String(authority[authority.index(after: colon)...])
            } else {
                host = authority.filter { $0 != "[" && $0 != "]" }
                port = "80"
            }
            guard !host.isEmpty, UInt16(port) != nil,
                !path.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F })
            else { throw Failure("\"\(url)\" is no URL; write http://HOST:PORT/PATH") }
        }
    }

    private func connect(_ target: Target) throws(Failure) -> Int32 {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        // unsafe: the list is released below; each entry is read while it lives.
        let code = unsafe getaddrinfo(target.host, target.port, &hints, &list)
        guard code == 0 else {
            throw Failure(unsafe "\(target.host): \(String(cString: gai_strerror(code)))")
        }
        defer { unsafe freeaddrinfo(list) }
        var failure: Int32 = ECONNREFUSED
        var next = unsafe list
        while let entry = unsafe next {
            let address = unsafe entry.pointee
            let descriptor = unsafe socket(
                address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue),
                address.ai_protocol)
            if descriptor >= 0 {
                var wait = timeval(
                    tv_sec: timeoutMilliseconds / 1000, tv_usec: timeoutMilliseconds % 1000 * 1000)
                let size = socklen_t(MemoryLayout<timeval>.size)
                unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, size)
                unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, size)
                if unsafe Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 {
                    return descriptor
                }
                failure = errno
                close(descriptor)
            }
            unsafe next = address.ai_next
        }
        throw Failure("connecting to \(target.authority): \(SystemText.error(failure))")
    }

    private func sendAll(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        var start = 0
        while start < bytes.count {
            // unsafe: lends the rest of the array for the call.
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(
                    descriptor, $0.baseAddress?.advanced(by: start), bytes.count - start,
                    Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            start += count
        }
        return true
    }

    private func readAnswer(_ descriptor: Int32, _ method: String) throws(Failure) -> Answer {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try FileSystem.read(descriptor, "the answer", maximum: answerBytesMax)
        } catch {
            throw Failure(
                error.code == EAGAIN
                    ? "no answer within \(timeoutMilliseconds / 1000) s" : "\(error)")
        }
        guard let answer = Self.parse(bytes, method) else {
            throw Failure(
                bytes.isEmpty ? "the connection was closed without an answer" : "not an HTTP answer"
            )
        }
        return answer
    }

    /// An answer that ends with the connection; interim 1xx answers are skipped.
    static func parse(_ bytes: [UInt8], _ method: String = "POST") -> Answer? {
        var rest = bytes[...]
        while true {
            guard let end = headEnd(rest) else { return nil }
            let lines = String(decoding: rest[..<end], as: UTF8.self).split(separator: "\r\n")
            rest = rest[(end + 4)...]
            guard let first = lines.first, first.hasPrefix("HTTP/1."),
                let status = first.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
            else { return nil }
            if (100..<200).contains(status) { continue }
            let fields = lines.dropFirst().map { line in
                let name = line.prefix { $0 != ":" }
                let value = line.dropFirst(name.count + 1)
                return (name: String(name), value: trimmed(value))
            }
            let answer = Answer(status: status, fields: fields, body: [])
            var body = Array(rest)
            if answer.first("transfer-encoding")?.lowercased() == "chunked" {
                guard let joined = dechunked(rest) else { return nil }
                body = joined
            } else if let length = answer.first("content-length").flatMap({ Int($0) }) {
                guard method == "HEAD" || body.count >= length else { return nil }
                body = Array(body.prefix(length))
            }
            return Answer(status: status, fields: fields, body: body)
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " || $0 == "\t" })
    }

    private static func headEnd(_ bytes: ArraySlice<UInt8>) -> Int? {
        let mark: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A]
        guard bytes.count >= 4 else { return nil }
        return (bytes.startIndex...(bytes.endIndex - 4)).first {
            bytes[$0..<($0 + 4)].elementsEqual(mark)
        }
    }

    private static func dechunked(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        var rest = bytes
        var body: [UInt8] = []
        while let lineEnd = rest.firstIndex(of: 0x0D) {
            let digits = rest[..<lineEnd].prefix { $0 != UInt8(ascii: ";") }
            guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0,
                lineEnd + 2 <= rest.endIndex
            else { return nil }
            rest = rest[(lineEnd + 2)...]
            if size == 0 { return body }
            guard rest.count >= size + 2 else { return nil }
            body += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        return nil
    }
}
