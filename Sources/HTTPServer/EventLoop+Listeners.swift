/// A loop's own socket of a listener.
struct LoopListener: Sendable {
    let fd: Int32
    let settings: HTTPListener
}

/// Accepting.
extension EventLoop {
    /// Watches all listeners, or none.
    func watchListeners() throws(SystemError) {
        do throws(SystemError) {
            for (place, listener) in listeners.enumerated() {
                try system.watch(
                    epoll, listener.fd, .addExclusive, events: Self.readable,
                    token: Self.listenerToken + UInt64(place))
            }
        } catch {
            ignoreListeners()
            throw error
        }
    }

    /// Ends watching. Closing is not enough: what epoll watches is the open file, which a copy of the
    /// descriptor (another loop's, systemd's) keeps (epoll(7), questions 6 and 7).
    private func ignoreListeners() {
        for listener in listeners {
            // One that is not watched is refused, which is as good.
            try? system.watch(epoll, listener.fd, .remove, events: 0, token: 0)
        }
    }

    /// Accepts what waits, up to a number: other connections must not wait for long.
    func acceptAll(_ listener: LoopListener) { _ = accept(listener, upTo: 64) }

    /// Accepts what waits at a listener that is about to be closed: its backlog and not for ever.
    func acceptRest(_ listener: LoopListener) { _ = accept(listener, upTo: 2 * Listener.backlog) }

    /// True when more may wait.
    private func accept(_ listener: LoopListener, upTo count: Int) -> Bool {
        for _ in 0..<count {
            switch Listener.accept(system, listener.fd) {
            case .none: return false
            case .aborted: continue
            case .exhausted(let code):
                handler.protocolFailed(
                    HTTPFailure(0, SystemError("accept", code).description), remoteAddress: "")
                // Level-triggered: without a pause the loop would spin until a descriptor is free.
                ignoreListeners()
                pauseAccepting()
                return false
            case .connection(let fd, let address): admit(fd, address, listener.settings)
            }
        }
        return true
    }

    /// Serves a new connection, or hands it to the loop that has the fewest.
    private func admit(_ fd: Int32, _ address: String, _ listener: HTTPListener) {
        let isLayered = listener.tls != nil || listener.expectsProxyHeader
        switch shared.enter(address, limits, loop: index, isBound: hasBegunDrain) {
        case .refused(let limit):
            turnAway(fd, address, limit, answers: !isLayered)
        case .entered(let loop):
            let socket = AcceptedSocket(fd: fd, address: address, settings: listener)
            if loop != index {
                if mailboxes[loop].post(socket) { return }
                shared.move(from: loop, to: index)
            }
            serve(socket)
        }
    }

    /// Serves a connection that another loop has accepted.
    func takeOver(_ socket: AcceptedSocket) {
        let slot = serve(socket)
        if hasBegunDrain, let slot { hurry(slot) }
    }

    /// - Returns: its slot, unless it is closed already.
    @discardableResult
    private func serve(_ socket: AcceptedSocket) -> Int? {
        let (fd, address, listener) = (socket.fd, socket.address, socket.settings)
        let isLayered = listener.tls != nil || listener.expectsProxyHeader
        let slot = freeSlots.popLast() ?? connections.count
        if slot == connections.count { addSlot() }
        generations[slot] &+= 1
        let id = UInt64(generations[slot] & 0x3FFF_FFFF) << 32 | UInt64(slot)
        let connection = Connection(fd: fd, id: id, remoteAddress: address, limits: limits)
        connection.limitsVersion = limitsVersion
        set(connection, deadline: .max, slot)
        if isLayered, !addLayers(connection, listener) {
            close(connection)
            return nil
        }
        setWaiting(connection, isLayered ? .handshake : .request)
        connection.watched = Self.readable
        do {
            try system.watch(epoll, fd, .add, events: Self.readable, token: id)
            return slot
        } catch {
            close(connection)
            return nil
        }
    }

    private func pauseAccepting() {
        acceptPaused = true
        nextSweep = min(nextSweep, now + 100_000_000)
    }

    /// Accepts again after a pause.
    func resumeAccepting() {
        guard acceptPaused, !isDraining else { return }
        acceptPaused = false
        do { try watchListeners() } catch { pauseAccepting() }
    }

    /// Takes over listeners that a reload has made. Sockets that are among both go on without a gap.
    func replaceListeners(with new: [LoopListener]) {
        ignoreListeners()
        for old in listeners where !new.contains(where: { $0.fd == old.fd }) {
            acceptRest(old)
            SystemCalls.close(old.fd)
        }
        listeners = new
        // Also after a pause: what accepting has met just now says nothing of the new ones.
        acceptPaused = false
        do { try watchListeners() } catch { pauseAccepting() }
    }

    func closeListeners() {
        ignoreListeners()
        for listener in listeners { SystemCalls.close(listener.fd) }
        listeners = []
    }

    /// Tells a client beyond the limits to come again, with what the socket takes at once: a connection
    /// that is turned away must hold no memory.
    func turnAway(_ fd: Int32, _ address: String, _ limit: String, answers: Bool) {
        let failure = HTTPFailure(
            answers ? 503 : 0, HTTPFailure.tooManyConnections, limit: limit)
        handler.protocolFailed(failure, remoteAddress: address)
        guard answers else { return SystemCalls.close(fd) }
        var answer: [UInt8] = []
        Self.refusal(failure).serialize(
            into: &answer, .close, withoutBody: false, date: currentDateLine)
        _ = system.send(fd, answer, from: 0)
        SystemCalls.shutdownWrite(fd)
        // Unread bytes would make the close a reset, and the client might not see the answer.
        var rest = [UInt8](repeating: 0, count: 4096)
        _ = system.receive(fd, into: &rest)
        SystemCalls.close(fd)
    }
}
