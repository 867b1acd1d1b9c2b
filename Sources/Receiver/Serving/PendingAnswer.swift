import Cryptography
import EventQueue
import HTTPServer
import Synchronization
import Webhooks

/// One request on its way to an answer: counts it, logs it, answers it.
final class PendingAnswer: LoopTask, SubmissionOwner {
    private struct State {
        /// Why it was not verified and is stored all the same.
        var unverified: String?
        /// What became of its events.
        var outcome: Submission.Outcome?
        /// They were made on the loop, and are given back there.
        var submission: Submission?
    }

    let exchange: HTTPExchange
    let identifier: String
    let destination: Destination
    private let decidedNanoseconds: UInt64
    let loop: ServingLoop
    /// False once another thread than the loop's has taken over.
    private let onLoop = Atomic(true)
    private let state = Mutex(State())

    init(
        exchange: HTTPExchange, identifier: String, destination: Destination,
        decidedNanoseconds: UInt64, loop: ServingLoop
    ) {
        self.exchange = exchange
        self.identifier = identifier
        self.destination = destination
        self.decidedNanoseconds = decidedNanoseconds
        self.loop = loop
    }

    var isOnLoop: Bool { onLoop.load(ordering: .relaxed) }

    func leaveLoop() { onLoop.store(false, ordering: .relaxed) }

    func unverifiedReason(_ reason: String) { state.withLock { $0.unverified = reason } }

    private var fields: [(key: String, value: String)] {
        var fields: [(key: String, value: String)] = []
        // With account, reason, status and detail.
        fields.reserveCapacity(6)
        fields.append(("request", identifier))
        fields.append(("integration", destination.active.integration.name))
        if let account = destination.account { fields.append(("account", account.id)) }
        return fields
    }

    /// What the integration answers to a delivery that is stored.
    var acceptedResponse: HTTPResponse { destination.active.accepted }

    /// What the integration answers to a wrong signature.
    var rejected: HTTPResponse { destination.active.rejected }

    // MARK: SubmissionOwner and LoopTask

    /// What is larger goes at once: its room is free, a loop may be long in coming, and memory of that size
    /// is nobody's in particular.
    private static let bytesKeptMax = 32 << 10

    func finished(_ submission: Submission, _ outcome: Submission.Outcome) {
        let keeps = submission.byteCount <= Self.bytesKeptMax
        state.withLock { ($0.outcome, $0.submission) = (outcome, keeps ? submission : nil) }
        destination.active.group.answers.add(self)
    }

    func perform() {
        let (outcome, unverified) = state.withLock { state in
            defer { (state.outcome, state.submission) = (nil, nil) }
            return (state.outcome, state.unverified)
        }
        if let outcome { stored(outcome, unverified) }
    }

    private func stored(_ outcome: Submission.Outcome, _ unverified: String?) {
        switch outcome {
        case .success(let outcomes):
            let isDuplicate = !outcomes.isEmpty && outcomes.allSatisfy { $0 == .duplicate }
            let new = outcomes.reduce(0) { $0 + ($1 == .duplicate ? 0 : 1) }
            if new > 0 { destination.active.counts.countEvents(new) }
            loop.metrics.answerDuration.record(
                nanoseconds: Clock.monotonicNanoseconds &- decidedNanoseconds)
            if let unverified {
                finish(.unverified, unverified, acceptedResponse, level: .warning)
            } else {
                finish(isDuplicate ? .duplicate : .stored, "", acceptedResponse)
            }
        case .failure(let error):
            unavailable("queue_\(error.code.rawValue)", detail: "\(error)", level: .error)
        }
    }

    private func note(
        _ outcome: Outcome, _ reason: String, _ status: Int
    ) -> RecentRequests.Entry {
        destination.active.counts.count(outcome, reason)
        let entry = RecentRequests.Entry(
            timeMilliseconds: Clock.nowMilliseconds, identifier: identifier,
            integration: destination.active.integration.name, account: destination.account?.id,
            outcome: outcome, reason: reason, status: status)
        loop.recent.add(entry)
        return entry
    }

    /// Answers, counts, and logs: at the level of accepted requests unless another is given.
    func finish(
        _ outcome: Outcome, _ reason: String, _ response: HTTPResponse, level: LogLevel? = nil
    ) {
        let entry = note(outcome, reason, response.status)
        loop.log.write(
            level ?? loop.log.requestLevel,
            RequestLine(entry: entry, name: destination.active.loggedName))
        loop.send(exchange, response.identified(identifier))
    }

    /// Answers a request that was not accepted; the log says why, the answer does not.
    func refuse(
        _ outcome: Outcome, _ reason: String, _ response: HTTPResponse, detail: String? = nil,
        level: LogLevel = .warning
    ) {
        _ = note(outcome, reason, response.status)
        if loop.log.isEnabled(level) {
            var fields = fields + [("reason", reason), ("status", String(response.status))]
            if let detail { fields.append(("detail", detail)) }
            loop.log.write(level, outcome.rawValue, fields)
        }
        loop.send(exchange, response.identified(identifier))
    }

    /// 503: the vendor must try again.
    func unavailable(_ reason: String, detail: String? = nil, level: LogLevel = .warning) {
        refuse(.unavailable, reason, Responses.unavailable, detail: detail, level: level)
    }
}
