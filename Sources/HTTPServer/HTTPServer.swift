import Glibc
internal import Synchronization

/// An HTTP/1.1 server on epoll: one loop a thread, each with listeners of its own.
package final class HTTPServer: Sendable {
    /// Where it listens, with the ports the system chose.
    package let boundAddresses: [ListenAddress]
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
        listeners places: [HTTPListener], loops count: Int, limits: HTTPLimits,
        handler: any HTTPHandler, system: SystemCalls
    ) throws(SystemError) {
        shared = SharedCounters()
        var bound: [ListenAddress] = []
        var descriptors: [[Int32]] = Array(repeating: [], count: max(1, count))
        do throws(SystemError) {
            for place in places {
                bound.append(try Self.open(place, into: &descriptors))
            }
        } catch {
            for descriptor in descriptors.joined() { SystemCalls.close(descriptor) }
            throw error
        }
        boundAddresses = bound
        var loops: [EventLoop] = []
        for (place, own) in descriptors.enumerated() {
            loops.append(
                try EventLoop(
                    index: place,
                    listeners: zip(own, places).map { (fd: $0, settings: $1) }, limits: limits,
                    handler: handler,
                    shared: shared, system: system))
        }
        self.loops = loops
    }

    /// Opens one socket of the address a loop: of their own for TCP, where the system spreads
    /// connections over them, and of one open file otherwise.
    private static func open(
        _ listener: HTTPListener, into descriptors: inout [[Int32]]
    ) throws(SystemError) -> ListenAddress {
        var target = listener.address
        for place in descriptors.indices {
            switch target {
            case .tcp(let host, let port):
                let fd = try Listener.open(target, listener.access, isFirst: place == 0)
                descriptors[place].append(fd)
                if port == 0, let bound = Listener.boundPort(fd) {
                    target = .tcp(host: host, port: bound)
                }
            case .unix, .inherited, .activated:
                if place > 0, let first = descriptors[0].last {
                    descriptors[place].append(try SystemCalls.duplicate(first))
                } else {
                    descriptors[place].append(
                        try Listener.open(target, listener.access, isFirst: true))
                }
            }
        }
        return target
    }

    /// Starts the loops' threads.
    package func start() throws(SystemError) {
        for loop in loops {
            let thread = try SystemCalls.startThread(
                name: "loop-\(loop.index)", stackBytes: Self.stackBytes
            ) { loop.run() }
            threads.withLock { $0.append(thread) }
        }
    }

    /// Rounds that each loop has begun. Asking makes each begin another, so that a loop that is alive
    /// has a greater number the next time.
    package func heartbeats() -> [UInt64] { loops.map { $0.heartbeat() } }

    /// Connections open now.
    package var connectionCount: Int { shared.count }
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
