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
    package static let stackBytes = 4 << 20

    /// Binds every address for every loop; nothing is accepted before `start`.
    ///
    /// - Throws: `SystemError` naming the call that failed (`bind: Address already in use`).
    package init(
        listeners addresses: [ListenAddress], loops count: Int, limits: HTTPLimits,
        handler: any HTTPHandler
    ) throws(SystemError) {
        shared = SharedCounters()
        var bound: [ListenAddress] = []
        var descriptors: [[Int32]] = Array(repeating: [], count: max(1, count))
        for address in addresses {
            var target = address
            for place in descriptors.indices {
                if place > 0, case .unix = address { continue }
                let fd = try Listener.open(target)
                if place == 0, case .tcp(let host, 0) = address, let port = Listener.boundPort(fd) {
                    target = .tcp(host: host, port: port)
                }
                descriptors[place].append(fd)
            }
            bound.append(target)
        }
        boundAddresses = bound
        var loops: [EventLoop] = []
        for (place, listeners) in descriptors.enumerated() {
            loops.append(
                try EventLoop(
                    index: place, listeners: listeners, limits: limits, handler: handler,
                    shared: shared))
        }
        self.loops = loops
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

    /// Connections open now.
    package var connectionCount: Int { shared.count }

    /// Stops accepting and lets every request under way be answered; after it `join` returns.
    package func drain() { for loop in loops { loop.drain() } }

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

/// What the loops count together: connections, whole and by address.
final class SharedCounters: Sendable {
    private struct State {
        var total = 0
        var byAddress: [String: Int] = [:]
    }
    private let state = Mutex(State())

    var count: Int { state.withLock { $0.total } }

    /// Counts a connection in, unless a limit forbids it.
    func enter(_ address: String, _ limits: HTTPLimits) -> Bool {
        state.withLock { state in
            let same = state.byAddress[address, default: 0]
            guard state.total < limits.connectionsMax, same < limits.connectionsPerAddressMax
            else { return false }
            state.total += 1
            state.byAddress[address] = same + 1
            return true
        }
    }

    func leave(_ address: String) {
        state.withLock { state in
            state.total -= 1
            let rest = state.byAddress[address, default: 1] - 1
            state.byAddress[address] = rest > 0 ? rest : nil
        }
    }
}
