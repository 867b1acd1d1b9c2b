/// A delivery that passed its integration's verification (or whose integration says that there is
/// none, or only watches). Only the pipeline can make one, so nothing else reaches a queue.
package struct VerifiedDelivery: Sendable {
    /// What stands behind a delivery.
    package enum Verification: Sendable, Equatable {
        /// The signature of this format passed.
        case passed(format: String)
        /// `signature_verification: none`.
        case none
        /// `enforce: false`, and the signature failed for this reason.
        case unverified(RefusalReason)

        /// The value of the CloudEvents extension `verification`.
        package var text: String {
            switch self {
            case .passed(let format): format
            case .none: "none"
            case .unverified: "unverified"
            }
        }
    }

    package let verification: Verification
    package let events: [WebhookEvent]

    init(verification: Verification, events: [WebhookEvent]) {
        self.verification = verification
        self.events = events
    }
}

/// One event for the queues.
package struct WebhookEvent: Sendable {
    package let id: String
    package let type: String
    package let timeMilliseconds: Int64
    /// The CloudEvents 1.0 JSON object, without `sequence`.
    package let cloudEvent: [UInt8]
    /// The captured request as a JSON object.
    package let capturedRequest: [UInt8]
    /// How long a second event of the same id counts as a duplicate; nil = never.
    package let deduplicationWindowMilliseconds: Int64?
}
