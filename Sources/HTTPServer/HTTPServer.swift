import Glibc
internal import Synchronization

/// An HTTP/1.1 server on epoll: one loop a thread, each with listeners of its own.
package final class HTTPServer: Sendable {
    private let places: Mutex<[ListeningPlace]>
    private let loops: [EventLoop]
    private let threads = Mutex<[pthread_t]>([])
    private let shared: SharedCounters

    /// Stack of a loop's thread; expressions are evaluated on it.
    package static let stackBytes = 16 << 20

    /// Binds every address for every loop; nothing is accepted before `start`.
    ///
    /// - Throws: `SystemError` naming the call that failed (`bind: Address already in use`).
    package convenience init(
        listeners: [HTTPListener], loops count: Int, limits: HTTPLimits,
        handler: any HTTPHandler
    ) throws(SystemError) {
        try self.init(
            listeners: listeners, loops: count, limits: limits, handler: handler,
            system: SystemCalls())
    }

    /// As above, for addresses where plain HTTP is spoken.
    package convenience init(
        listeners addresses: [ListenAddress], loops count: Int, limits: HTTPLimits,
        handler: any HTTPHandler
    ) throws(SystemError) {
        try self.init(
            listeners: addresses.map { HTTPListener($0) }, loops: count, limits: limits,
            handler: handler, system: SystemCalls())
    }

    /// As above, with system calls that a test can make fail.
    init(
        listeners listening: [HTTPListener], loops count: Int, limits: HTTPLimits,
        handler: any HTTPHandler, system: SystemCalls
    ) throws(SystemError) {
        let count = max(1, count)
        shared = SharedCounters(loops: count)
        let places = try Self.open(listening, loops: count, beside: [])
        self.places = Mutex(places)
        var mailboxes: [LoopMailbox] = []
        for _ in 0..<count { mailboxes.append(try LoopMailbox()) }
        var loops: [EventLoop] = []
        for index in 0..<count {
            loops.append(
                try EventLoop(
                    index: index, mailboxes: mailboxes,
                    listeners: places.map { $0.listener(of: index) }, limits: limits,
                    handler: handler, shared: shared, system: system))
        }
        self.loops = loops
    }

    /// Opens all, or none.
    ///
    /// - Parameter others: what this server listens on already.
    private static func open(
        _ listeners: [HTTPListener], loops: Int, beside others: [ListeningPlace]
    ) throws(SystemError) -> [ListeningPlace] {
        var places: [ListeningPlace] = []
        do throws(SystemError) {
            for listener in listeners {
                places.append(
                    try ListeningPlace.open(listener, loops: loops, beside: others + places))
            }
        } catch {
            for place in places { place.close() }
            throw error
        }
        return places
    }

    // MARK: Other listeners

    /// Where it listens, with the ports the system chose.
    package var boundAddresses: [ListenAddress] { places.withLock { $0.map(\.bound) } }

    /// Opens what is new among these listeners, so that taking them over cannot fail. Addresses that are
    /// open already keep their sockets, whatever else changes.
    ///
    /// - Throws: `SystemError` that names the address; nothing has changed then.
    package func prepare(_ listeners: [HTTPListener]) throws(SystemError) -> PreparedListeners {
        let current = places.withLock { $0 }
        var unused = current
        var kept: [Int: ListeningPlace] = [:]
        for (index, listener) in listeners.enumerated() {
            let known = unused.firstIndex { $0.settings.address == listener.address }
            guard let known else { continue }
            kept[index] = unused.remove(at: known)
        }
        let new = listeners.indices.filter { kept[$0] == nil }
        let opened = try Self.open(
            new.map { listeners[$0] }, loops: loops.count, beside: current)
        var prepared = PreparedListeners(opened: opened, removed: unused)
        do throws(SystemError) {
            var rest = opened[...]
            for (index, listener) in listeners.enumerated() {
                if let place = kept[index] {
                    try prepared.keep(place, as: listener)
                } else if let place = rest.popFirst() {
                    prepared.places.append(place)
                }
            }
        } catch {
            prepared.discard()
            throw error
        }
        return prepared
    }

    /// Accepts from these listeners from now on. Who has connected to one that is gone is served.
    package func use(_ prepared: PreparedListeners) {
        places.withLock { $0 = prepared.places }
        for loop in loops {
            loop.listen(on: prepared.places.map { $0.listener(of: loop.index) })
        }
        for place in prepared.removed { place.removePath() }
    }

    /// Starts the loops' threads.
    ///
    /// - Parameter processors: where the loops are to stay, one each; empty lets the system move them.
    ///   A client on the same machine (a proxy) that sends to a sleeping loop else draws it to its own
    ///   processor, where both then wait for each other while another has nothing to do (select_task_rq_fair
    ///   in Linux follows the one who wakes).
    package func start(on processors: [Int32] = []) throws(SystemError) {
        for loop in loops {
            let place = loop.index < processors.count ? processors[loop.index] : nil
            let thread = try SystemCalls.startThread(
                name: "loop-\(loop.index)", stackBytes: Self.stackBytes
            ) {
                if let place { Processors.stay(on: place) }
                loop.run()
            }
            threads.withLock { $0.append(thread) }
        }
    }

    /// Rounds that each loop has begun. Asking makes each begin another, so that a loop that is alive
    /// has a greater number the next time.
    package func heartbeats() -> [UInt64] { loops.map { $0.heartbeat() } }

    /// Connections open now.
    package var connectionCount: Int { shared.count }
    /// Connections that each loop serves now.
    package var connectionCounts: [Int] { shared.countsByLoop }
    /// Requests that wait for their answer now.
    package var requestsInFlight: Int { shared.requestsInFlight }
    /// Memory that incomplete bodies take now, in bytes.
    package var bodyBytesBuffered: Int { shared.bodyBytesBuffered }

    /// Holds connections to other limits: open ones from their next request on.
    package func update(_ limits: HTTPLimits) { for loop in loops { loop.update(limits) } }

    /// Stops accepting and lets every request under way be answered; after it `join` returns, at the
    /// latest when `deadlineMilliseconds` have passed and what is left has been cut.
    package func drain(deadlineMilliseconds: Int? = nil) {
        let deadline = deadlineMilliseconds.map {
            SystemCalls.monotonicNanoseconds() &+ UInt64(max(0, $0)) &* 1_000_000
        }
        for loop in loops { loop.drain(deadline: deadline ?? .max) }
    }

    /// Closes everything at once.
    package func stop() { for loop in loops { loop.stop() } }

    /// Waits for the loops to end after `drain` or `stop`.
    package func join() {
        let ended = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in ended { SystemCalls.join(thread) }
    }
}
