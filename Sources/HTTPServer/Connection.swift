/// One client's connection: what it has sent that is not parsed yet, the requests under way, and the
/// answers that wait for their turn. Touched by its loop's thread alone.
final class Connection {
    /// A request whose answer has not left yet.
    struct InFlight {
        let sequence: UInt64
        let isHEAD: Bool
        let keepAlive: Bool
        var response: HTTPResponse?
    }

    /// Why the connection is waited for; each has a timeout of its own.
    enum Waiting {
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
    let remoteAddress: String
    var parser: HTTPParser
    var input: [UInt8] = []
    /// Answers that the socket did not take at once.
    var output: [UInt8] = []
    var outputSent = 0
    var inFlight: [InFlight] = []
    var nextSequence: UInt64 = 0
    /// An answer that the head alone decided, given when the empty body is complete.
    var immediate: HTTPResponse?
    var currentHead: HTTPRequestHead?
    /// No further request is read: the last answer closes the connection.
    var isLast = false
    /// The peer has sent its end.
    var peerEnded = false
    var waiting = Waiting.request
    var deadline: UInt64 = 0
    /// What epoll watches now.
    var watched: UInt32 = 0
    /// Queued for a flush in this round.
    var isTouched = false

    init(fd: Int32, id: UInt64, remoteAddress: String, limits: HTTPLimits) {
        self.fd = fd
        self.id = id
        self.remoteAddress = remoteAddress
        parser = HTTPParser(limits: limits)
    }

    var hasOutput: Bool { outputSent < output.count }

    /// True when more requests may be read.
    func mayRead(_ limits: HTTPLimits) -> Bool {
        !isLast && inFlight.count < limits.pipelinedRequestsMax
            && output.count - outputSent < limits.writeBufferBytesMax
    }

    /// Puts the answer to its request; false when there is none that waits for it.
    func setResponse(_ sequence: UInt64, _ response: HTTPResponse) -> Bool {
        guard let first = inFlight.first?.sequence, sequence >= first else { return false }
        let place = Int(sequence - first)
        guard place < inFlight.count, inFlight[place].response == nil else { return false }
        inFlight[place].response = response
        return true
    }

    /// Moves the answers whose turn it is to `out`; true when the connection must close after them.
    func takeReadyAnswers(into out: inout [UInt8]) -> Bool {
        var count = 0
        var closes = false
        while count < inFlight.count, let response = inFlight[count].response, !closes {
            let request = inFlight[count]
            closes = !request.keepAlive || response.closesConnection
            response.serialize(into: &out, keepAlive: !closes, withoutBody: request.isHEAD)
            count += 1
        }
        if count == inFlight.count {
            inFlight.removeAll(keepingCapacity: true)
        } else {
            inFlight.removeFirst(count)
        }
        return closes
    }

    /// Notes a request that has arrived; gives its sequence number.
    func begin(isHEAD: Bool, keepAlive: Bool, response: HTTPResponse? = nil) -> UInt64 {
        let sequence = nextSequence
        nextSequence += 1
        inFlight.append(
            InFlight(sequence: sequence, isHEAD: isHEAD, keepAlive: keepAlive, response: response))
        return sequence
    }
}
