internal import CLinux
import Glibc
internal import Synchronization

/// An answer on its way to a loop.
struct LoopAnswer: Sendable {
    let connection: UInt64
    let sequence: UInt64
    let response: HTTPResponse
}

/// One epoll loop: a thread, its listeners and its connections.
final class EventLoop: @unchecked Sendable {
    // Only `mailbox`, `wakeDescriptor` and `let`s are touched by other threads; all other state belongs
    // to the loop's own thread.

    struct Mailbox {
        var answers: [LoopAnswer] = []
        /// The loop is about to sleep or asleep and must be woken for the next answer.
        var isAsleep = false
        var isDraining = false
        var isStopped = false
    }

    let index: Int
    let limits: HTTPLimits
    let handler: any HTTPHandler
    let shared: SharedCounters
    private let mailbox = Mutex(Mailbox())
    private let epoll: Int32
    private let wakeDescriptor: Int32
    private var listeners: [Int32]
    private var acceptPaused = false

    var connections: [Connection?] = []
    private var generations: [UInt32] = []
    private var freeSlots: [Int] = []
    private var touched: [Connection] = []
    var now: UInt64 = 0
    private var nextSweep: UInt64 = 0
    private var isDraining = false
    /// Answers of a round are collected here before they are sent.
    private var outgoing: [UInt8] = []

    private static let wakeToken = UInt64.max
    /// Tokens of listeners: this plus their place.
    private static let listenerToken = UInt64.max - 1024

    init(
        index: Int, listeners: [Int32], limits: HTTPLimits, handler: any HTTPHandler,
        shared: SharedCounters
    ) throws(SystemError) {
        self.index = index
        self.listeners = listeners
        self.limits = limits
        self.handler = handler
        self.shared = shared
        epoll = try SystemCalls.makeEpoll()
        wakeDescriptor = try SystemCalls.makeEventDescriptor()
        try SystemCalls.watch(
            epoll, wakeDescriptor, events: Self.readable, token: Self.wakeToken, isNew: true)
        try watchListeners(isNew: true)
    }

    deinit {
        SystemCalls.close(epoll)
        SystemCalls.close(wakeDescriptor)
    }

    static let readable = UInt32(EPOLLIN.rawValue)
    static let writable = UInt32(EPOLLOUT.rawValue)

    // MARK: From any thread

    /// Hands answers to the loop; wakes it when it sleeps.
    func post(_ answers: [LoopAnswer]) {
        let wakes = mailbox.withLock { box in
            box.answers.append(contentsOf: answers)
            defer { box.isAsleep = false }
            return box.isAsleep
        }
        if wakes { SystemCalls.wake(wakeDescriptor) }
    }

    /// Stops accepting; the thread ends when every connection has its answers.
    func drain() {
        mailbox.withLock { $0.isDraining = true }
        SystemCalls.wake(wakeDescriptor)
    }

    /// Ends the thread at once.
    func stop() {
        mailbox.withLock { $0.isStopped = true }
        SystemCalls.wake(wakeDescriptor)
    }

    // MARK: The loop's thread

    func run() {
        var events = unsafe [epoll_event](repeating: epoll_event(), count: 512)
        var scratch = [UInt8](repeating: 0, count: 64 << 10)
        now = SystemCalls.monotonicNanoseconds()
        while true {
            let timeout = mailbox.withLock { box -> Int32 in
                box.isAsleep = box.answers.isEmpty && !box.isStopped
                return box.isAsleep ? sleepMilliseconds() : 0
            }
            let count = unsafe SystemCalls.wait(epoll, &events, milliseconds: timeout)
            now = SystemCalls.monotonicNanoseconds()
            for place in 0..<count {
                let (bits, token) = unsafe (events[place].events, events[place].data.u64)
                dispatch(token: token, bits: bits, scratch: &scratch)
            }
            if count > 0 { handler.roundEnded(loop: index) }
            let box = mailbox.withLock { box -> Mailbox in
                let copy = box
                box.answers = []
                box.isAsleep = false
                return copy
            }
            for answer in box.answers { deliver(answer) }
            flushTouched(scratch: &scratch)
            if now >= nextSweep { sweep() }
            if box.isDraining, !isDraining { beginDrain() }
            if box.isStopped || (isDraining && connections.allSatisfy({ $0 == nil })) { break }
        }
        for connection in connections { if let connection { close(connection) } }
        closeListeners()
    }

