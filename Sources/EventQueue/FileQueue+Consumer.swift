import Synchronization

extension FileQueue {
    /// What the positions say of an event.
    private struct States {
        let position: UInt64
        let deliveries: [UInt64: ConsumerPositions.Delivery]

        func apply(to event: inout StoredEvent) {
            if let delivery = deliveries[event.sequence] {
                event.state = delivery.state
                event.attempts = delivery.attempts
                event.visibleAtMilliseconds = delivery.visibleAtMilliseconds
                event.lastError = delivery.lastError
            } else if event.sequence < position {
                event.state = .done
            }
        }
    }

    private func states() throws(QueueError) -> States {
        try positions.transaction("read of positions") { (positions) throws(QueueError) in
            var deliveries: [UInt64: ConsumerPositions.Delivery] = [:]
            for delivery in try positions.deliveries() {
                deliveries[delivery.sequence] = delivery
            }
            return States(position: try positions.position(), deliveries: deliveries)
        }
    }

    package func list(_ filter: EventFilter) throws(QueueError) -> [StoredEvent] {
        try checkOpen()
        guard filter.limit > 0 else { return [] }
        catchUp()
        let states = try states()
        if filter.newestFirst { return try listNewest(filter, states) }
        var events: [StoredEvent] = []
        let from = filter.afterSequence == .max ? .max : filter.afterSequence + 1
        try folder.forEachLine(from: from) { (bytes, line, header) throws(QueueError) in
            if let event = match(filter, states, bytes, line, header) { events.append(event) }
            return events.count < filter.limit
        }
        return events
    }

    private func match(
        _ filter: EventFilter, _ states: States, _ bytes: [UInt8], _ line: Range<Int>,
        _ header: EventLine.Header
    ) -> StoredEvent? {
        func differs(_ wanted: String?, _ range: Range<Int>?) -> Bool {
            guard let wanted else { return false }
            guard let range else { return true }
            return !EventLine.text(bytes, range).utf8.elementsEqual(wanted.utf8)
        }
        if differs(filter.integration, header.integration) || differs(filter.id, header.id)
            || differs(filter.account, header.account) || differs(filter.type, header.type)
        {
            return nil
        }
        var event = EventLine.event(bytes, line, header)
        states.apply(to: &event)
        if let wanted = filter.states, !wanted.contains(event.state) { return nil }
        return event
    }

    /// Segments from the newest on; in each the last matches are kept.
    private func listNewest(
        _ filter: EventFilter, _ states: States
    ) throws(QueueError) -> [StoredEvent] {
        let below = filter.afterSequence == 0 ? UInt64.max : filter.afterSequence
        var events: [StoredEvent] = []
        for first in try folder.segments().reversed() where first < below {
            guard var cursor = try folder.cursor(first) else { continue }
            var found: [StoredEvent] = []
            while let line = try cursor.next() {
                guard let header = EventLine.header(cursor.bytes, line) else { continue }
                if header.sequence >= below { break }
                guard let event = match(filter, states, cursor.bytes, line, header) else {
                    continue
                }
                found.append(event)
                // Twice the limit, so that trimming is rare.
                if found.count >= 2 * filter.limit {
                    found.removeFirst(found.count - filter.limit)
                }
            }
            events += found.reversed()
            if events.count >= filter.limit { break }
        }
        return Array(events.prefix(filter.limit))
    }

    package func show(sequence: UInt64) throws(QueueError) -> StoredEvent? {
        try checkOpen()
        catchUp()
        guard var event = try folder.withLine(of: sequence, EventLine.event) else { return nil }
        let states = try positions.transaction("read of positions") {
            (positions) throws(QueueError) in
            let delivery = try positions.delivery(sequence)
            return States(
                position: try positions.position(),
                deliveries: delivery.map { [sequence: $0] } ?? [:])
        }
        states.apply(to: &event)
        return event
    }

