import EventQueue

/// The queues of one configuration, and the threads that commit to them.
///
/// Requests hold the group that they were routed to. One that a reload has replaced goes on until the
/// last of them is answered; `RetiredGroup` closes it then.
final class QueueGroup: Sendable {
    let queues: [any EventQueue]
    let settings: [QueueSettings]
    let committer: GroupCommitter
    /// Where who waits for a commit is put, and handed to his loop from.
    let answers = AnswerBatch()

    var names: [String] { settings.map(\.name) }

    init(
        queues: [any EventQueue], settings: [QueueSettings], limits: CommitLimits,
        metrics: Metrics
    ) throws(QueueError) {
        self.queues = queues
        self.settings = settings
        committer = try GroupCommitter(
            queues: queues, limits: limits, clock: { Clock.nowMilliseconds },
            monotonic: { Clock.monotonicNanoseconds },
            told: { [answers] in answers.flush() },
            observer: metrics.commitObserver(queueNames: settings.map(\.name)))
    }

    /// The places of queues named, or of all.
    func places(of chosen: [String]?) -> QueueSet {
        guard let chosen else { return .all(count: settings.count) }
        var places: QueueSet = []
        for (index, one) in settings.enumerated() where chosen.contains(one.name) {
            places.insert(QueueSet(index: index))
        }
        return places
    }

    /// The open queue that lies where these settings say.
    func queue(at place: QueueSettings) -> (queue: any EventQueue, name: String)? {
        for (queue, settings) in zip(queues, settings) where settings.liesWith(place) {
            return (queue, settings.name)
        }
        return nil
    }
}

/// A group that is not used for new requests any more.
struct RetiredGroup: Sendable {
    private(set) weak var group: QueueGroup?
    /// Kept alive here, so that its threads are never joined by one of themselves.
    private let committer: GroupCommitter
    /// Queues that the new configuration does not have.
    let closing: [(queue: any EventQueue, settings: QueueSettings)]

    init(_ group: QueueGroup, keeping new: QueueGroup) {
        self.group = group
        committer = group.committer
        closing = zip(group.queues, group.settings)
            .filter { new.queue(at: $0.1) == nil }
            .map { (queue: $0.0, settings: $0.1) }
    }

    /// Commits what it still has, then closes the queues that nobody else has.
    func close() {
        committer.drainAndStop()
        for one in closing { one.queue.close() }
    }
}

extension QueueSettings {
    /// True when both name the same place on the disk.
    func liesWith(_ other: QueueSettings) -> Bool {
        kind == other.kind && path == other.path
    }
}
