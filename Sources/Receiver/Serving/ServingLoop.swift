import EventQueue
import HTTPServer
import Synchronization
import Webhooks

/// What requests of one loop write to and refer to: its own, since loops that wrote to the same memory, or
/// counted references to the same object, would wait for each other's processor with each request.
final class ServingLoop: Sendable {
    /// A submission of this round and whom to answer when there is no room for it.
    struct Pending {
        let submission: Submission
        let answer: PendingAnswer
    }

    let pending = Mutex<[Pending]>([])
    /// Whose submissions wait for the loop to have nothing more to do.
    let held = Mutex<[QueueGroup]>([])
    /// Since when, in monotonic nanoseconds.
    let heldSince = Atomic<UInt64>(0)
    let time = RoundTime()
    let routes: LoopRoutes
    let identifiers: RequestIdentifiers
    let randomBits: @Sendable () -> UInt64
    let stageEnded: @Sendable (PipelineStage, UInt64) -> Void
    let metrics: LoopMetrics
    let log: LogPart
    let recent: RecentRequests.Part
    /// What stands before the path where neither `public_url` nor a proxy says what was called.
    let origin = Mutex("http://localhost")
    private let isDraining = Atomic(false)

    init(
        snapshot: Snapshot, identifiers: RequestIdentifiers, metrics: LoopMetrics, log: LogPart,
        recent: RecentRequests.Part, index: Int
    ) {
        routes = LoopRoutes(snapshot, loop: index)
        self.identifiers = identifiers
        self.metrics = metrics
        self.log = log
        self.recent = recent
        let pool = RandomPool()
        randomBits = { pool.next() }
        let stages = metrics.stages
        stageEnded = { stages.record($0, nanoseconds: $1) }
    }

    /// From now on connections are closed after their answer.
    func beginDraining() { isDraining.store(true, ordering: .relaxed) }

    /// Hands an answer to the loop.
    func send(_ exchange: HTTPExchange, _ response: HTTPResponse) {
        var response = response
        if isDraining.load(ordering: .relaxed) { response.closesConnection = true }
        exchange.respond(response)
    }

    /// What waits for the loop to rest, from now on let go.
    func takeHeld() -> [QueueGroup] {
        held.withLock { held in
            defer { held.removeAll(keepingCapacity: true) }
            return held
        }
    }
}
