/// One client's connection: what it has sent that is not parsed yet, the requests under way, and the
/// answers that wait for their turn. Touched by its loop's thread alone.
final class Connection {
    /// A request whose answer has not left yet.
    struct InFlight {
        let isHEAD: Bool
        let persistence: HTTPResponse.Persistence
        var response: HTTPResponse?
    }

    /// Why the connection is waited for; each has a timeout of its own.
    enum Waiting {
        case handshake
        case request
        case head
        case body
        case handler
        case write
        case linger
    }

    let fd: Int32
    /// Slot and generation; a late answer to a closed connection finds another generation.
    let id: UInt64
    /// The peer's, or the client's that a PROXY header names.
    var remoteAddress: String
    /// PROXY header and TLS; nil when bytes are HTTP's as they are.
    var layers: ConnectionLayers?
    var security: ConnectionSecurity?
    let parser: HTTPParser
    var input: [UInt8] = []
    /// Answers that the socket did not take at once.
    var output: [UInt8] = [] {
        didSet { outputCount = output.count }
    }
    // Asked often.
    private var outputCount = 0
    private(set) var inFlightCount = 0
    var inFlight: [InFlight] = []
    /// The sequence number of the next request; those under way have the numbers before it.
    var nextSequence: UInt64 = 0
    /// Its loop has closed it.
    var isClosed = false
    /// An answer that the head alone decided, given when the empty body is complete.
    var immediate: HTTPResponse?
    var currentHead: HTTPRequestHead?
    /// What the handler gave for it.
    var currentContext: (any AnyObject & Sendable)?
    /// The client is to be told to go on when the answers before have gone, unless it does so by itself.
    var owesContinue = false
    /// No further request is read: the last answer closes the connection.
    var isLast = false
    /// The peer has sent its end.
    var peerEnded = false
    var waiting = Waiting.request
    /// Tells two waits of one kind apart: each request has a time of its own.
    var waitingMark: UInt64 = 0
    var waitingSince: UInt64 = 0
    /// Until when the client must have taken more of the answers that wait; `.max` when none wait.
    private(set) var writeDeadline = UInt64.max
    /// Bytes of an incomplete body that count against the server's limit.
    var bodyBytesCounted = 0
    /// What epoll watches now.
    var watched: UInt32 = 0
    /// Which of the loop's limits the parser has.
    var limitsVersion = 0
    /// Queued for a flush in this round.
    var isTouched = false

    init(fd: Int32, id: UInt64, remoteAddress: String, limits: HTTPLimits) {
        self.fd = fd
        self.id = id
        self.remoteAddress = remoteAddress
        parser = HTTPParser(limits: limits)
    }

    // MARK: Transport

    // The only places where a connection's bytes pass.

    /// - Parameter wire: the loop's buffer for bytes that a layer has to read first.
    func receive(
        _ system: SystemCalls, into buffer: inout [UInt8], wire: inout [UInt8]
    ) -> SystemCalls.Transfer {
        guard let layers else { return system.receive(fd, into: &buffer) }
        return layers.receive(system, fd, into: &buffer, wire: &wire)
    }

    func send(_ system: SystemCalls, _ bytes: [UInt8], from start: Int) -> SystemCalls.Transfer {
        guard let layers else { return system.send(fd, bytes, from: start) }
        return layers.send(system, fd, bytes, from: start)
    }

    /// Tells the peer that nothing more comes.
    func endOutput() {
        layers?.end()
        SystemCalls.shutdownWrite(fd)
    }

    // MARK: Requests and answers

    /// That of the first request under way.
    var firstSequence: UInt64 { nextSequence &- UInt64(inFlightCount) }
    var slot: Int { Int(id & 0xFFFF_FFFF) }
    var hasOutput: Bool { outputCount > 0 }

    /// Keeps bytes that are not parsed yet.
    func append(_ bytes: ArraySlice<UInt8>) {
        var input = self.input.take()
        input.append(contentsOf: bytes)
        self.input = input
    }

