internal import Synchronization

/// What the loops count together: connections, whole and by client, requests and bytes of bodies.
final class SharedCounters: Sendable {
    private struct State {
        var total = 0
        var byLoop: [Int]
        var byClient: [String: Int] = [:]

        mutating func drop(_ client: String) {
            let rest = byClient[client, default: 1] - 1
            byClient[client] = rest > 0 ? rest : nil
        }
    }
    private let state: Mutex<State>
    private let requests = Atomic(0)
    private let bodyBytes = Atomic(0)

    /// What became of a connection that wants to come in.
    enum Entry: Equatable {
        /// The loop with this index is to serve it.
        case entered(loop: Int)
        /// The limit with this name forbids it.
        case refused(String)
    }

    init(loops: Int) {
        state = Mutex(State(byLoop: Array(repeating: 0, count: loops)))
    }

    var countsByLoop: [Int] { state.withLock { $0.byLoop } }
    var count: Int { state.withLock { $0.total } }
    var requestsInFlight: Int { requests.load(ordering: .relaxed) }
    var bodyBytesBuffered: Int { bodyBytes.load(ordering: .relaxed) }

    func addRequests(_ count: Int) { requests.wrappingAdd(count, ordering: .relaxed) }
    func addBodyBytes(_ count: Int) { bodyBytes.wrappingAdd(count, ordering: .relaxed) }

    /// Counts a connection in, at the loop that has accepted it unless another has clearly fewer: the
    /// kernel spreads connections over listeners by chance, and those that stay open would keep one loop
    /// busy while another sleeps.
    /// - Parameters:
    ///   - loop: which has accepted it.
    ///   - isBound: that loop is to serve it.
    func enter(
        _ address: String, _ limits: HTTPLimits, loop: Int, isBound: Bool = false
    ) -> Entry {
        let client = Self.client(address)
        return state.withLock { state in
            let same = state.byClient[client, default: 0]
            if state.total >= limits.connectionsMax { return .refused("connections_max") }
            if same >= limits.connectionsPerAddressMax {
                return .refused("connections_per_address_max")
            }
            state.total += 1
            state.byClient[client] = same + 1
            let best = isBound ? loop : Self.place(beside: loop, state.byLoop)
            state.byLoop[best] += 1
            return .entered(loop: best)
        }
    }

    /// Handing over costs a loop's wake-up, which a small difference is not worth.
    private static func place(beside own: Int, _ counts: [Int]) -> Int {
        var least = own
        for loop in counts.indices where counts[loop] < counts[least] { least = loop }
        return counts[own] - counts[least] > 1 + counts[own] / 16 ? least : own
    }

    /// Counts a connection at another loop.
    func move(from old: Int, to new: Int) {
        state.withLock { state in
            state.byLoop[old] -= 1
            state.byLoop[new] += 1
        }
    }

    /// Counts a connection under another address, unless a limit forbids it.
    func move(from old: String, to new: String, _ limits: HTTPLimits) -> Bool {
        let (old, new) = (Self.client(old), Self.client(new))
        if old == new { return true }
        return state.withLock { state in
            let same = state.byClient[new, default: 0]
            guard same < limits.connectionsPerAddressMax else { return false }
            state.byClient[new] = same + 1
            state.drop(old)
            return true
        }
    }

    func leave(_ address: String, loop: Int) {
        let client = Self.client(address)
        state.withLock { state in
            state.total -= 1
            state.byLoop[loop] -= 1
            state.drop(client)
        }
    }

    /// Whose connections are counted together: an IPv4 address, or the first 64 bits of an IPv6 address,
    /// since a single host has all addresses below them (RFC 6177 §2, RFC 7934 §3).
    private static func client(_ address: String) -> String {
        guard address.utf8.contains(UInt8(ascii: ":")) else { return address }
        return Listener.networkPrefix(address) ?? address
    }
}
