internal import CLinux
import Glibc
internal import Synchronization

/// An answer on its way to a loop.
struct LoopAnswer: Sendable {
    let connection: UInt64
    let sequence: UInt64
    /// Nil once it is delivered.
    var response: HTTPResponse?
}

/// One epoll loop: a thread, its listeners and its connections.
final class EventLoop: @unchecked Sendable {
    // Only `mailbox`, `thread` (set before any request exists) and `let`s are touched by other threads;
    // all other state belongs to the loop's own thread.

    let index: Int
    private(set) var limits: HTTPLimits
    /// Counts the changes of `limits`.
    private(set) var limitsVersion = 0
    let handler: any HTTPHandler
    let shared: SharedCounters
    let system: SystemCalls
    /// Those of all loops, by index.
    let mailboxes: [LoopMailbox]
    private let mailbox: LoopMailbox
    let epoll: Int32
    private var thread = pthread_t()
    var listeners: [LoopListener]
    /// Those that replace them at the beginning of the next round.
    private var newListeners: [LoopListener]?
    var acceptPaused = false

    var connections: [Connection?] = []
    var generations: [UInt32] = []
    var freeSlots: [Int] = []
    /// When each slot's connection has waited too long: apart from the connections, so that a sweep
    /// reads 80 KB for 10,000 of them.
    var deadlines: [UInt64] = []
    /// Ids of the connections that `flushTouched` has to look at.
    var touched: [UInt64] = []
    /// Monotonic nanoseconds at the start of the round.
    var now: UInt64 = 0
    /// No deadline lies before it.
    var nextSweep = UInt64.max
    var isDraining = false
    private(set) var hasBegunDrain = false
    private var isStopped = false
    private var drainDeadline = UInt64.max
    /// Requests were handed to the handler since `roundEnded` was last called.
    var hasNewRequests = false
    /// The handler waits to be told when nothing more is ready.
    private var handlerHolds = false
    /// Requests of this round were handed on.
    private var handedOn = false
    /// Answers that came from other threads, taken out of the mailbox whole.
    private var arrived: [LoopAnswer] = []
    private var tasks: [any LoopTask] = []
    /// Requests begun less requests answered that the loops' common count does not have yet.
    private var requestsUncounted = 0
    /// Answers of one connection are collected here before they are sent.
    var outgoing: [UInt8] = []
    private var dateLine: [UInt8] = []
    private var dateExpires: UInt64 = 0

    /// Ready sockets between two hand-overs of a long round: commits go on beside it.
    private static let socketsBetweenFlushes = 16
    private static let eventsMax = 1 << 16
    private static let wakeToken = UInt64.max
    /// Tokens of listeners: this plus their place.
    static let listenerToken = UInt64.max - 1024
    static let readable = UInt32(EPOLLIN.rawValue)
    static let writable = UInt32(EPOLLOUT.rawValue)
    static let broken = UInt32(EPOLLERR.rawValue) | UInt32(EPOLLHUP.rawValue)

    init(
        index: Int, mailboxes: [LoopMailbox], listeners: [LoopListener], limits: HTTPLimits,
        handler: any HTTPHandler, shared: SharedCounters, system: SystemCalls
    ) throws(SystemError) {
        self.index = index
        self.mailboxes = mailboxes
        mailbox = mailboxes[index]
        self.listeners = listeners
        self.limits = limits
        self.handler = handler
        self.shared = shared
        self.system = system
        epoll = try SystemCalls.makeEpoll()
        try system.watch(
            epoll, mailboxes[index].wakeDescriptor, .add, events: Self.readable,
            token: Self.wakeToken)
        try watchListeners()
    }

    deinit {
        let unused = newListeners ?? mailbox.withLock { $0.listeners } ?? []
        for new in unused where !listeners.contains(where: { $0.fd == new.fd }) {
            SystemCalls.close(new.fd)
        }
        closeListeners()
        SystemCalls.close(epoll)
    }

    // MARK: From any thread

    /// Gives an answer: at once on the loop's own thread, else through the mailbox.
    func answer(_ answer: consuming LoopAnswer) {
        if isOwnThread {
            deliver(&answer)
        } else {
            let answer = answer
            mailbox.post { $0.append(answer) }
        }
    }

    /// Does tasks at once on the loop's own thread; else hands them over, and wakes the loop when it sleeps.
    func perform(_ tasks: consuming [any LoopTask]) {
        if isOwnThread {
            for task in tasks { task.perform() }
        } else {
            for task in mailbox.post(consume tasks) { task.perform() }
        }
    }