    /// True when nothing is under way and nothing has begun.
    var isIdle: Bool { inFlightCount == 0 && !hasOutput && parser.isIdle && input.isEmpty }

    /// True when a head has come, and nothing of its body.
    var awaitsBody: Bool {
        !isLast && parser.phase == .body && parser.bodyBytesReceived == 0 && input.isEmpty
    }

    /// True when more requests may be read.
    func mayRead(_ limits: HTTPLimits) -> Bool {
        !isLast && inFlightCount < limits.pipelinedRequestsMax
            && outputCount < limits.writeBufferBytesMax
    }

    /// What the peer, or the handler, is waited for now; lingering is decided elsewhere. A request that
    /// has begun keeps its time whether or not the client takes its answers: for those there is
    /// `writeDeadline` besides. While nothing is read it is not the client who is late.
    @inline(__always) func wanted(_ limits: HTTPLimits) -> Waiting {
        if let layers, !layers.isReady { return .handshake }
        switch parser.phase {
        case .idle: break
        case .head where mayRead(limits): return .head
        case .body where mayRead(limits): return .body
        default: break
        }
        if hasOutput { return .write }
        return isLast || inFlightCount > 0 ? .handler : .request
    }

    /// Notes that answers wait, and how much of those that waited before the client has taken: that gives
    /// it the time that so much may take, so that it cannot hold on to them by taking byte after byte.
    func outputWaits(sent: Int, now: UInt64, _ limits: HTTPLimits) {
        let silence = now &+ UInt64(max(0, limits.writeTimeoutMilliseconds)) &* 1_000_000
        guard writeDeadline != .max else {
            writeDeadline = silence
            return
        }
        let worth = UInt64(sent) &* 1_000_000_000 / UInt64(max(1, limits.bodyBytesPerSecondMin))
        writeDeadline = min(silence, writeDeadline &+ worth)
    }

    /// Notes that the client has taken all.
    func outputHasGone() { writeDeadline = .max }

    /// Puts the answer to its request; false, and takes nothing, when there is none that waits for it.
    func take(_ response: inout HTTPResponse?, sequence: UInt64) -> Bool {
        guard sequence >= firstSequence, sequence < nextSequence else { return false }
        let place = Int(sequence - firstSequence)
        guard inFlight[place].response == nil else { return false }
        var requests = inFlight.take()
        swap(&requests[place].response, &response)
        inFlight = requests
        return true
    }

    /// Moves the answers whose turn it is to `out`; gives how many requests are done with, and whether
    /// the connection closes after them. With `closesAfterLast` the answer to the last request under
    /// way closes it.
    func takeReadyAnswers(
        into out: inout [UInt8], date: [UInt8], closesAfterLast: Bool
    ) -> (count: Int, closes: Bool) {
        var count = 0
        var closes = false
        var requests = inFlight.take()
        while count < requests.count, !closes, let response = requests[count].response.take() {
            let persistence = requests[count].persistence
            let isHEAD = requests[count].isHEAD
            count += 1
            closes =
                persistence == .close || response.closesConnection
                || (closesAfterLast && count == requests.count)
            response.serialize(
                into: &out, closes ? .close : persistence, withoutBody: isHEAD, date: date)
        }
        // RFC 9112 §9.6: what was pipelined behind a closing answer is not answered.
        if closes { count = requests.count }
        requests.removeFirst(count)
        inFlightCount = requests.count
        inFlight = requests
        return (count, closes)
    }

    /// Notes a request that has arrived; gives its sequence number.
    func begin(
        isHEAD: Bool, _ persistence: HTTPResponse.Persistence,
        response: consuming HTTPResponse? = nil
    ) -> UInt64 {
        let sequence = nextSequence
        nextSequence += 1
        var requests = inFlight.take()
        requests.append(InFlight(isHEAD: isHEAD, persistence: persistence, response: response))
        inFlight = requests
        inFlightCount += 1
        return sequence
    }
}