    private func sleepMilliseconds() -> Int32 {
        if connections.count == freeSlots.count, !acceptPaused { return -1 }
        return nextSweep <= now ? 0 : Int32(truncatingIfNeeded: (nextSweep - now) / 1_000_000 + 1)
    }

    private func dispatch(token: UInt64, bits: UInt32, scratch: inout [UInt8]) {
        if token == Self.wakeToken {
            SystemCalls.drainEvent(wakeDescriptor)
        } else if token >= Self.listenerToken {
            let place = Int(token - Self.listenerToken)
            if place < listeners.count { acceptAll(listeners[place]) }
        } else if let connection = connection(token) {
            if bits & Self.writable != 0 { touch(connection) }
            if bits & ~Self.writable != 0 { read(connection, scratch: &scratch) }
        }
    }

    // MARK: Listeners

    private func watchListeners(isNew: Bool) throws(SystemError) {
        for (place, listener) in listeners.enumerated() {
            try SystemCalls.watch(
                epoll, listener, events: isNew ? Self.readable : 0,
                token: Self.listenerToken + UInt64(place), isNew: isNew)
        }
    }

    private func acceptAll(_ listener: Int32) {
        for _ in 0..<64 {
            switch Listener.accept(listener) {
            case .none: return
            case .exhausted(let code):
                handler.protocolFailed(
                    HTTPFailure(0, SystemError("accept", code).description), remoteAddress: "")
                // Level-triggered: without a pause the loop would spin until a descriptor is free.
                try? watchListeners(isNew: false)
                acceptPaused = true
                nextSweep = now + 100_000_000
                return
            case .connection(let fd, let address): admit(fd, address)
            }
        }
    }

    private func admit(_ fd: Int32, _ address: String) {
        guard !isDraining, shared.enter(address, limits) else {
            handler.protocolFailed(HTTPFailure(0, "too many connections"), remoteAddress: address)
            SystemCalls.close(fd)
            return
        }
        let slot = freeSlots.popLast() ?? connections.count
        if slot == connections.count {
            connections.append(nil)
            generations.append(0)
        }
        generations[slot] &+= 1
        let id = UInt64(generations[slot] & 0x3FFF_FFFF) << 32 | UInt64(slot)
        let connection = Connection(fd: fd, id: id, remoteAddress: address, limits: limits)
        connections[slot] = connection
        setWaiting(connection, .request)
        connection.watched = Self.readable
        do {
            try SystemCalls.watch(epoll, fd, events: Self.readable, token: id, isNew: true)
        } catch {
            close(connection)
        }
    }

    func connection(_ id: UInt64) -> Connection? {
        let slot = Int(id & 0xFFFF_FFFF)
        guard slot < connections.count, let connection = connections[slot], connection.id == id
        else { return nil }
        return connection
    }

    func close(_ connection: Connection) {
        let slot = Int(connection.id & 0xFFFF_FFFF)
        guard slot < connections.count, connections[slot] === connection else { return }
        connections[slot] = nil
        freeSlots.append(slot)
        SystemCalls.close(connection.fd)
        shared.leave(connection.remoteAddress)
    }

    private func closeListeners() {
        for listener in listeners { SystemCalls.close(listener) }
        listeners = []
    }

    /// Answers still to come are waited for; connections without any are closed.
    private func beginDrain() {
        isDraining = true
        closeListeners()
        for case let connection? in connections {
            if connection.inFlight.isEmpty, !connection.hasOutput, connection.parser.isIdle {
                close(connection)
            } else if connection.parser.isIdle {
                connection.isLast = true
            }
        }
    }

    // MARK: Answers

    private func deliver(_ answer: LoopAnswer) {
        guard let connection = connection(answer.connection),
            connection.setResponse(answer.sequence, answer.response)
        else { return }
        touch(connection)
    }

    func touch(_ connection: Connection) {
        if connection.isTouched { return }
        connection.isTouched = true
        touched.append(connection)
    }

