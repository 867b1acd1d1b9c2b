/// A set of queues, as bits of their index in the `GroupCommitter`.
package struct QueueSet: OptionSet, Sendable, Hashable {
    /// Bit `n` stands for queue `n`; so there are at most 64 queues.
    package var rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The queue at this index; an index of 64 or more gives the empty set.
    package init(index: Int) {
        self.init(rawValue: index >= 0 && index < 64 ? 1 << UInt64(index) : 0)
    }

    /// Queues 0 to `count` - 1.
    package static func all(count: Int) -> QueueSet {
        QueueSet(rawValue: count >= 64 ? .max : (1 << UInt64(max(count, 0))) &- 1)
    }
}

/// The events of one request, and what to do once they are durable.
package final class Submission: Sendable {
    /// What became of it: the outcomes of its events in order, or the first failure. An event
    /// counts as a duplicate only when it was one in every queue; the sequence is the one of the
    /// first queue that stored it.
    package typealias Outcome = Result<AppendOutcomes, QueueError>

    /// What is stored.
    package let events: [QueuedEvent]
    /// Where; every one of them must have it before its owner hears of success.
    package let queues: QueueSet
    /// Who hears of it.
    package let owner: any SubmissionOwner

    /// What its events weigh together (`QueuedEvent.byteCount`).
    package let byteCount: Int

    package init(
        events: [QueuedEvent], queues: QueueSet, owner: any SubmissionOwner
    ) {
        self.events = events
        byteCount = events.reduce(0) { $0 &+ $1.byteCount }
        self.queues = queues
        self.owner = owner
    }

    /// What it takes of the room on the way to the disk.
    var load: CommitShares.Load { CommitShares.Load(events: events.count, bytes: byteCount) }

    /// In whose share; a submission holds the events of one request.
    var integration: String { events.first?.integration ?? "" }
}

/// Who made a submission.
package protocol SubmissionOwner: AnyObject, Sendable {
    /// Called once, on the thread that committed, when it is durable in every one of its queues or one has
    /// failed; on the thread that submitted when there was nothing to commit. It must not block. Its room is
    /// free again already (`CommitLimits.bytesInFlightMax`).
    func finished(_ submission: Submission, _ outcome: Submission.Outcome)
}

/// A submission that was not accepted: its owner never hears of it again.
package struct SubmissionRefusal: Sendable, Equatable {
    /// Its place among those that were submitted.
    package let index: Int
    /// What it would have gone beyond; nil when the committer is stopping.
    package let limit: CommitLimit?
}

/// A limit of the way to the disk, by its name in the configuration.
package enum CommitLimit: String, Sendable {
    case eventsInFlight = "events_in_flight_max"
    case bytesInFlight = "bytes_in_flight_max"
    case queueTime = "queue_time_max"
}

/// A submission of which every queue has answered.
struct FinishedSubmission: Sendable {
    let submission: Submission
    let outcome: Submission.Outcome
}

/// How much may wait for the disk.
package struct CommitLimits: Sendable, Equatable {
    /// Events accepted and not yet completed.
    package var eventsInFlightMax = 16384
    /// Their bytes.
    package var bytesInFlightMax = 64 << 20
    /// How long an event may be expected to wait until it is stored; what would wait longer is refused
    /// at once.
    package var queueTimeMilliseconds = 1500
    /// Events of one commit.
    package var eventsPerCommitMax = 1024
    /// Bytes of one commit.
    package var bytesPerCommitMax = 8 << 20

    package init() {}
}
