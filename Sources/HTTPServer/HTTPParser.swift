/// An incremental parser of HTTP/1.1 requests (RFC 9112), strict: what the RFC calls invalid is refused.
///
/// It holds no input: the caller gives the bytes it has, and keeps those that were not consumed.
struct HTTPParser {
    enum Event {
        /// Nothing more can be said without more bytes.
        case needMore
        /// A head is complete; `accept(bodyLimit:)` must be called before going on when a body follows.
        case head(HTTPRequestHead)
        /// The request is complete; these are its body's bytes.
        case complete([UInt8])
    }

    enum State: Equatable {
        case head
        case headDone
        case body(remaining: Int)
        case chunkSize
        case chunkData(remaining: Int)
        case chunkEnd
        case trailers
    }

    let limits: HTTPLimits
    private(set) var state = State.head
    /// Bytes of the incomplete head that have been searched for line ends, and where its line begins.
    private var scanned = 0
    private var lineStart = 0
    private var lineCount = 0
    private var current: HTTPRequestHead?
    private var body: [UInt8] = []
    private var bodyLimit = 0
    /// Bytes spent on chunk extensions and trailers, bounded like a head.
    private var overhead = 0

    init(limits: HTTPLimits) { self.limits = limits }

    /// True between two requests, when nothing of the next one has arrived.
    var isIdle: Bool { state == .head && scanned == 0 }

    /// Allows the body of the head just given, up to `bodyLimit` bytes.
    mutating func accept(bodyLimit: Int) throws(HTTPFailure) {
        self.bodyLimit = min(bodyLimit, limits.bodyBytesMax)
        guard let head = current else { return }
        body = []
        overhead = 0
        if head.isChunked {
            state = .chunkSize
        } else {
            let length = head.contentLength ?? 0
            guard length <= self.bodyLimit else { throw HTTPFailure(413, "body too large") }
            body.reserveCapacity(length)
            state = .body(remaining: length)
        }
    }

    /// Takes what it can from `input`, counts it in `consumed`, and says what came of it.
    mutating func next(
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
                append(input, consumed, count)
                consumed += count
                if count < remaining {
                    state = .body(remaining: remaining - count)
                    return .needMore
                }
                return finish()
            case .chunkSize:
                guard let line = try nextLine(input, &consumed) else { return .needMore }
                let size = try HTTPChunks.size(input, line)
                guard size <= bodyLimit - body.count else {
                    throw HTTPFailure(413, "body too large")
                }
                state = size == 0 ? .trailers : .chunkData(remaining: size)
            case .chunkData(let remaining):
                let count = min(remaining, input.count - consumed)
                append(input, consumed, count)
                consumed += count
                state = count == remaining ? .chunkEnd : .chunkData(remaining: remaining - count)
                if count < remaining { return .needMore }
            case .chunkEnd:
                guard input.count - consumed >= 2 else {
                    if input.count > consumed, input[consumed] != 0x0D {
                        throw HTTPFailure(400, "no line end after a chunk")
                    }
                    return .needMore
                }
                guard input[consumed] == 0x0D, input[consumed + 1] == 0x0A else {
                    throw HTTPFailure(400, "no line end after a chunk")
                }
                consumed += 2
                state = .chunkSize
            case .trailers:
                guard let line = try nextLine(input, &consumed) else { return .needMore }
                if line.isEmpty { return finish() }
                // RFC 9110 §6.5.1: trailers may be ignored; a malformed one may not.
                _ = try HTTPHeadParser.fieldLine(input, line)
            }
        }
    }

    private mutating func finish() -> Event {
        let bytes = body
        body = []
        current = nil
        state = .head
        return .complete(bytes)
    }

    private mutating func append(_ input: Span<UInt8>, _ start: Int, _ count: Int) {
        guard count > 0 else { return }
        unsafe input.extracting(start..<start + count).withUnsafeBufferPointer {
            unsafe body.append(contentsOf: $0)
        }
    }

    /// The next line of chunk framing or trailers without its CRLF, consumed; nil when it has not
    /// arrived whole. Lines are bounded together by `headerBytesMax`.
    private mutating func nextLine(
        _ input: Span<UInt8>, _ consumed: inout Int
    ) throws(HTTPFailure) -> Range<Int>? {
        var index = consumed
        while index < input.count, input[index] != 0x0A { index += 1 }
        guard index - consumed + overhead <= limits.headerBytesMax else {
            throw HTTPFailure(431, "chunk framing or trailers too large")
        }
        guard index < input.count else { return nil }
        guard index > consumed, input[index - 1] == 0x0D else {
            throw HTTPFailure(400, "bare line feed")
        }
        let line = consumed..<index - 1
        overhead += index + 1 - consumed
        consumed = index + 1
        return line
    }

    /// Searches for the empty line that ends the head; checks limits as bytes arrive, so that neither
    /// an endless line nor endless lines are waited for.
    private mutating func scanHead(
        _ input: Span<UInt8>, consumed: inout Int
    ) throws(HTTPFailure) -> Event {
        var start = consumed
        var index = start + scanned
        while index < input.count {
            if input[index] != 0x0A {
                index += 1
                continue
            }
            guard index > start + lineStart, input[index - 1] == 0x0D else {
                throw HTTPFailure(400, "bare line feed")
            }
            let isEmpty = index - 1 == start + lineStart
            if lineCount == 0, index - 1 - start > limits.requestLineBytesMax {
                throw HTTPFailure(414, "request line too long")
            }
            index += 1
            guard index - start <= limits.headerBytesMax else {
                throw HTTPFailure(431, "head too large")
            }
            if isEmpty, lineCount == 0 {
                // RFC 9112 §2.2: an empty line before the request line is ignored.
                consumed = index
                start = index
                continue
            }
            if isEmpty {
                let head = try HTTPHeadParser(limits: limits).parse(
                    input.extracting(start..<index))
                consumed = index
                (scanned, lineStart, lineCount) = (0, 0, 0)
                current = head
                state = .headDone
                return .head(head)
            }
            lineCount += 1
            lineStart = index - start
            if lineCount > limits.headerCountMax + 1 {
                throw HTTPFailure(431, "too many field lines")
            }
        }
        scanned = index - start
        if lineCount == 0, scanned > limits.requestLineBytesMax + 1 {
            throw HTTPFailure(414, "request line too long")
        }
        if scanned >= limits.headerBytesMax { throw HTTPFailure(431, "head too large") }
        return .needMore
    }
}
