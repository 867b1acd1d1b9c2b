import Synchronization

/// Where one loop's requests go: the configuration that it uses, and its own copies of what they have
/// needed of it. References are counted, and a count that the processors of two loops change goes to and
/// fro between them with each request.
final class LoopRoutes: Sendable {
    private struct State {
        var snapshot: Snapshot
        var settings: ServingSettings
        var destinations: [Substring: Destination] = [:]
        /// By the snapshot's own.
        var integrations: [ObjectIdentifier: ActiveIntegration] = [:]

        init(_ snapshot: Snapshot) {
            self.snapshot = snapshot
            settings = snapshot.settings.copy()
        }
    }
    private let state: Mutex<State>
    private let loop: Int

    /// Beyond these, which each take memory, loops share what the snapshot has.
    static let integrationsMax = 256
    static let destinationsMax = 1024

    /// - Parameter loop: its number.
    init(_ snapshot: Snapshot, loop: Int) {
        state = Mutex(State(snapshot))
        self.loop = loop
    }

    /// The destination of a path, or nil (`Snapshot.destination`).
    func destination(of path: Substring) -> Destination? {
        state.withLock { state in
            if let known = state.destinations[path] { return known }
            guard let shared = state.snapshot.destination(of: path) else { return nil }
            guard let active = own(shared.active, &state) else { return shared }
            let own = Destination(active: active, account: shared.account)
            if state.destinations.count < Self.destinationsMax {
                // Not a part of the request's memory.
                state.destinations[path.copy()[...]] = own
            }
            return own
        }
    }

    private func own(_ shared: ActiveIntegration, _ state: inout State) -> ActiveIntegration? {
        let key = ObjectIdentifier(shared)
        if let known = state.integrations[key] { return known }
        guard state.integrations.count < Self.integrationsMax else { return nil }
        let own = shared.copy(state.settings, loop: loop)
        state.integrations[key] = own
        return own
    }

    /// Goes on with another configuration.
    func replace(with snapshot: Snapshot) {
        let old = state.withLock { state in
            defer { state = State(snapshot) }
            return state
        }
        // From here on, what was routed by it is routed anew.
        old.settings.retire()
    }
}
