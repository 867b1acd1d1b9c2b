/// An incremental parser of HTTP/1.1 requests (RFC 9112), strict: what the RFC calls invalid is refused.
///
/// It holds no input: the caller gives the bytes it has, and keeps those that were not consumed. It is an
/// object whose state consists of single values: so reading and changing them is not checked at run time.
final class HTTPParser {
    enum Event {
        /// Nothing more can be said without more bytes.
        case needMore
        /// A head is complete; `accept(bodyLimit:)` must be called before going on.
        case head(HTTPRequestHead)
        /// The request is complete; these are its body's bytes.
        case complete([UInt8])
    }

    /// What arrives next, for timeouts.
    enum Phase {
        /// Between two requests: nothing of the next one has arrived.
        case idle
        case head
        case body
    }

    private enum State {
        case head
        case headDone(isChunked: Bool, length: Int)
        case body(remaining: Int)
        case chunkSize
        case chunkData(remaining: Int)
        case chunkEnd
        case trailers
    }

    /// May change between two requests.
    var limits: HTTPLimits
    private var state = State.head
    /// Bytes of the incomplete head that have been searched for line ends, and where its line begins.
    private var scanned = 0
    private var lineStart = 0
    private var lineCount = 0
    private var emptyLines = 0
    private var body: [UInt8] = []
    private var bodyLimit = 0
    /// Bytes spent on chunk extensions and trailers, bounded like a head, and the trailers' number.
    private var overhead = 0
    private var trailerCount = 0

    /// RFC 9112 §2.2 asks to ignore at least one empty line before a request; endless ones would
    /// keep a connection for nothing.
    private static let emptyLinesMax = 4

    init(limits: HTTPLimits) { self.limits = limits }

    var phase: Phase {
        guard case .head = state else { return .body }
        // RFC 9112 §2.2: empty lines are ignored, and so begin nothing.
        return scanned == 0 ? .idle : .head
    }

    /// True between two requests, when nothing of the next one has arrived.
    var isIdle: Bool { phase == .idle }

    /// Bytes of the body that have arrived.
    var bodyBytesReceived: Int { body.count }
    /// Bytes that the body holds in memory.
    var bodyBytesHeld: Int { body.capacity }

    /// Gives back the memory of a body that is not read on.
    func dropBody() { body = [] }

    /// Allows the body of the head just given, up to `bodyLimit` bytes.
    func accept(bodyLimit: Int) throws(HTTPFailure) {
        guard case .headDone(let isChunked, let length) = state else { return }
        self.bodyLimit = max(0, min(bodyLimit, limits.bodyBytesMax))
        (overhead, trailerCount) = (0, 0)
        if isChunked {
            state = .chunkSize
        } else {
            guard length <= self.bodyLimit else {
                throw HTTPFailure(413, "body too large", limit: "body_bytes_max")
            }
            state = .body(remaining: length)
        }
    }

    /// Takes what it can from `input`, counts it in `consumed`, and says what came of it.
    func next(
        _ input: Span<UInt8>, consumed: inout Int
    ) throws(HTTPFailure) -> Event {
        while true {
            switch state {
            case .head:
                return try scanHead(input, consumed: &consumed)
            case .headDone:
                return .needMore
            case .body(let remaining):
                let count = min(remaining, input.count - consumed)
                if count == remaining, body.isEmpty {
                    return finish(whole: input, &consumed, count)
                }
                append(input, consumed, count, of: body.count + remaining)
                consumed += count
                if count < remaining {
                    state = .body(remaining: remaining - count)
                    return .needMore
                }
                return finish()
            case .chunkSize:
                guard let line = try nextLine(input, &consumed) else { return .needMore }
                let (size, extensionBytes) = try HTTPChunks.size(input, line)
                try spend(extensionBytes)
                guard size <= bodyLimit - body.count else {
                    throw HTTPFailure(413, "body too large", limit: "body_bytes_max")
                }
                state = size == 0 ? .trailers : .chunkData(remaining: size)
            case .chunkData(let remaining):
                let count = min(remaining, input.count - consumed)
                append(input, consumed, count)
                consumed += count
                state = count == remaining ? .chunkEnd : .chunkData(remaining: remaining - count)
                if count < remaining { return .needMore }
            case .chunkEnd:
                guard try chunkEnded(input, &consumed) else { return .needMore }
                state = .chunkSize
            case .trailers:
                guard let line = try nextLine(input, &consumed) else { return .needMore }
                if line.isEmpty { return finish() }
                // RFC 9110 §6.5.1: trailers may be ignored; a malformed one may not.
                try spend(line.count)
                trailerCount += 1
                guard trailerCount <= limits.headerCountMax else {
                    throw HTTPFailure(431, "too many trailers", limit: "header_count_max")
                }
                var index = line.lowerBound
                let field = try HTTPHeadParser.trailerLine(
                    input.extracting(..<(line.upperBound + 2)), &index)
                // RFC 9110 §6.5.1: no sender may put these there, and not every reader ignores them.
                guard !HTTPHeadParser.framesMessages(input, field.name) else {
                    throw HTTPFailure(400, "framing in a trailer")
                }
            }
        }
    }

    /// Ends a body that has come at once.
    private func finish(
        whole input: Span<UInt8>, _ consumed: inout Int, _ count: Int
    ) -> Event {
        let range = consumed..<consumed + count
        consumed = range.upperBound
        state = .head
        // The span's own bounds check has passed when the pointer is taken.
        return unsafe .complete(
            input.extracting(range).withUnsafeBufferPointer { unsafe [UInt8]($0) })
    }

