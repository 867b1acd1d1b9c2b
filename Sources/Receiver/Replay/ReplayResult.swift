import EventQueue
import JSON
import Webhooks

/// What became of one capture.
struct ReplayResult {
    /// How it ended.
    enum Outcome: Equatable {
        case accepted
        case handshake(status: Int)
        case meta
        case refused(RefusalReason)
        case malformed(MalformedReason)
        case failed(StageFailure)
        case misconfigured(Misconfiguration)
        /// No integration or account of this configuration has its path.
        case unrouted

        init(_ decision: Decision) {
            switch decision {
            case .accepted: self = .accepted
            case .handshake(let response, _): self = .handshake(status: response.statusCode)
            case .meta: self = .meta
            case .refused(let reason): self = .refused(reason)
            case .malformed(let reason): self = .malformed(reason)
            case .failed(let failure): self = .failed(failure)
            case .misconfigured(let problem): self = .misconfigured(problem)
            }
        }

        /// One word.
        var name: String {
            switch self {
            case .accepted: "accepted"
            case .handshake: "handshake"
            case .meta: "meta"
            case .refused: "refused"
            case .malformed: "malformed"
            case .failed: "failed"
            case .misconfigured: "misconfigured"
            case .unrouted: "unrouted"
            }
        }

        /// Why; nil when there is nothing to explain.
        var reason: String? {
            switch self {
            case .accepted, .handshake, .meta: nil
            case .refused(let reason): reason.rawValue
            case .malformed(let reason): reason.rawValue
            case .failed(let failure): failure.description
            case .misconfigured(let problem): problem.description
            case .unrouted: "no integration or account has this path"
            }
        }

        var isGood: Bool {
            switch self {
            case .accepted, .handshake, .meta: true
            default: false
            }
        }

        /// The outcome and its reason.
        var text: String { reason.map { "\(name) (\($0))" } ?? name }
    }

    let capture: Capture
    let outcome: Outcome
    var trace = PipelineTrace(isRecording: false)
    var integration: String?
    var account: String?
    /// What the signature stage looks at, without any value.
    var explanation: [String] = []
    /// What of that the capture does not hold.
    var missing: [String] = []
    var delivery: VerifiedDelivery?
    var queues: QueueSet = []

    static func delivery(_ decision: Decision) -> VerifiedDelivery? {
        if case .accepted(let delivery, _) = decision { return delivery }
        return nil
    }

    /// What the signature would have been judged by was not kept: that it is refused says nothing.
    var isUndecidable: Bool {
        guard case .refused = outcome else { return false }
        return !missing.isEmpty
    }

    /// What differs from what was recorded; nil when nothing was recorded.
    func changes() -> [String]? {
        guard let recorded = capture.recorded else { return nil }
        if isUndecidable { return [] }
        switch recorded {
        case .refused(let reason):
            let same = outcome.reason == reason
            return same ? [] : ["was refused (\(reason)), now \(outcome.text)"]
        case .stored(let id, let type, let data):
            guard outcome == .accepted, let events = delivery?.events else {
                return ["was accepted, now \(outcome.text)"]
            }
            guard events.count <= 1 || events.contains(where: { $0.id == id }) else {
                return ["was one event, now \(events.count)"]
            }
            guard let event = events.first(where: { $0.id == id }) ?? events.first else {
                return ["was one event, now none"]
            }
            var changes: [String] = []
            // An id that Postern makes is another each time.
            if event.id != id, event.deduplicationWindowMilliseconds != nil {
                changes.append("id was \(id), now \(event.id)")
            }
            if event.type != type { changes.append("type was \(type), now \(event.type)") }
            let now = (try? JSONValue(parsing: event.cloudEvent)).map(Capture.data) ?? []
            if now != data, !Self.isSameJSON(now, data) { changes.append("data is another") }
            return changes
        }
    }

    /// What differs from another configuration's result for the same capture.
    func changes(from other: ReplayResult) -> [String] {
        guard outcome == other.outcome else {
            return ["was \(other.outcome.text), now \(outcome.text)"]
        }
        let before = other.delivery?.events ?? []
        let after = delivery?.events ?? []
        guard before.count == after.count else {
            return ["was \(before.count) events, now \(after.count)"]
        }
        var changes: [String] = []
        for (old, new) in zip(before, after) {
            if old.id != new.id, new.deduplicationWindowMilliseconds != nil {
                changes.append("id was \(old.id), now \(new.id)")
            }
            if old.type != new.type { changes.append("type was \(old.type), now \(new.type)") }
            let data = [old, new].map { event in
                (try? JSONValue(parsing: event.cloudEvent)).map(Capture.data) ?? []
            }
            if !Self.isSameJSON(data[0], data[1]) { changes.append("data is another") }
        }
        return changes
    }

    private static func isSameJSON(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        if left == right { return true }
        guard let left = try? JSONValue(parsing: left), let right = try? JSONValue(parsing: right)
        else { return false }
        return left == right
    }
}