    private func flushTouched(scratch: inout [UInt8]) {
        var place = 0
        while place < touched.count {
            let connection = touched[place]
            place += 1
            connection.isTouched = false
            guard self.connection(connection.id) === connection else { continue }
            flush(connection)
            // A client that pipelines may have more that was held back.
            if self.connection(connection.id) === connection, !connection.input.isEmpty,
                connection.mayRead(limits)
            {
                parsePending(connection)
            }
        }
        touched.removeAll(keepingCapacity: true)
    }

    private func flush(_ connection: Connection) {
        let closes: Bool
        if connection.hasOutput {
            closes = connection.takeReadyAnswers(into: &connection.output)
            swap(&outgoing, &connection.output)
        } else {
            outgoing.removeAll(keepingCapacity: true)
            connection.outputSent = 0
            closes = connection.takeReadyAnswers(into: &outgoing)
        }
        if closes || (isDraining && connection.inFlight.isEmpty) { connection.isLast = true }
        var sent = connection.outputSent
        while sent < outgoing.count {
            switch SystemCalls.send(connection.fd, outgoing, from: sent) {
            case .bytes(let count):
                sent += count
                continue
            case .wouldBlock: break
            case .failed: return close(connection)
            }
            break
        }
        if sent < outgoing.count {
            connection.output = Array(outgoing[sent...])
            connection.outputSent = 0
            setWaiting(connection, .write)
        } else {
            if outgoing.capacity > 1 << 20 { outgoing = [] }
            connection.output = []
            connection.outputSent = 0
            finishedWriting(connection)
        }
        updateWatch(connection)
    }

    private func finishedWriting(_ connection: Connection) {
        guard connection.inFlight.isEmpty else { return }
        if connection.isLast {
            if connection.peerEnded { return close(connection) }
            if connection.waiting != .linger {
                SystemCalls.shutdownWrite(connection.fd)
                setWaiting(connection, .linger)
            }
        } else if connection.waiting == .handler || connection.waiting == .write {
            setWaiting(connection, connection.parser.isIdle ? .request : .head)
        }
    }

    func updateWatch(_ connection: Connection) {
        guard self.connection(connection.id) === connection else { return }
        let reads =
            (connection.mayRead(limits) || connection.waiting == .linger)
            && !connection.peerEnded
        let wanted = (reads ? Self.readable : 0) | (connection.hasOutput ? Self.writable : 0)
        guard wanted != connection.watched else { return }
        // EPOLL_CTL_MOD with no events keeps watching for errors; it must not remove the socket.
        let mask = wanted == 0 ? UInt32(EPOLLERR.rawValue) : wanted
        do {
            try SystemCalls.watch(
                epoll, connection.fd, events: mask, token: connection.id, isNew: false)
            connection.watched = wanted
        } catch {
            close(connection)
        }
    }

    // MARK: Time

    /// Closes what has waited too long. Runs a few times in the shortest timeout, over all connections:
    /// 10,000 take some tens of microseconds.
    private func sweep() {
        let shortest = min(
            limits.headerTimeoutMilliseconds, limits.bodyTimeoutMilliseconds,
            limits.keepAliveTimeoutMilliseconds, limits.writeTimeoutMilliseconds,
            limits.lingerMilliseconds)
        nextSweep = now + UInt64(max(2, min(250, shortest / 4))) * 1_000_000
        if acceptPaused, !isDraining {
            acceptPaused = false
            try? watchListeners(isNew: true)
        }
        for case let connection? in connections where connection.deadline <= now {
            expire(connection)
        }
    }

    private func expire(_ connection: Connection) {
        switch connection.waiting {
        case .head, .body:
            refuse(connection, HTTPFailure(408, "request too slow"))
            touch(connection)
            var none: [UInt8] = []
            flushTouched(scratch: &none)
        case .handler: setWaiting(connection, .handler)
        case .request, .write, .linger: close(connection)
        }
    }

    func setWaiting(_ connection: Connection, _ waiting: Connection.Waiting) {
        connection.waiting = waiting
        let milliseconds =
            switch waiting {
            case .request: limits.keepAliveTimeoutMilliseconds
            case .head: limits.headerTimeoutMilliseconds
            case .body: limits.bodyTimeoutMilliseconds
            case .handler: Int(Int32.max)
            case .write: limits.writeTimeoutMilliseconds
            case .linger: limits.lingerMilliseconds
            }
        connection.deadline = now &+ UInt64(max(0, milliseconds)) &* 1_000_000
    }
}
