import CCurl

extension HTTPClient {
    /// Gathers an answer; more than the limit ends the transfer.
    private final class Collector {
        var fields: [(name: String, value: String)] = []
        var body: [UInt8] = []
        let bytesMax: Int
        private(set) var isFull = false

        init(bytesMax: Int) { self.bytesMax = bytesMax }

        func header(_ line: String) -> Bool {
            // Interim answers come with lines of their own.
            if line.hasPrefix("HTTP/") { fields = [] }
            guard fields.count < 1000, let colon = line.firstIndex(of: ":") else {
                return fields.count < 1000
            }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            let end = value.lastIndex { !$0.isWhitespace }
            fields.append((String(line[..<colon]), end.map { String(value[...$0]) } ?? ""))
            return true
        }

        func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
            guard bytes.count <= bytesMax - body.count else {
                isFull = true
                return false
            }
            // unsafe: copies what libcurl lends for the call.
            unsafe body.append(contentsOf: bytes)
            return true
        }
    }

    /// Sends a request over TLS; certificates and names are checked, redirects are not followed.
    func sendSecurely(
        method: String, url: String, fields: [(String, String)], body: [UInt8]
    ) throws(Failure) -> Answer {
        if let problem = CurlFetcher.opened { throw Failure(problem) }
        guard CurlFetcher.Origin(url) != nil else { throw Failure("\"\(url)\" is no URL") }
        // Not sent by libcurl's own mind: a 100 to wait for, a Content-Type that nobody gave.
        var lines = ["Expect:"]
        for (name, value) in fields {
            guard !(name + value).utf8.contains(where: { $0 == 0x0D || $0 == 0x0A || $0 == 0 })
            else { throw Failure("the header \(name) holds a line break") }
            lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        if !fields.contains(where: { $0.0.lowercased() == "content-type" }) {
            lines.append("Content-Type:")
        }
        guard !method.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }), !method.isEmpty else {
            throw Failure("\"\(method)\" is no method")
        }
        let collector = Collector(bytesMax: answerBytesMax)
        var status = 0
        var message = [CChar](repeating: 0, count: 512)
        let code = perform(
            Texts(lines.map { Array($0.utf8) }), Texts([url, method].map { Array($0.utf8) }), body,
            collector, &status, &message)
        guard code == 0 else {
            throw Failure(
                collector.isFull
                    ? "the answer is longer than \(answerBytesMax) bytes"
                    : CurlFetcher.text(message))
        }
        return Answer(status: status, fields: collector.fields, body: collector.body)
    }

    private func perform(
        _ lines: Texts, _ texts: Texts, _ body: [UInt8], _ collector: Collector,
        _ status: inout Int, _ message: inout [CChar]
    ) -> Int32 {
        // unsafe: everything that the request points to, the collector too, outlives the call.
        let context = unsafe Unmanaged.passUnretained(collector).toOpaque()
        let authorities = Texts(certificateAuthorities.map { [Array($0.utf8)] } ?? [])
        let protocols = Texts([Array("https".utf8)])
        var location: [CChar] = [0]
        let messageSize = message.count
        return withExtendedLifetime((collector, lines, texts, authorities, protocols)) {
            unsafe body.withUnsafeBytes { content in
                var request = unsafe postern_curl_request()
                unsafe request.url = texts[0]
                unsafe request.method = texts[1]
                unsafe request.protocols = protocols[0]
                unsafe request.ca_file = authorities[0]
                unsafe request.timeout_ms = timeoutMilliseconds
                unsafe request.may_use_proxy = 1
                unsafe request.headers = UnsafePointer(lines.pointer)
                unsafe request.header_count = lines.count
                unsafe request.content = content.baseAddress?.assumingMemoryBound(to: CChar.self)
                unsafe request.content_length = content.count
                unsafe request.context = context
                unsafe request.header = { bytes, length, context in
                    guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
                    let line = unsafe UnsafeRawBufferPointer(start: bytes, count: length)
                    let isTaken = unsafe Unmanaged<Collector>.fromOpaque(context)
                        .takeUnretainedValue().header(String(decoding: line, as: UTF8.self))
                    return isTaken ? length : 0
                }
                unsafe request.body = { bytes, length, context in
                    guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
                    let part = unsafe UnsafeRawBufferPointer(start: bytes, count: length)
                    let isTaken = unsafe Unmanaged<Collector>.fromOpaque(context)
                        .takeUnretainedValue().take(part)
                    return isTaken ? length : 0
                }
                return unsafe postern_curl_perform(
                    &request, &status, &location, 1, &message, messageSize)
            }
        }
    }
}

/// Texts that end with NUL, and an array of pointers to them; alive as long as the object.
@safe private final class Texts {
    let count: Int
    // unsafe: owned memory, released in deinit.
    let pointer: UnsafeMutablePointer<UnsafePointer<CChar>?>

    init(_ texts: [[UInt8]]) {
        count = texts.count
        unsafe pointer = .allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() {
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: text.count + 1)
            for (offset, byte) in text.enumerated() {
                unsafe copy[offset] = CChar(bitPattern: byte)
            }
            unsafe copy[text.count] = 0
            unsafe (pointer + index).initialize(to: UnsafePointer(copy))
        }
        unsafe (pointer + texts.count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { unsafe pointer[index]?.deallocate() }
        unsafe pointer.deallocate()
    }

    /// Nil beyond the last one.
    subscript(index: Int) -> UnsafePointer<CChar>? {
        index < count ? unsafe pointer[index] : nil
    }
}
