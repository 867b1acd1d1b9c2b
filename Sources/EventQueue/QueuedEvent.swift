/// An event on its way into a queue.
///
/// `document` is a CloudEvents 1.0 JSON object in UTF-8 without `sequence`, which the queue splices
/// in as its first member. `request` is the captured request as JSON, or empty when there is none.
/// An object, since it goes from list to list on its way.
package final class QueuedEvent: Sendable {
    /// The identifier of the event: the vendor's delivery id, or one made by us.
    package let id: String
    /// The name of the integration that received it.
    package let integration: String
    /// The account that received it, if the route names one.
    package let account: String?
    /// The CloudEvents type.
    package let type: String
    /// When the request was received, in milliseconds since 1970.
    package let timeMilliseconds: Int64
    /// How long a second event with the same integration, account and id counts as a duplicate;
    /// nil stores every event.
    package let deduplicationWindowMilliseconds: Int64?
    /// The CloudEvent: a JSON object that starts with `{`.
    package let document: [UInt8]
    /// The captured request as a JSON value, or empty.
    package let request: [UInt8]
    /// Whether either has a newline. Found where they were made, whose processor has them at hand.
    let hasNewlines: Bool

    /// An event with all its members.
    package init(
        id: String, integration: String, account: String?, type: String, timeMilliseconds: Int64,
        deduplicationWindowMilliseconds: Int64? = nil, document: [UInt8], request: [UInt8] = []
    ) {
        self.id = id
        self.integration = integration
        self.account = account
        self.type = type
        self.timeMilliseconds = timeMilliseconds
        self.deduplicationWindowMilliseconds = deduplicationWindowMilliseconds
        self.document = document
        self.request = request
        hasNewlines =
            EventLine.newline(in: document, from: 0) != nil
            || EventLine.newline(in: request, from: 0) != nil
    }

    /// What the event weighs against `CommitLimits.bytesInFlightMax`.
    package var byteCount: Int { document.count &+ request.count &+ 256 }
}

/// What became of an appended event. In both cases it is on stable storage.
package enum AppendOutcome: Sendable, Equatable {
    /// Stored under this number; numbers of one queue only ever rise.
    case stored(sequence: UInt64)
    /// An event with the same integration, account and id is stored already, inside its window.
    case duplicate
}
