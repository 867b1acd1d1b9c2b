import CCurl

/// Fetches documents over https with libcurl; every transfer is bounded in time and size.
struct CurlFetcher: Sendable {
    /// A file of certificates to trust instead of the system's.
    var certificateAuthorities: String?
    /// Lets `http://` addresses of this machine be fetched, for tests.
    var allowsLoopback = false
    /// One document, its redirects included.
    var timeoutMilliseconds = 5000
    var bytesMax = 512 << 10
    /// Redirects followed, all to the origin that was asked.
    static let redirectsMax = 3

    /// A document and how long its server lets it be kept.
    struct Document: Sendable, Equatable {
        var bytes: [UInt8]
        /// `max-age` of Cache-Control less Age, in seconds (RFC 9111 §4.2); 0 for `no-store` and
        /// `no-cache`; nil when the server does not say.
        var secondsToLive: Int?
    }

    /// Why there is no document; never holds a part of one.
    struct Failure: Error, Sendable, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    /// The document of an address. Blocks: never call it on an event loop.
    func fetch(_ address: String) throws(Failure) -> Document {
        guard let origin = Origin(address) else { throw Failure("not an https address") }
        guard origin.scheme == "https" || allowsLoopback && origin.isLoopback else {
            throw Failure("only https addresses are fetched")
        }
        if let problem = Self.opened { throw Failure(problem) }
        let end = Clock.monotonicNanoseconds &+ UInt64(timeoutMilliseconds) &* 1_000_000
        var next = address
        for _ in 0...Self.redirectsMax {
            let now = Clock.monotonicNanoseconds
            guard now < end else { throw Failure("no answer in \(timeoutMilliseconds) ms") }
            let answer = try get(next, milliseconds: Int((end - now) / 1_000_000) + 1)
            if answer.status == 200 {
                return Document(bytes: answer.collector.body, secondsToLive: answer.collector.life)
            }
            guard (300..<400).contains(answer.status), !answer.location.isEmpty else {
                throw Failure("the server answered \(answer.status)")
            }
            // Another host would decide which keys are believed.
            guard Origin(answer.location) == origin else {
                throw Failure("the server redirects to another origin")
            }
            next = answer.location
        }
        throw Failure("more than \(Self.redirectsMax) redirects")
    }

    /// Scheme, host and port of an address.
    struct Origin: Equatable {
        let scheme: String
        let host: String
        let port: String

        init?(_ address: String) {
            let lower = address.lowercased()
            guard let mark = lower.firstRange(of: "://"),
                lower.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else { return nil }
            scheme = String(lower[..<mark.lowerBound])
            guard scheme == "https" || scheme == "http" else { return nil }
            let authority = lower[mark.upperBound...].prefix { !"/?#".contains($0) }
            // User information would be a credential in a URL; a backslash is read in two ways.
            guard !authority.contains("@"), !authority.contains("\\") else { return nil }
            let bracket = authority.lastIndex(of: "]") ?? authority.startIndex
            if let colon = authority[bracket...].lastIndex(of: ":") {
                host = String(authority[..<colon])
                port = String(authority[authority.index(after: colon)...])
            } else {
                host = String(authority)
                port = scheme == "https" ? "443" : "80"
            }
            guard !host.isEmpty, UInt16(port) != nil else { return nil }
        }

        var isLoopback: Bool { host == "127.0.0.1" || host == "[::1]" || host == "localhost" }
    }

    // MARK: libcurl

    /// Opens the library once; why it cannot be used, or nil.
    static let opened: String? = {
        var message = [CChar](repeating: 0, count: 512)
        // unsafe: fills the buffer of the size given with text that ends in 0.
        let code = unsafe message.withUnsafeMutableBufferPointer {
            unsafe postern_curl_open($0.baseAddress, $0.count)
        }
        return code == 0 ? nil : "libcurl cannot be used: \(text(message))"
    }()

