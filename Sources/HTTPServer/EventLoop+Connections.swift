/// The connections and their slots.
extension EventLoop {
    func connection(_ id: UInt64) -> Connection? {
        let slot = Int(id & 0xFFFF_FFFF)
        guard slot < connections.count, let connection = connections[slot], connection.id == id
        else { return nil }
        return connection
    }

    /// Makes room for one connection more.
    func addSlot() {
        var connections = self.connections.take()
        connections.append(nil)
        self.connections = connections
        var deadlines = self.deadlines.take()
        deadlines.append(.max)
        self.deadlines = deadlines
        generations.append(0)
    }

    /// Notes who is at a slot, and until when it is waited for.
    func set(_ connection: Connection?, deadline: UInt64, _ slot: Int) {
        var connections = self.connections.take()
        connections[slot] = connection
        self.connections = connections
        set(deadline: deadline, slot)
    }

    func set(deadline: UInt64, _ slot: Int) {
        var deadlines = self.deadlines.take()
        deadlines[slot] = deadline
        self.deadlines = deadlines
    }

    func isOpen(_ connection: Connection) -> Bool { !connection.isClosed }

    func close(_ connection: Connection) {
        let slot = connection.slot
        guard slot < connections.count, connections[slot] === connection else { return }
        set(nil, deadline: .max, slot)
        connection.isClosed = true
        freeSlots.append(slot)
        if !connection.hasOutput { connection.layers?.end() }
        SystemCalls.close(connection.fd)
        shared.leave(connection.remoteAddress, loop: index)
        countRequests(-connection.inFlightCount)
        shared.addBodyBytes(-connection.bodyBytesCounted)
        // A descriptor is free again.
        if acceptPaused { nextSweep = now }
    }

    func updateWatch(_ connection: Connection) {
        guard isOpen(connection) else { return }
        let reads =
            (connection.mayRead(limits) || connection.waiting == .linger)
            && !connection.peerEnded
        let blocked = connection.layers?.needsOutput == true
        let wanted =
            (reads && !blocked ? Self.readable : 0)
            | (connection.hasOutput || blocked ? Self.writable : 0)
        guard wanted != connection.watched else { return }
        do {
            // With no events errors are still watched for.
            try system.watch(
                epoll, connection.fd, .change, events: wanted, token: connection.id)
            connection.watched = wanted
        } catch {
            close(connection)
        }
    }
}