    package func lease(
        count: Int, durationMilliseconds: Int64, nowMilliseconds: Int64
    ) throws(QueueError) -> [LeasedEvent] {
        try options.delivery.check(count: count, durationMilliseconds: durationMilliseconds)
        try checkSettled()
        catchUp()
        let until = nowMilliseconds &+ durationMilliseconds
        return try positions.transaction("lease of events") { (positions) throws(QueueError) in
            var leased: [LeasedEvent] = []
            func take(_ event: StoredEvent, _ attempts: Int, _ error: String?)
                throws(QueueError)
            {
                let token = LeaseToken.make()
                let delivery = ConsumerPositions.Delivery(
                    sequence: event.sequence, state: .leased, attempts: attempts,
                    visibleAtMilliseconds: until, lastError: error)
                try positions.put(delivery, token: token, nowMilliseconds: nowMilliseconds)
                var event = event
                event.state = .leased
                event.attempts = attempts
                event.visibleAtMilliseconds = until
                event.lastError = error
                leased.append(
                    LeasedEvent(
                        event: event, lease: Lease(sequence: event.sequence, token: token)))
            }
            while leased.count < count {
                let visible = try positions.visible(count - leased.count, nowMilliseconds)
                if visible.isEmpty { break }
                for delivery in visible {
                    if delivery.attempts >= options.delivery.attemptsMax {
                        try bury(
                            delivery, delivery.lastError ?? "the last lease ran out",
                            nowMilliseconds, positions)
                    } else if let event = try folder.withLine(
                        of: delivery.sequence, EventLine.event)
                    {
                        try take(event, delivery.attempts + 1, delivery.lastError)
                    } else {
                        // Retention removed the event, or its line is damaged.
                        try positions.remove(delivery.sequence)
                    }
                }
            }
            let position = try positions.position()
            if leased.count < count {
                try folder.forEachLine(from: position) { (bytes, line, header) throws(QueueError) in
                    try take(EventLine.event(bytes, line, header), 1, nil)
                    try positions.setPosition(header.sequence + 1)
                    return leased.count < count
                }
            }
            return leased
        }
    }

    /// After a power cut, what a consumer passes over may be there again once the server has started.
    private func checkSettled() throws(QueueError) {
        guard access == .consumer, !isSettled.load(ordering: .relaxed) else { return }
        let seen = try positions.transaction("read of positions") {
            (positions) throws(QueueError) in try positions.lastSeen()
        }
        guard try JournalRecovery(folder: folder).isSettled(after: seen) else {
            throw QueueError(
                .corrupt, "lease before the server has restored events from its journal")
        }
        isSettled.store(true, ordering: .relaxed)
    }

    private func bury(
        _ delivery: ConsumerPositions.Delivery, _ error: String?, _ nowMilliseconds: Int64,
        _ positions: ConsumerPositions.Transaction
    ) throws(QueueError) {
        var dead = delivery
        dead.state = .dead
        dead.visibleAtMilliseconds = 0
        dead.lastError = error ?? delivery.lastError
        try positions.put(dead, token: nil, nowMilliseconds: nowMilliseconds)
    }

    package func ack(
        _ leases: [Lease], nowMilliseconds: Int64
    ) throws(QueueError) -> [Bool] {
        try positions.transaction("ack of events") { (positions) throws(QueueError) in
            var outcomes: [Bool] = []
            for lease in leases {
                let held = try positions.delivery(lease.sequence, token: lease.token) != nil
                if held { try positions.remove(lease.sequence) }
                outcomes.append(held)
            }
            return outcomes
        }
    }

    package func nack(
        _ lease: Lease, error: String?, delayMilliseconds: Int64?, nowMilliseconds: Int64
    ) throws(QueueError) -> NackOutcome {
        try positions.transaction("nack of event") { (positions) throws(QueueError) in
            guard var delivery = try positions.delivery(lease.sequence, token: lease.token) else {
                return .lost
            }
            if delivery.attempts >= options.delivery.attemptsMax {
                try bury(delivery, error, nowMilliseconds, positions)
                return .dead
            }
            let visibleAt =
                try nowMilliseconds
                &+ options.delivery.delayMilliseconds(
                    asked: delayMilliseconds, attempts: delivery.attempts)
            delivery.state = .ready
            delivery.visibleAtMilliseconds = visibleAt
            delivery.lastError = error
            try positions.put(delivery, token: nil, nowMilliseconds: nowMilliseconds)
            return .retry(atMilliseconds: visibleAt)
        }
    }

    package func extend(
        _ lease: Lease, durationMilliseconds: Int64, nowMilliseconds: Int64
    ) throws(QueueError) -> Bool {
        try options.delivery.check(count: 1, durationMilliseconds: durationMilliseconds)
        return try positions.transaction("extension of lease") {
            (positions) throws(QueueError) in
            guard var delivery = try positions.delivery(lease.sequence, token: lease.token) else {
                return false
            }
            delivery.visibleAtMilliseconds = nowMilliseconds &+ durationMilliseconds
            try positions.put(
                delivery, token: lease.token, nowMilliseconds: nowMilliseconds)
            return true
        }
    }

    package func returnDeadLetters(
        _ sequences: [UInt64]?, nowMilliseconds: Int64
    ) throws(QueueError) -> Int {
        try positions.transaction("return of dead letters") { (positions) throws(QueueError) in
            let wanted = sequences.map { Set($0) }
            var count = 0
            for var delivery in try positions.deliveries() where delivery.state == .dead {
                if let wanted, !wanted.contains(delivery.sequence) { continue }
                delivery.state = .ready
                delivery.attempts = 0
                delivery.visibleAtMilliseconds = 0
                try positions.put(delivery, token: nil, nowMilliseconds: nowMilliseconds)
                count += 1
            }
            return count
        }
    }
}