    private func finish() -> Event {
        state = .head
        return .complete(body.take())
    }

    /// A body of so many bytes has its room at once and is copied once. A larger one grows with what has
    /// arrived, never beyond what was announced: else a byte would hold the memory of a megabyte.
    private static let reservedBytesMax = 16 << 10

    /// - Parameter length: that of the whole body, if it was announced.
    private func append(_ input: Span<UInt8>, _ start: Int, _ count: Int, of length: Int? = nil) {
        guard count > 0 else { return }
        var body = self.body.take()
        let needed = body.count + count
        if let length, needed > body.capacity {
            body.reserveCapacity(min(length, max(Self.reservedBytesMax, 2 * needed)))
        }
        // The span's own bounds check has passed when the pointer is taken.
        unsafe input.extracting(start..<start + count).withUnsafeBufferPointer {
            unsafe body.append(contentsOf: $0)
        }
        self.body = body
    }

    /// The line end after a chunk's data; false when it has not arrived whole.
    private func chunkEnded(
        _ input: Span<UInt8>, _ consumed: inout Int
    ) throws(HTTPFailure) -> Bool {
        let available = input.count - consumed
        guard available < 1 || input[consumed] == 0x0D,
            available < 2 || input[consumed + 1] == 0x0A
        else { throw HTTPFailure(400, "no line end after a chunk") }
        guard available >= 2 else { return false }
        consumed += 2
        return true
    }

    private func spend(_ bytes: Int) throws(HTTPFailure) {
        overhead += bytes
        guard overhead <= limits.headerBytesMax else {
            throw HTTPFailure(
                431, "chunk extensions or trailers too large", limit: "header_bytes_max")
        }
    }

    /// The next line of chunk framing or trailers without its CRLF, consumed; nil when it has not
    /// arrived whole.
    private func nextLine(
        _ input: Span<UInt8>, _ consumed: inout Int
    ) throws(HTTPFailure) -> Range<Int>? {
        guard let end = input.firstIndex(of: 0x0A, from: consumed) else {
            guard input.count - consumed <= limits.headerBytesMax else {
                throw HTTPFailure(
                    431, "chunk extensions or trailers too large", limit: "header_bytes_max")
            }
            return nil
        }
        guard end > consumed, input[end - 1] == 0x0D else {
            throw HTTPFailure(400, "bare line feed")
        }
        let line = consumed..<end - 1
        consumed = end + 1
        return line
    }

    /// Searches for the empty line that ends the head; checks limits as bytes arrive, so that neither
    /// an endless line nor endless lines are waited for.
    private func scanHead(
        _ input: Span<UInt8>, consumed: inout Int
    ) throws(HTTPFailure) -> Event {
        var start = consumed
        if lineCount == 0 { try Self.checkFirstByte(input, start) }
        while let feed = input.firstIndex(of: 0x0A, from: start + scanned) {
            let line = start + lineStart
            guard feed > line, input[feed - 1] == 0x0D else {
                throw HTTPFailure(400, "bare line feed")
            }
            let isEmpty = feed - 1 == line
            guard isEmpty || input[line] != 0x0D else {
                throw HTTPFailure(400, "bare carriage return")
            }
            let next = feed + 1
            if lineCount == 0 {
                if isEmpty {
                    emptyLines += 1
                    guard emptyLines <= Self.emptyLinesMax else {
                        throw HTTPFailure(400, "empty lines instead of a request")
                    }
                    (consumed, start, scanned) = (next, next, 0)
                    try Self.checkFirstByte(input, start)
                    continue
                }
                guard feed - 1 - start <= limits.requestLineBytesMax else {
                    throw HTTPFailure(414, "request line too long", limit: "request_line_bytes_max")
                }
            }
            guard next - start <= limits.headerBytesMax else {
                throw HTTPFailure(431, "head too large", limit: "header_bytes_max")
            }
            if isEmpty { return try readHead(input, start..<next, &consumed) }
            lineCount += 1
            (scanned, lineStart) = (next - start, next - start)
            guard lineCount <= limits.headerCountMax + 1 else {
                throw HTTPFailure(431, "too many field lines", limit: "header_count_max")
            }
        }
        scanned = input.count - start
        if lineCount == 0, scanned > limits.requestLineBytesMax + 1 {
            throw HTTPFailure(414, "request line too long", limit: "request_line_bytes_max")
        }
        if scanned >= limits.headerBytesMax {
            throw HTTPFailure(431, "head too large", limit: "header_bytes_max")
        }
        return .needMore
    }

    private func readHead(
        _ input: Span<UInt8>, _ range: Range<Int>, _ consumed: inout Int
    ) throws(HTTPFailure) -> Event {
        let head = try HTTPHeadParser(lineCountMax: limits.headerCountMax)
            .parse(input.extracting(range))
        consumed = range.upperBound
        (scanned, lineStart, lineCount, emptyLines) = (0, 0, 0, 0)
        state = .headDone(isChunked: head.isChunked, length: head.contentLength ?? 0)
        return .head(head)
    }

    /// What cannot become a request (a TLS handshake on a plain port) is refused by its first byte,
    /// not after the timeout.
    private static func checkFirstByte(
        _ input: Span<UInt8>, _ start: Int
    ) throws(HTTPFailure) {
        guard start < input.count else { return }
        let first = input[start]
        guard HTTPCharacters.isToken(first) || first == 0x0D else {
            throw HTTPFailure(400, "malformed method")
        }
    }
}
