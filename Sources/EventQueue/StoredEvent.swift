/// Where an event is in its life. The raw values are those of the column `state`.
package enum EventState: String, Sendable, CaseIterable {
    /// Waits for a consumer, possibly for the end of a backoff.
    case ready
    /// A consumer has it.
    case leased
    /// A consumer acknowledged it.
    case done
    /// Delivered too often without an acknowledgement.
    case dead
}

/// An event as a queue holds it.
package struct StoredEvent: Sendable, Equatable {
    /// The number under which it is stored.
    package var sequence: UInt64
    /// The event's identifier.
    package var id: String
    /// The integration that received it.
    package var integration: String
    /// The account that received it.
    package var account: String?
    /// The CloudEvents type.
    package var type: String
    /// When it was received, in milliseconds since 1970.
    package var receivedAtMilliseconds: Int64
    /// Where it is in its life.
    package var state: EventState
    /// How often it was leased.
    package var attempts: Int
    /// When it may be leased next, in milliseconds since 1970; 0 means at once. While leased: when
    /// the lease runs out.
    package var visibleAtMilliseconds: Int64
    /// What the last consumer said when it gave the event back.
    package var lastError: String?
    /// The CloudEvent with `sequence`: a JSON object.
    package var document: [UInt8]
    /// The captured request as JSON, or empty.
    package var request: [UInt8]

    package init(
        sequence: UInt64, id: String, integration: String, account: String?, type: String,
        receivedAtMilliseconds: Int64, state: EventState = .ready, attempts: Int = 0,
        visibleAtMilliseconds: Int64 = 0, lastError: String? = nil, document: [UInt8],
        request: [UInt8]
    ) {
        self.sequence = sequence
        self.id = id
        self.integration = integration
        self.account = account
        self.type = type
        self.receivedAtMilliseconds = receivedAtMilliseconds
        self.state = state
        self.attempts = attempts
        self.visibleAtMilliseconds = visibleAtMilliseconds
        self.lastError = lastError
        self.document = document
        self.request = request
    }
}

/// Which events to list. Members that are nil match everything.
package struct EventFilter: Sendable {
    /// Only events in one of these states.
    package var states: [EventState]?
    /// Only events of this integration.
    package var integration: String?
    /// Only events of this account.
    package var account: String?
    /// Only events of this type.
    package var type: String?
    /// Only the event with this identifier.
    package var id: String?
    /// Only events with a greater number (oldest first), or a smaller one (newest first, unless 0).
    package var afterSequence: UInt64
    /// At most so many.
    package var limit: Int
    /// From the end to the start.
    package var newestFirst: Bool

    package init(
        states: [EventState]? = nil, integration: String? = nil, account: String? = nil,
        type: String? = nil, id: String? = nil, afterSequence: UInt64 = 0, limit: Int = 100,
        newestFirst: Bool = false
    ) {
        self.states = states
        self.integration = integration
        self.account = account
        self.type = type
        self.id = id
        self.afterSequence = afterSequence
        self.limit = limit
        self.newestFirst = newestFirst
    }
}

/// The right to acknowledge one event. Its text form, `NUMBER.TOKEN`, is what the command line takes.
package struct Lease: Sendable, Equatable, CustomStringConvertible {
    /// The event's number.
    package var sequence: UInt64
    /// 32 lower-case hex digits, new for every lease.
    package var token: String

    package init(sequence: UInt64, token: String) {
        self.sequence = sequence
        self.token = token
    }

    /// Reads the text form; nil when it is not one.
    package init?(_ text: String) {
        guard let dot = text.utf8.firstIndex(of: UInt8(ascii: ".")),
            let sequence = UInt64(text[..<dot])
        else { return nil }
        let token = text[text.utf8.index(after: dot)...]
        guard token.utf8.count == 32, token.utf8.allSatisfy(Hex.isLowercaseDigit) else {
            return nil
        }
        self.init(sequence: sequence, token: String(token))
    }

    package var description: String { "\(sequence).\(token)" }
}

/// An event and the right to acknowledge it.
package struct LeasedEvent: Sendable, Equatable {
    /// The event, in state `leased`.
    package var event: StoredEvent
    /// What `ack`, `nack` and `extend` want.
    package var lease: Lease

    package init(event: StoredEvent, lease: Lease) {
        self.event = event
        self.lease = lease
    }
}

/// What became of an event that was given back.
package enum NackOutcome: Sendable, Equatable {
    /// Ready again at this time, in milliseconds since 1970.
    case retry(atMilliseconds: Int64)
    /// It was the last attempt: the event is a dead letter.
    case dead
    /// The lease had run out before; nothing was changed.
    case lost
}
