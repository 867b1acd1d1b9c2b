extension EventLoop {
    /// Sends what has become ready in this round, one write a connection.
    func flushTouched() {
        if touched.isEmpty { return }
        let date = currentDateLine
        var outgoing = self.outgoing.take()
        var place = 0
        while place < touched.count {
            let id = touched[place]
            place += 1
            guard let connection = connection(id) else { continue }
            connection.isTouched = false
            // Nothing more can come.
            if connection.peerEnded, connection.input.isEmpty { connection.isLast = true }
            flush(connection, date, &outgoing)
            // A client that pipelines may have more that was held back.
            if isOpen(connection), !connection.input.isEmpty, connection.mayRead(limits) {
                parsePending(connection)
                settle(connection)
            }
        }
        var done = touched.take()
        done.removeAll(keepingCapacity: true)
        touched = done
        self.outgoing = outgoing
    }

    private func flush(_ connection: Connection, _ date: [UInt8], _ outgoing: inout [UInt8]) {
        outgoing.removeAll(keepingCapacity: true)
        if connection.hasOutput {
            outgoing.append(contentsOf: connection.output)
        }
        let held = outgoing.count
        let (count, closes) = connection.takeReadyAnswers(
            into: &outgoing, date: date,
            closesAfterLast: connection.isLast || (isDraining && connection.parser.isIdle))
        if count > 0 { countRequests(-count) }
        if closes { connection.isLast = true }
        if connection.owesContinue, connection.inFlightCount == 0 {
            connection.owesContinue = false
            if connection.awaitsBody {
                outgoing.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8)
                // Its time has not run while it was kept waiting.
                connection.waitingSince = now
            }
        }
        var sent = 0
        while sent < outgoing.count {
            switch connection.send(system, outgoing, from: sent) {
            case .bytes(let count):
                sent += count
                continue
            case .wouldBlock: break
            case .failed: return close(connection)
            }
            break
        }
        if sent < outgoing.count {
            if sent == 0, held == outgoing.count {
                // Nothing moved: what is held stays as it is.
            } else {
                connection.output = Array(outgoing[sent...])
            }
            // What waited before has gone: a new wait begins.
            if sent >= held { connection.outputHasGone() }
            connection.outputWaits(sent: sent, now: now, limits)
            settle(connection, outputChanged: true)
        } else {
            if held > 0 {
                connection.output = []
                connection.outputHasGone()
            }
            if connection.isLast, connection.inFlightCount == 0 {
                finish(connection)
            } else {
                settle(connection, outputChanged: held > 0)
            }
        }
        if outgoing.capacity > 1 << 20 { outgoing = [] }
        updateWatch(connection)
    }

    /// The last answer is with the system: ends the connection so that the client sees it.
    ///
    /// Closing at once could make the system send a reset for bytes that are still on their way, and
    /// the client would lose the answer (RFC 9112 §9.6).
    private func finish(_ connection: Connection) {
        if connection.peerEnded { return close(connection) }
        guard connection.waiting != .linger else { return }
        connection.endOutput()
        connection.input = []
        setWaiting(connection, .linger)
    }
}
