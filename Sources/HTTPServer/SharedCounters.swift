internal import Synchronization

/// What the loops count together: connections, whole and by address, requests and bytes of bodies.
final class SharedCounters: Sendable {
    private struct State {
        var total = 0
        var byAddress: [String: Int] = [:]

        mutating func drop(_ address: String) {
            let rest = byAddress[address, default: 1] - 1
            byAddress[address] = rest > 0 ? rest : nil
        }
    }
    private let state = Mutex(State())
    private let requests = Atomic(0)
    private let bodyBytes = Atomic(0)

    var count: Int { state.withLock { $0.total } }
    var requestsInFlight: Int { requests.load(ordering: .relaxed) }
    var bodyBytesBuffered: Int { bodyBytes.load(ordering: .relaxed) }

    func addRequests(_ count: Int) { requests.wrappingAdd(count, ordering: .relaxed) }
    func addBodyBytes(_ count: Int) { bodyBytes.wrappingAdd(count, ordering: .relaxed) }

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

    /// Counts a connection under another address, unless a limit forbids it.
    func move(from old: String, to new: String, _ limits: HTTPLimits) -> Bool {
        state.withLock { state in
            let same = state.byAddress[new, default: 0]
            guard same < limits.connectionsPerAddressMax else { return false }
            state.byAddress[new] = same + 1
            state.drop(old)
            return true
        }
    }

    func leave(_ address: String) {
        state.withLock { state in
            state.total -= 1
            state.drop(address)
        }
    }
}
