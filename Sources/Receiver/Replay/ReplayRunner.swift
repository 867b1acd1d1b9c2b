import EventQueue
import JSON
import Webhooks

/// Runs captures through the pipeline of one configuration. Nothing is stored; updates of contexts are
/// kept for the captures that follow, in memory only.
final class ReplayRunner {
    /// The clock that signatures are judged by.
    enum ReplayClock: Sendable, Equatable {
        /// When the request was received; now when the capture does not say.
        case captured
        case now
        case fixed(Int64)
    }

    private struct Owner: Hashable {
        let integration: String
        let account: String?
    }

    let snapshot: Snapshot
    private let stored: ContextStore?
    private var updates: [Owner: JSONObject] = [:]
    private let clock: ReplayClock
    private let keySets: DirectKeySets
    /// Overrides whose requests they are.
    private let integration: String?
    private let account: String?

    /// - Parameters:
    ///   - loaded: the configuration.
    ///   - integration: takes the place of the captures' own; likewise `account`.
    /// - Throws: `QueueError` when the stored contexts cannot be read.
    init(
        _ loaded: LoadedConfiguration, clock: ReplayClock, integration: String? = nil,
        account: String? = nil
    ) throws(QueueError) {
        self.clock = clock
        keySets = DirectKeySets(
            loaded.configuration.keySets,
            folder: loaded.configuration.file.map(FileSystem.folder) ?? ".")
        self.integration = integration
        self.account = account
        let metrics = Metrics()
        // Nothing is appended by these pipelines: the queues need not be open.
        let group = try QueueGroup(
            queues: [], settings: loaded.configuration.queues, limits: CommitLimits(),
            metrics: metrics)
        snapshot = Snapshot(loaded, metrics: metrics, group: group)
        let state = FileSystem.join(loaded.configuration.dataDirectory, "state.db")
        stored =
            FileSystem.exists(state) ? try ContextStore(store: try StateStore(path: state)) : nil
    }

    deinit { stored?.close() }

    /// Runs one capture.
    func run(_ capture: Capture) -> ReplayResult {
        let now = Clock.nowMilliseconds
        guard let destination = destination(of: capture) else {
            return ReplayResult(capture: capture, outcome: .unrouted)
        }
        let owner = Owner(
            integration: destination.active.integration.name, account: destination.account?.id)
        var context = stored?.context(
            integration: owner.integration, account: owner.account,
            configured: destination.account?.context ?? JSONObject())
        context = context ?? destination.account?.context ?? JSONObject()
        for (key, value) in updates[owner] ?? JSONObject() { context?[key] = value }
        let time =
            switch clock {
            case .captured: capture.receivedAtMilliseconds ?? now
            case .now: now
            case .fixed(let time): time
            }
        var trace = PipelineTrace(isRecording: true)
        let decision = destination.active.pipeline.run(
            capture.received(publicURL: snapshot.configuration.publicURL, nowMilliseconds: time),
            account: AccountState(id: owner.account, context: context ?? JSONObject()),
            environment: PipelineEnvironment(
                nowMilliseconds: time, monotonicNanoseconds: { Clock.monotonicNanoseconds },
                randomBits: {
                    var generator = SystemRandomNumberGenerator()
                    return generator.next()
                },
                decodeContent: { Inflater.decode($0, $1, maximum: $2) }, keySet: keySets.source),
            trace: &trace)
        let result = ReplayResult(
            capture: capture, outcome: ReplayResult.Outcome(decision), trace: trace,
            integration: owner.integration, account: owner.account,
            explanation: SignatureExplanation.lines(destination.active.integration, capture),
            missing: SignatureExplanation.missing(destination.active.integration, capture),
            delivery: ReplayResult.delivery(decision), queues: destination.active.queues)
        keep(decision, owner, context ?? JSONObject())
        return result
    }

    private func destination(of capture: Capture) -> Destination? {
        if let name = integration {
            let account = account ?? capture.account
            let path = account.map { "/webhooks/\(name)/\($0)" } ?? "/webhooks/\(name)"
            return snapshot.destination(of: path[...])
        }
        if let found = snapshot.destination(of: capture.path) { return found }
        guard let name = capture.integration else { return nil }
        let path = capture.account.map { "/webhooks/\(name)/\($0)" } ?? "/webhooks/\(name)"
        return snapshot.destination(of: path[...])
    }

    /// Lets later captures see what this one puts into its context.
    private func keep(_ decision: Decision, _ owner: Owner, _ context: JSONObject) {
        let update: ContextUpdate?
        switch decision {
        case .accepted(_, let found), .handshake(_, let found), .meta(let found): update = found
        default: update = nil
        }
        guard let update, let after = update.applied(to: context) else { return }
        var kept = updates[owner] ?? JSONObject()
        for (key, _) in update.members { kept[key] = after[key] }
        updates[owner] = kept
    }
}