    static func text(_ characters: [CChar]) -> String {
        String(
            decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private struct Answer {
        let status: Int
        let location: String
        let collector: Collector
    }

    /// What the callbacks gather.
    private final class Collector {
        var body: [UInt8] = []
        /// More came than is taken.
        private(set) var isFull = false
        let bytesMax: Int
        private var maximumAge: Int?
        private var age = 0

        init(bytesMax: Int) { self.bytesMax = bytesMax }

        var life: Int? { maximumAge.map { max(0, $0 - age) } }

        func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
            // unsafe: copies what libcurl lends for the call.
            guard bytes.count <= bytesMax - body.count else {
                isFull = true
                return false
            }
            unsafe body.append(contentsOf: bytes)
            return true
        }

        func header(_ line: String) {
            let name = line.prefix { $0 != ":" }.lowercased()
            let value = line.dropFirst(name.count + 1).filter { !$0.isWhitespace }.lowercased()
            // Interim answers (1xx) come with lines of their own.
            if name.hasPrefix("http/") { (maximumAge, age) = (nil, 0) }
            if name == "age" { age = Int(value) ?? 0 }
            guard name == "cache-control" else { return }
            for directive in value.split(separator: ",") {
                if directive == "no-store" || directive == "no-cache" { maximumAge = 0 }
                if directive.hasPrefix("max-age="), maximumAge == nil {
                    maximumAge = Int(directive.dropFirst(8).filter { $0 != "\"" })
                }
            }
        }
    }

    private func get(_ address: String, milliseconds: Int) throws(Failure) -> Answer {
        let collector = Collector(bytesMax: bytesMax)
        var status = 0
        var location = [CChar](repeating: 0, count: 4096)
        var message = [CChar](repeating: 0, count: 512)
        let protocols = allowsLoopback ? "https,http" : "https"
        let code = perform(
            address, protocols, milliseconds, collector, &status, &location, &message)
        guard code == 0 else {
            throw Failure(
                collector.isFull
                    ? "the answer is longer than \(bytesMax) bytes" : Self.text(message))
        }
        return Answer(status: status, location: Self.text(location), collector: collector)
    }

    private func perform(
        _ address: String, _ protocols: String, _ milliseconds: Int, _ collector: Collector,
        _ status: inout Int, _ location: inout [CChar], _ message: inout [CChar]
    ) -> Int32 {
        // unsafe: everything that the request points to, the collector too, outlives the call.
        let context = unsafe Unmanaged.passUnretained(collector).toOpaque()
        let (locationSize, messageSize) = (location.count, message.count)
        return withExtendedLifetime(collector) {
            unsafe address.withCString { url in
                unsafe protocols.withCString { protocols in
                    unsafe withOptionalCString(certificateAuthorities) { authorities in
                        var request = unsafe postern_curl_request()
                        unsafe request.url = url
                        unsafe request.protocols = protocols
                        unsafe request.ca_file = authorities
                        unsafe request.timeout_ms = milliseconds
                        unsafe request.may_use_proxy = allowsLoopback ? 0 : 1
                        unsafe request.context = context
                        unsafe request.header = { bytes, length, context in
                            guard let bytes = unsafe bytes, let context = unsafe context else {
                                return 0
                            }
                            let line = unsafe UnsafeRawBufferPointer(start: bytes, count: length)
                            unsafe Unmanaged<Collector>.fromOpaque(context).takeUnretainedValue()
                                .header(String(decoding: line, as: UTF8.self))
                            return length
                        }
                        unsafe request.body = { bytes, length, context in
                            guard let bytes = unsafe bytes, let context = unsafe context else {
                                return 0
                            }
                            let part = unsafe UnsafeRawBufferPointer(start: bytes, count: length)
                            let isTaken = unsafe Unmanaged<Collector>.fromOpaque(context)
                                .takeUnretainedValue().take(part)
                            return isTaken ? length : 0
                        }
                        return unsafe postern_curl_perform(
                            &request, &status, &location, locationSize, &message, messageSize)
                    }
                }
            }
        }
    }

    private func withOptionalCString<Result>(
        _ text: String?, _ body: (UnsafePointer<CChar>?) -> Result
    ) -> Result {
        // unsafe: lends the text for the call.
        guard let text else { return body(nil) }
        return unsafe text.withCString { unsafe body($0) }
    }
}
