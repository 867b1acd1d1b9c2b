import HTTPServer
import Synchronization

/// The admin listener, which a reload may add, move and remove.
final class AdminListener: Sendable {
    /// A server with its handler's threads.
    struct Running: Sendable {
        let server: HTTPServer
        let handler: AdminHandler

        /// Closes sockets and threads at once.
        func stop() {
            handler.stop()
            server.stop()
            server.join()
        }
    }

    private struct State {
        var running: Running?
        /// Removed by reloads; their last answers may be on their way.
        var ending: [Running] = []
    }
    private let state = Mutex(State())

    /// Opens the sockets; nothing is accepted before `start`.
    static func make(
        _ listeners: [HTTPListener], handler: AdminHandler
    ) throws(StartFailure) -> Running {
        var limits = HTTPLimits()
        limits.connectionsMax = 256
        do throws(SystemError) {
            let server = try HTTPServer(
                listeners: listeners, loops: 1, limits: limits, handler: handler)
            return Running(server: server, handler: handler)
        } catch {
            handler.stop()
            throw StartFailure("listening on \(error)")
        }
    }

    var running: Running? { state.withLock { $0.running } }

    var boundAddresses: [ListenAddress] { running?.server.boundAddresses ?? [] }

    func heartbeats() -> [UInt64] { running?.server.heartbeats() ?? [] }

    func start() throws(SystemError) { try running?.server.start() }

    /// Takes over another one, or none. What the one before is about to answer is answered, then its
    /// connections end.
    func use(_ new: Running?) {
        let old = state.withLock { state in
            defer { state.running = new }
            if let old = state.running { state.ending.append(old) }
            return state.running
        }
        old?.server.drain(deadlineMilliseconds: 5000)
    }

    func stop() {
        let all = state.withLock { state in
            defer { state = State() }
            return state.ending + (state.running.map { [$0] } ?? [])
        }
        for one in all { one.stop() }
    }
}
