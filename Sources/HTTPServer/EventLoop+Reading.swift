extension EventLoop {
    /// One read of a readable socket, parsed straight from the loop's buffer when nothing is pending.
    func read(_ connection: Connection, scratch: inout [UInt8]) {
        switch SystemCalls.receive(connection.fd, into: &scratch) {
        case .wouldBlock: return
        case .failed: return close(connection)
        case .bytes(0): return ended(connection)
        case .bytes(let count):
            if connection.waiting == .linger { return }
            if connection.input.isEmpty {
                let consumed = parse(connection, scratch.span.extracting(0..<count))
                if consumed < count, self.connection(connection.id) === connection {
                    connection.input.append(contentsOf: scratch[consumed..<count])
                }
            } else {
                connection.input.append(contentsOf: scratch[..<count])
                parsePending(connection)
            }
            updateWatch(connection)
        }
    }

    /// Parses what an earlier read left.
    func parsePending(_ connection: Connection) {
        let pending = connection.input
        let consumed = parse(connection, pending.span)
        if consumed == pending.count || connection.isLast {
            connection.input = []
        } else if consumed > 0 {
            connection.input = Array(pending[consumed...])
        }
    }

    /// The peer has sent its end: what is whole is answered, a half request is refused.
    private func ended(_ connection: Connection) {
        connection.peerEnded = true
        if connection.waiting == .linger { return close(connection) }
        if !connection.parser.isIdle, !connection.isLast {
            refuse(connection, HTTPFailure(400, "the connection ended within a request"))
        }
        connection.isLast = true
        if connection.inFlight.isEmpty, !connection.hasOutput { return close(connection) }
        touch(connection)
        updateWatch(connection)
    }

    /// Reads as many requests as are there and may be under way; gives the number of bytes used.
    private func parse(_ connection: Connection, _ input: Span<UInt8>) -> Int {
        var consumed = 0
        if connection.waiting == .request { setWaiting(connection, .head) }
        do throws(HTTPFailure) {
            while connection.mayRead(limits) {
                switch try connection.parser.next(input, consumed: &consumed) {
                case .needMore:
                    if connection.parser.isIdle, connection.waiting == .head {
                        setWaiting(connection, connection.inFlight.isEmpty ? .request : .handler)
                    }
                    return consumed
                case .head(let head): try began(connection, head, hasMore: consumed < input.count)
                case .complete(let body): completed(connection, body)
                }
            }
        } catch {
            refuse(connection, error)
        }
        return consumed
    }

    private func began(
        _ connection: Connection, _ head: HTTPRequestHead, hasMore: Bool
    ) throws(HTTPFailure) {
        switch handler.headReceived(head, remoteAddress: connection.remoteAddress) {
        case .respond(let response):
            if head.hasBody {
                // The body is not wanted: the connection cannot be used again.
                _ = connection.begin(
                    isHEAD: head.method == "HEAD", keepAlive: false, response: response)
                connection.isLast = true
                touch(connection)
                return
            }
            connection.immediate = response
            try connection.parser.accept(bodyLimit: 0)
        case .readBody(let limit):
            try connection.parser.accept(bodyLimit: limit)
            setWaiting(connection, .body)
            // RFC 9110 §10.1.1: not sent when the body is on its way already; with answers still due it
            // would overtake them, and the client goes on without it after a while.
            if head.expectsContinue, head.hasBody, !hasMore, connection.inFlight.isEmpty,
                !connection.hasOutput
            {
                connection.output.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8)
                touch(connection)
            }
        }
        connection.currentHead = head
    }

    private func completed(_ connection: Connection, _ body: [UInt8]) {
        guard let head = connection.currentHead else { return }
        connection.currentHead = nil
        let immediate = connection.immediate
        connection.immediate = nil
        let sequence = connection.begin(
            isHEAD: head.method == "HEAD", keepAlive: head.keepAlive, response: immediate)
        if !head.keepAlive { connection.isLast = true }
        setWaiting(connection, .handler)
        if immediate != nil {
            touch(connection)
        } else {
            handler.handle(
                HTTPRequest(head: head, body: body, remoteAddress: connection.remoteAddress),
                HTTPExchange(loop: self, connection: connection.id, sequence: sequence))
        }
    }

    /// Answers a request that cannot be read on; the connection closes after the answer.
    func refuse(_ connection: Connection, _ failure: HTTPFailure) {
        handler.protocolFailed(failure, remoteAddress: connection.remoteAddress)
        connection.isLast = true
        connection.input = []
        var response = HTTPResponse(status: failure.status)
        response.closesConnection = true
        _ = connection.begin(isHEAD: false, keepAlive: false, response: response)
        touch(connection)
    }
}
