internal import Synchronization

/// What the loops count together: connections, whole and by client, requests and bytes of bodies.
final class SharedCounters: Sendable {
    private struct State {
        var total = 0
        var byClient: [String: Int] = [:]

        mutating func drop(_ client: String) {
            let rest = byClient[client, default: 1] - 1
            byClient[client] = rest > 0 ? rest : nil
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

    /// Counts a connection in.
    ///
    /// - Returns: nil, or the name of the limit that forbids it.
    func enter(_ address: String, _ limits: HTTPLimits) -> String? {
        let client = Self.client(address)
        return state.withLock { state in
            let same = state.byClient[client, default: 0]
            if state.total >= limits.connectionsMax { return "connections_max" }
            if same >= limits.connectionsPerAddressMax { return "connections_per_address_max" }
            state.total += 1
            state.byClient[client] = same + 1
            return nil
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

    func leave(_ address: String) {
        let client = Self.client(address)
        state.withLock { state in
            state.total -= 1
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
