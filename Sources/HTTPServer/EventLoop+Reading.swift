/// What a loop reads into.
struct ReadBuffers {
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    /// Bytes below TLS; empty until there is some.
    var wire: [UInt8] = []
}

extension EventLoop {
    /// One read of a readable socket, and whatever TLS holds besides.
    func read(_ connection: Connection, _ buffers: inout ReadBuffers) {
        repeat {
            readOnce(connection, &buffers)
        } while connection.layers?.hasMore == true && isOpen(connection)
    }

    /// Parsed straight from the loop's buffer when nothing is pending.
    private func readOnce(_ connection: Connection, _ buffers: inout ReadBuffers) {
        // A PROXY header that came alone is the end of the layers, and of the wait for them.
        let isLayered = connection.layers != nil
        let received = connection.receive(system, into: &buffers.bytes, wire: &buffers.wire)
        guard !isLayered || layersAdvanced(connection) else { return }
        switch received {
        case .wouldBlock:
            guard isLayered else { return }
            settle(connection)
            updateWatch(connection)
        case .failed: return layersFailed(connection)
        case .bytes(0): return ended(connection)
        case .bytes(let count):
            // Lingering, or refused a moment ago: what still comes is not wanted.
            if connection.waiting == .linger || connection.isLast { return }
            if connection.input.isEmpty {
                let consumed = parse(connection, buffers.bytes.span.extracting(0..<count))
                if consumed < count, !connection.isLast {
                    connection.append(buffers.bytes[consumed..<count])
                }
            } else {
                connection.append(buffers.bytes[..<count])
                parsePending(connection)
            }
            settle(connection)
            updateWatch(connection)
        }
    }

    /// Parses what an earlier read left.
    func parsePending(_ connection: Connection) {
        var pending = connection.input.take()
        let consumed = parse(connection, pending.span)
        if connection.isLast || consumed == pending.count { return }
        if consumed > 0 { pending.removeSubrange(..<consumed) }
        connection.input = pending
    }

    /// The peer has sent its end: what is whole is answered, a half request is refused.
    private func ended(_ connection: Connection) {
        connection.peerEnded = true
        if connection.waiting == .linger { return close(connection) }
        if !connection.isLast, connection.mayRead(limits), !connection.parser.isIdle {
            refuse(connection, HTTPFailure(400, "the connection ended within a request"))
        }
        if connection.input.isEmpty { connection.isLast = true }
        if connection.inFlightCount == 0, !connection.hasOutput { return close(connection) }
        touch(connection)
        updateWatch(connection)
    }

    /// Reads as many requests as are there and may be under way; gives the number of bytes used.
    private func parse(_ connection: Connection, _ input: Span<UInt8>) -> Int {
        var consumed = 0
        do throws(HTTPFailure) {
            while connection.mayRead(limits) {
                // A request is parsed within the limits that were in force when it began.
                if connection.limitsVersion != limitsVersion, connection.parser.isIdle {
                    connection.parser.limits = limits
                    connection.limitsVersion = limitsVersion
                }
                switch try connection.parser.next(input, consumed: &consumed) {
                case .needMore:
                    if connection.peerEnded { try endedWhilePending(connection) }
                    return consumed
                case .head(let head):
                    if try began(connection, head, hasMore: consumed < input.count) {
                        connection.currentHead = head
                    }
                case .complete(let body):
                    completed(connection, body)
                    // Most clients send one request at a time.
                    if consumed == input.count, !connection.peerEnded { return consumed }
                }
            }
        } catch {
            refuse(connection, error)
        }
        return consumed
    }

    /// The peer ended while its last bytes were held back.
    private func endedWhilePending(_ connection: Connection) throws(HTTPFailure) {
        guard connection.parser.isIdle else {
            throw HTTPFailure(400, "the connection ended within a request")
        }
        connection.isLast = true
        touch(connection)
    }

    /// - Returns: whether its body is to be read.
    private func began(
        _ connection: Connection, _ head: HTTPRequestHead, hasMore: Bool
    ) throws(HTTPFailure) -> Bool {
        guard shared.requestsInFlight < limits.requestsInFlightMax else {
            throw HTTPFailure(503, "too many requests at once", limit: "requests_in_flight_max")
        }
        switch handler.headReceived(
            head, remoteAddress: connection.remoteAddress, loop: index)
        {
        case .respond(let response):
            if head.hasBody {
                // The body is not wanted: the connection cannot be used again.
                begin(connection, isHEAD: head.method == "HEAD", .close, response)
                connection.isLast = true
                touch(connection)
                return false
            }
            connection.immediate = response
            try connection.parser.accept(bodyLimit: 0)
        case .readBody(let limit, let context):
            try connection.parser.accept(bodyLimit: limit)
            connection.currentContext = context
            // RFC 9110 §10.1.1: not sent when the body is on its way already.
            connection.owesContinue = head.expectsContinue && head.hasBody && !hasMore
            if connection.owesContinue { touch(connection) }
        }
        return true
    }

    @discardableResult
    private func begin(
        _ connection: Connection, isHEAD: Bool, _ persistence: HTTPResponse.Persistence,
        _ response: consuming HTTPResponse?
    ) -> UInt64 {
        countRequests(1)
        return connection.begin(isHEAD: isHEAD, persistence, response: response)
    }

    private func completed(_ connection: Connection, _ body: consuming [UInt8]) {
        guard let head = connection.currentHead.take() else { return }
        let isHEAD = head.method == "HEAD"
        let persistence: HTTPResponse.Persistence =
            !head.keepAlive ? .close : head.versionMinor == 0 ? .keepAlive : .open
        if !head.keepAlive || isDraining { connection.isLast = true }
        if let immediate = connection.immediate.take() {
            begin(connection, isHEAD: isHEAD, persistence, immediate)
            return touch(connection)
        }
        let sequence = begin(connection, isHEAD: isHEAD, persistence, nil)
        hasNewRequests = true
        handler.handle(
            HTTPRequest(
                head: head, body: body, remoteAddress: connection.remoteAddress,
                security: connection.security, connectionID: connection.id,
                context: connection.currentContext.take()),
            HTTPExchange(loop: self, connection: connection.id, sequence: sequence))
    }

    /// Answers a request that cannot be read on; the connection closes after the answer.
    func refuse(_ connection: Connection, _ failure: HTTPFailure) {
        handler.protocolFailed(failure, remoteAddress: connection.remoteAddress)
        connection.isLast = true
        connection.input = []
        // The refusal may wait long for a client that does not read.
        connection.parser.dropBody()
        noteBodyBytes(connection)
        connection.currentHead = nil
        connection.currentContext = nil
        countRequests(1)
        _ = connection.begin(isHEAD: false, .close, response: Self.refusal(failure))
        touch(connection)
    }

    /// The answer that tells nothing but the status.
    static func refusal(_ failure: HTTPFailure) -> HTTPResponse {
        var response = HTTPResponse(status: failure.status)
        response.closesConnection = true
        if failure.status == 503 { response.add("Retry-After", "1") }
        return response
    }
}