    var isOwnThread: Bool { pthread_equal(thread, pthread_self()) != 0 }

    /// Rounds begun so far; makes the loop begin another.
    func heartbeat() -> UInt64 {
        defer { mailbox.wake() }
        return mailbox.withLock { $0.rounds }
    }

    /// Stops accepting; the thread ends when every connection has its answers, or at the deadline.
    func drain(deadline: UInt64) {
        mailbox.withLock { $0.drainNanoseconds = deadline }
        mailbox.wake()
    }

    /// Holds connections to other limits: those under way from their next request on.
    func update(_ limits: HTTPLimits) {
        mailbox.withLock { $0.limits = limits }
        mailbox.wake()
    }

    /// Accepts from these listeners from now on. Those that are not among them any more are closed, once
    /// who has connected there already is accepted; their connections go on.
    func listen(on new: [LoopListener]) {
        let replaced = mailbox.withLock { box in
            defer { box.listeners = new }
            return box.listeners
        }
        // A change that came before the loop had taken the last one.
        for old in replaced ?? [] where !new.contains(where: { $0.fd == old.fd }) {
            SystemCalls.close(old.fd)
        }
        mailbox.wake()
    }

    /// Ends the thread at once.
    func stop() {
        mailbox.withLock { $0.isStopped = true }
        mailbox.wake()
    }

    // MARK: The loop's thread

    func run() {
        thread = pthread_self()
        var events = unsafe [epoll_event](repeating: epoll_event(), count: 512)
        var buffers = ReadBuffers()
        now = SystemCalls.monotonicNanoseconds()
        while !isStopped {
            let timeout = mailbox.withLock { box -> Int32 in
                box.rounds &+= 1
                box.isAsleep =
                    !handlerHolds && box.answers.isEmpty && box.tasks.isEmpty
                    && box.accepted.isEmpty && !box.isStopped && newListeners == nil
                    && (hasBegunDrain || box.drainNanoseconds == nil)
                return box.isAsleep ? sleepMilliseconds() : 0
            }
            let heldBefore = handlerHolds
            handedOn = false
            let count = unsafe system.wait(epoll, &events, milliseconds: timeout)
            now = SystemCalls.monotonicNanoseconds()
            takeMail()
            if let new = newListeners {
                newListeners = nil
                replaceListeners(with: new)
            }
            if isDraining, !hasBegunDrain { beginDrain(&buffers) }
            for place in 0..<count {
                let (bits, token) = unsafe (events[place].events, events[place].data.u64)
                dispatch(token: token, bits: bits, &buffers)
                // The queues must not wait for the end of a long round.
                if place % Self.socketsBetweenFlushes == Self.socketsBetweenFlushes - 1 {
                    finishRound()
                }
            }
            finishRound()
            // Whatever else was ready, it brought nothing for the handler to wait for.
            if heldBefore, !handedOn { letGo() }
            // All that is ready comes in one round: so a round's length tells how long clients wait.
            if unsafe count == events.count, count < Self.eventsMax {
                unsafe events = [epoll_event](repeating: epoll_event(), count: count * 2)
            }
            if now >= nextSweep {
                sweep()
                finishRound()
            }
            guard hasBegunDrain else { continue }
            if now >= drainDeadline { break }
            if connections.count == freeSlots.count, mailbox.closeIfEmpty() { break }
        }
        let late = mailbox.close()
        for task in late.tasks { task.perform() }
        for socket in late.accepted {
            shared.leave(socket.address, loop: index)
            SystemCalls.close(socket.fd)
        }
        if handlerHolds { handler.loopRests(index) }
        for place in connections.indices {
            if let connection = connections[place] { close(connection) }
        }
        shareCount()
        closeListeners()
    }

    /// Tells the handler that nothing more comes, and sends what it answers at once.
    private func letGo() {
        handlerHolds = false
        handler.loopRests(index)
        finishRound()
    }

    /// Lets the handler hand on what the round collected, takes the answers and sends them, until
    /// nothing is left: a sent answer may make room for a request that was held back.
    private func finishRound() {
        repeat {
            if hasNewRequests {
                hasNewRequests = false
                handedOn = true
                handlerHolds = handler.roundEnded(loop: index)
            }
            takeMail()
            flushTouched()
        } while hasNewRequests
        shareCount()
    }

    /// What is added to the common count at once.
    private static let uncountedMax = 32

