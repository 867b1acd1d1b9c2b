extension EventLoop {
    /// Closes or refuses what has waited too long.
    func sweep() {
        var expired: [Int] = []
        var earliest = UInt64.max
        for slot in deadlines.indices {
            let deadline = deadlines[slot]
            if deadline <= now {
                expired.append(slot)
            } else if deadline < earliest {
                earliest = deadline
            }
        }
        // A millisecond is the finest time that epoll sleeps.
        nextSweep = earliest == .max ? .max : max(earliest, now + 1_000_000)
        resumeAccepting()
        for slot in expired { if let connection = connections[slot] { expire(connection) } }
    }

    private func expire(_ connection: Connection) {
        if connection.hasOutput, connection.writeDeadline <= now { return close(connection) }
        switch connection.waiting {
        case .head, .body:
            let limit = connection.waiting == .head ? "header_timeout" : "body_timeout"
            refuse(connection, HTTPFailure(408, "request too slow", limit: limit))
            settle(connection)
        case .handler:
            guard let place = connection.inFlight.firstIndex(where: { $0.response == nil }) else {
                return close(connection)
            }
            let failure = HTTPFailure(503, "no answer in time", limit: "response_timeout")
            handler.protocolFailed(failure, remoteAddress: connection.remoteAddress)
            var response: HTTPResponse? = Self.refusal(failure)
            _ = connection.take(&response, sequence: connection.firstSequence + UInt64(place))
            connection.isLast = true
            touch(connection)
        case .handshake: layersExpired(connection)
        case .request, .write, .linger: close(connection)
        }
    }

    /// Notes what the connection waits for now and until when. A wait of the same kind for the same
    /// request keeps its deadline, so that a trickle of bytes gains no time.
    /// `outputChanged` says that answers have begun to wait, or that the client took some that waited.
    func settle(_ connection: Connection, outputChanged: Bool = false) {
        guard isOpen(connection), connection.waiting != .linger else { return }
        countBody(connection)
        let waiting = connection.wanted(limits)
        let mark =
            waiting == .handler ? connection.firstSequence : connection.nextSequence
        if waiting == connection.waiting, mark == connection.waitingMark {
            if waiting == .body || outputChanged { setDeadline(connection) }
            return
        }
        connection.waitingMark = mark
        setWaiting(connection, waiting)
    }

    func setWaiting(_ connection: Connection, _ waiting: Connection.Waiting) {
        connection.waiting = waiting
        connection.waitingSince = now
        setDeadline(connection)
    }

    private func setDeadline(_ connection: Connection) {
        let milliseconds: Int? =
            switch connection.waiting {
            case .handshake: limits.handshakeTimeoutMilliseconds
            case .request: limits.keepAliveTimeoutMilliseconds
            case .head: limits.headerTimeoutMilliseconds
            case .body:
                limits.bodyTimeoutMilliseconds
                    &+ (connection.parser.bodyBytesReceived &* 1000)
                    / max(1, limits.bodyBytesPerSecondMin)
            case .handler: limits.responseTimeoutMilliseconds
            case .write: nil
            case .linger: limits.lingerMilliseconds
            }
        var deadline = UInt64.max
        if let milliseconds {
            deadline = connection.waitingSince &+ UInt64(max(0, milliseconds)) &* 1_000_000
        }
        if connection.hasOutput { deadline = min(deadline, connection.writeDeadline) }
        set(deadline: deadline, connection.slot)
        if deadline < nextSweep { nextSweep = deadline }
    }

    /// Counts the memory of a body that is still arriving against the server's limit.
    private func countBody(_ connection: Connection) {
        guard noteBodyBytes(connection), connection.parser.phase == .body, !connection.isLast else {
            return
        }
        if shared.bodyBytesBuffered > limits.bodyBytesBufferedMax {
            refuse(
                connection,
                HTTPFailure(503, "too many bodies at once", limit: "body_bytes_buffered_max"))
        }
    }

    /// - Returns: whether the body takes another amount than before.
    @discardableResult
    func noteBodyBytes(_ connection: Connection) -> Bool {
        let held = connection.parser.bodyBytesHeld
        guard held != connection.bodyBytesCounted else { return false }
        shared.addBodyBytes(held - connection.bodyBytesCounted)
        connection.bodyBytesCounted = held
        return true
    }
}
