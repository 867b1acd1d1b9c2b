/// One client's connection: what it has sent that is not parsed yet, the requests under way, and the
/// answers that wait for their turn. Touched by its loop's thread alone.
final class Connection {
    /// A request whose answer has not left yet.
    struct InFlight {
        let sequence: UInt64
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
    var parser: HTTPParser
    var input: [UInt8] = []
    /// Answers that the socket did not take at once.
    var output: [UInt8] = [] {
        didSet { outputCount = output.count }
    }
    // Asked often, and unlike the arrays they cost no check at run time that nobody changes them.
    private var outputCount = 0
    private(set) var inFlightCount = 0
    var inFlight: [InFlight] = []
    var nextSequence: UInt64 = 0
    /// Its loop has closed it.
    var isClosed = false
    /// An answer that the head alone decided, given when the empty body is complete.
    var immediate: HTTPResponse?
    var currentHead: HTTPRequestHead?
    /// No further request is read: the last answer closes the connection.
    var isLast = false
    /// The peer has sent its end.
    var peerEnded = false
    var waiting = Waiting.request
    /// Tells two waits of one kind apart: each request has a time of its own.
    var waitingMark: UInt64 = 0
    var waitingSince: UInt64 = 0
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

    var slot: Int { Int(id & 0xFFFF_FFFF) }
    var hasOutput: Bool { outputCount > 0 }

    /// True when nothing is under way and nothing has begun.
    var isIdle: Bool { inFlightCount == 0 && !hasOutput && parser.isIdle && input.isEmpty }

    /// True when more requests may be read.
    func mayRead(_ limits: HTTPLimits) -> Bool {
        !isLast && inFlightCount < limits.pipelinedRequestsMax
            && outputCount < limits.writeBufferBytesMax
    }

    /// What the peer, or the handler, is waited for now; lingering is decided elsewhere.
    func wanted(_ limits: HTTPLimits) -> Waiting {
        if let layers, !layers.isReady { return .handshake }
        if hasOutput { return .write }
        guard mayRead(limits) else { return .handler }
        switch parser.phase {
        case .idle: return inFlightCount == 0 ? .request : .handler
        case .head: return .head
        case .body: return .body
        }
    }

    /// Puts the answer to its request; false when there is none that waits for it.
    func setResponse(_ sequence: UInt64, _ response: HTTPResponse) -> Bool {
        guard let first = inFlight.first?.sequence, sequence >= first else { return false }
        let place = Int(sequence - first)
        guard place < inFlight.count, inFlight[place].response == nil else { return false }
        inFlight[place].response = response
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
        while count < inFlight.count, !closes, let response = inFlight[count].response {
            let request = inFlight[count]
            count += 1
            closes =
                request.persistence == .close || response.closesConnection
                || (closesAfterLast && count == inFlight.count)
            response.serialize(
                into: &out, closes ? .close : request.persistence, withoutBody: request.isHEAD,
                date: date)
        }
        if closes || count == inFlight.count {
            // RFC 9112 §9.6: what was pipelined behind a closing answer is not answered.
            count = inFlight.count
            inFlight.removeAll(keepingCapacity: true)
            inFlightCount = 0
        } else if count > 0 {
            inFlight.removeFirst(count)
            inFlightCount -= count
        }
        return (count, closes)
    }

    /// Notes a request that has arrived; gives its sequence number.
    func begin(
        isHEAD: Bool, _ persistence: HTTPResponse.Persistence, response: HTTPResponse? = nil
    ) -> UInt64 {
        let sequence = nextSequence
        nextSequence += 1
        inFlight.append(
            InFlight(
                sequence: sequence, isHEAD: isHEAD, persistence: persistence, response: response))
        inFlightCount += 1
        return sequence
    }
}