    /// Counts requests that begin, or that end when negative: in common once a round, since loops wait for
    /// each other to change one number; at once where what others keep back could lead beyond the limit.
    func countRequests(_ change: Int) {
        requestsUncounted += change
        let room = limits.requestsInFlightMax - shared.requestsInFlight
        if requestsUncounted.magnitude >= Self.uncountedMax
            || room <= Self.uncountedMax * mailboxes.count
        {
            shareCount()
        }
    }

    private func shareCount() {
        if requestsUncounted == 0 { return }
        shared.addRequests(requestsUncounted)
        requestsUncounted = 0
    }

    /// Takes what other threads have left.
    private func takeMail() {
        var answers = arrived.take()
        var tasks = self.tasks.take()
        let news = mailbox.take(&answers, &tasks)
        isStopped = news.isStopped
        if let deadline = news.drainNanoseconds {
            isDraining = true
            drainDeadline = deadline
        }
        if let new = news.limits {
            limits = new
            limitsVersion += 1
        }
        if let new = news.listeners { newListeners = new }
        for socket in news.accepted { takeOver(socket) }
        for place in answers.indices { deliver(&answers[place]) }
        if !answers.isEmpty { answers.removeAll(keepingCapacity: answers.capacity <= 4096) }
        arrived = answers
        for task in tasks { task.perform() }
        if !tasks.isEmpty { tasks.removeAll(keepingCapacity: tasks.capacity <= 4096) }
        self.tasks = tasks
    }

    private func sleepMilliseconds() -> Int32 {
        let wakes = isDraining ? min(nextSweep, drainDeadline) : nextSweep
        if wakes == .max { return -1 }
        return wakes <= now
            ? 0 : Int32(truncatingIfNeeded: min((wakes - now) / 1_000_000 + 1, 60_000))
    }

    private func dispatch(token: UInt64, bits: UInt32, _ buffers: inout ReadBuffers) {
        if token == Self.wakeToken {
            SystemCalls.drainEvent(mailbox.wakeDescriptor)
        } else if token >= Self.listenerToken {
            let place = Int(token - Self.listenerToken)
            if place < listeners.count { acceptAll(listeners[place]) }
        } else if let connection = connection(token) {
            // Both directions are gone, and what may be left to read is not wanted: without this the
            // level-triggered event would come again and again.
            if bits & Self.broken != 0, connection.watched & Self.readable == 0 {
                return close(connection)
            }
            if bits & Self.writable != 0 { touch(connection) }
            if bits & ~Self.writable != 0 || connection.layers?.needsOutput == true {
                read(connection, &buffers)
            }
        }
    }

    // MARK: Draining

    /// How long a connection that has sent nothing may still send its first request: it was accepted, so
    /// whoever takes over the listener will not see it.
    private static let firstRequestNanoseconds: UInt64 = 1_000_000_000

    /// Answers still to come are waited for. What clients have sent already, and who has connected
    /// already, is served; connections between two requests are closed.
    private func beginDrain(_ buffers: inout ReadBuffers) {
        hasBegunDrain = true
        for listener in listeners { acceptRest(listener) }
        closeListeners()
        for place in connections.indices {
            guard let connection = connections[place] else { continue }
            if connection.isIdle { read(connection, &buffers) }
            guard isOpen(connection) else { continue }
            if connection.isIdle, connection.nextSequence == 0 {
                hurry(place)
            } else if connection.isIdle {
                close(connection)
            } else if connection.parser.isIdle {
                connection.isLast = true
                touch(connection)
            }
        }
    }

    /// Bounds how long a connection may take to send its first request while the loop drains.
    func hurry(_ slot: Int) {
        let deadline = min(deadlines[slot], now &+ Self.firstRequestNanoseconds)
        set(deadline: deadline, slot)
        nextSweep = min(nextSweep, deadline)
    }

    // MARK: Answers

    private func deliver(_ answer: inout LoopAnswer) {
        guard let connection = connection(answer.connection),
            connection.take(&answer.response, sequence: answer.sequence)
        else { return }
        touch(connection)
    }

    func touch(_ connection: Connection) {
        if connection.isTouched { return }
        connection.isTouched = true
        var touched = self.touched.take()
        touched.append(connection.id)
        self.touched = touched
    }

    /// `Date: …` with its line end, made once a second.
    var currentDateLine: [UInt8] {
        if now >= dateExpires {
            dateExpires = now + 1_000_000_000
            dateLine = Array("Date: \(HTTPDate.text(SystemCalls.realtimeSeconds()))\r\n".utf8)
        }
        return dateLine
    }
}
