package import Cryptography
import EventQueue
package import HTTPServer
import JSON
import Synchronization
import Webhooks

/// Everything between a whole HTTP request and its answer.
package final class WebhookHandler: HTTPHandler {
    private let snapshot: Mutex<Snapshot>
    private let contexts: ContextStore
    private let quarantine: Quarantine
    private let stateWorker: SerialWorker
    private let keySets: KeySetStore
    let metrics: Metrics
    let log: Log
    let loops: [ServingLoop]

    init(
        snapshot: Snapshot, contexts: ContextStore, quarantine: Quarantine,
        stateWorker: SerialWorker, keySets: KeySetStore, metrics: Metrics,
        log: Log, recent: RecentRequests, loops: Int, seed: UInt64
    ) {
        self.snapshot = Mutex(snapshot)
        self.contexts = contexts
        self.quarantine = quarantine
        self.stateWorker = stateWorker
        self.keySets = keySets
        self.metrics = metrics
        self.log = log
        let count = max(1, loops)
        self.loops = (0..<count).map { loop in
            ServingLoop(
                snapshot: snapshot,
                identifiers: RequestIdentifiers(seed: seed, part: loop, of: count),
                metrics: metrics.addLoop(), log: log.addPart(), recent: recent.addPart(),
                index: loop)
        }
    }

    /// The configuration that new requests use; loops have their own copies of what is in it.
    package var current: Snapshot { snapshot.withLock { $0 } }

    /// Makes requests use another configuration; those that are whole already keep theirs.
    package func replace(with new: Snapshot) {
        let old = snapshot.withLock { snapshot in
            defer { snapshot = new }
            return snapshot
        }
        for loop in loops { loop.routes.replace(with: new) }
        // From here on, what was routed by it is routed anew.
        if old !== new { old.settings.retire() }
    }

    /// Says what this server's own address is, once it is known.
    func setOrigin(_ url: String) {
        // Each loop counts references to a text of its own.
        for loop in loops { loop.origin.withLock { $0 = url.copy() } }
    }

    /// From now on connections are closed after their answer.
    package func beginDraining() { for loop in loops { loop.beginDraining() } }

    // MARK: HTTPHandler

    package func headReceived(
        _ head: HTTPRequestHead, remoteAddress: String, loop: Int
    ) -> HeadDecision {
        let loop = loops[loop]
        guard let destination = loop.routes.destination(of: head.path) else {
            return .respond(noSuchRoute(head, remoteAddress, loop))
        }
        if let answer = admission(head, destination, remoteAddress, loop) {
            return .respond(answer)
        }
        return .readBody(limit: destination.active.bodyBytesMax, context: destination)
    }

    package func handle(_ request: HTTPRequest, _ exchange: HTTPExchange) {
        let loop = loops[exchange.loopIndex]
        guard let destination = destination(of: request, loop) else {
            return exchange.respond(noSuchRoute(request.head, request.remoteAddress, loop))
        }
        if destination !== request.context, let answer = readmission(request, destination, loop) {
            return exchange.respond(answer)
        }
        let identifier = loop.identifiers.next()
        let settings = destination.active.settings
        let started = Clock.monotonicNanoseconds
        let began = exchange.roundBeganNanoseconds
        let integrationKey = ObjectIdentifier(destination.active.counters)
        let most = settings.roundNanosecondsMax
        guard loop.time.admits(integrationKey, began: began, now: started, most: most) else {
            let answer = PendingAnswer(
                exchange: exchange, identifier: identifier, destination: destination,
                decidedNanoseconds: started, loop: loop)
            return shed(answer, .queueTime)
        }
        let trusted = settings.trustedProxies
        let received = RequestAdapter.received(
            request, identifier: identifier,
            base: settings.publicURL ?? RequestAdapter.forwarded(request, trusted: trusted)
                ?? loop.origin.withLock { $0 },
            remoteAddress: RequestAdapter.client(
                request.head, peer: request.remoteAddress, trusted: trusted),
            nowMilliseconds: Clock.nowMilliseconds)
        let keys = destination.active.mayFetchKeySets ? KeySetInquiry(keySets) : nil
        let decision = decide(received, destination, keys, loop)
        let decided = Clock.monotonicNanoseconds
        loop.metrics.pipelineDuration.record(nanoseconds: decided &- started)
        loop.time.add(integrationKey, began: began, from: started, to: decided, most: most)
        let answer = PendingAnswer(
            exchange: exchange, identifier: identifier, destination: destination,
            decidedNanoseconds: decided, loop: loop)
        conclude(decision, keys, answer, received, attempt: 1)
    }

    /// Where its head led, unless the configuration was replaced since: whoever sends a body slowly must not
    /// keep what a reload has taken away.
    private func destination(of request: HTTPRequest, _ loop: ServingLoop) -> Destination? {
        if let known = request.context as? Destination, known.active.settings.isCurrent {
            return known
        }
        return loop.routes.destination(of: request.head.path)
    }

    private func decide(
        _ received: ReceivedRequest, _ destination: Destination, _ keys: KeySetInquiry?,
        _ loop: ServingLoop
    ) -> Decision {
        let account = destination.account
        let state = AccountState(
            id: account?.id,
            context: contexts.context(
                integration: destination.active.integration.name, account: account?.id,
                configured: account?.context ?? JSONObject()))
        // Judged by the time of its arrival, however long a key took to come.
        var environment = PipelineEnvironment(
            nowMilliseconds: received.receivedAtMilliseconds,
            monotonicNanoseconds: Self.monotonicNanoseconds, randomBits: loop.randomBits,
            decodeContent: Self.decodeContent, keySet: keys?.source)
        environment.stageEnded = loop.stageEnded
        return destination.active.pipeline.run(received, account: state, environment: environment)
    }

    private static let monotonicNanoseconds: @Sendable () -> UInt64 = { Clock.monotonicNanoseconds }
    private static let decodeContent: PipelineEnvironment.ContentDecoder = {
        Inflater.decode($0, $1, maximum: $2)
    }

    /// Acts on a decision, unless keys that are being fetched could change it: then the request waits,
    /// off the loop, for the end of that fetch and is judged anew.
    private func conclude(
        _ decision: Decision, _ keys: KeySetInquiry?, _ answer: PendingAnswer,
        _ received: ReceivedRequest, attempt: Int
    ) {
        if let address = keys?.awaited, attempt <= 3, decision.couldChangeWithKeys {
            let again: @Sendable () -> Void = {
                let keys = KeySetInquiry(self.keySets)
                let decision = self.decide(received, answer.destination, keys, answer.loop)
                self.conclude(decision, keys, answer, received, attempt: attempt + 1)
            }
            let outcome = keySets.wait(for: address, bytes: received.body.count) {
                answer.leaveLoop()
                again()
            }
            switch outcome {
            case .waiting: return
            case .ended: return again()
            case .full: break
            }
        }
        act(on: decision, answer, received)
    }

    package func roundEnded(loop: Int) -> Bool {
        guard loops.indices.contains(loop) else { return false }
        let state = loops[loop]
        let pending = state.pending.withLock { pending -> [ServingLoop.Pending] in
            guard !pending.isEmpty else { return [] }
            defer { pending = [] }
            return pending
        }
        guard let first = pending.first else { return state.held.withLock { !$0.isEmpty } }
        // One group but for the moment of a reload that changes the queues.
        var rest = pending[...]
        while let active = rest.first?.answer.destination.active {
            let group = active.group
            let end =
                rest.firstIndex { $0.answer.destination.active.groupKey != active.groupKey }
                ?? rest.endIndex
            let submissions = rest[..<end].map(\.submission)
            for refusal in group.committer.submit(submissions, isHeld: true) {
                shed(rest[rest.startIndex + refusal.index].answer, refusal.limit)
            }
            state.held.withLock { held in
                if held.isEmpty {
                    let began = first.answer.exchange.roundBeganNanoseconds
                    state.heldSince.store(began, ordering: .relaxed)
                }
                if !held.contains(where: { $0 === group }) { held.append(group) }
            }
            rest = rest[end...]
        }
        let since = state.heldSince.load(ordering: .relaxed)
        guard Clock.monotonicNanoseconds &- since >= Self.nanosecondsHeldMax else { return true }
        for group in state.takeHeld() { group.committer.release() }
        return false
    }

    /// While more is ready to be read, what a round has submitted waits for it, so that one commit stores
    /// both: it costs the processor as much as some four requests. Asked now and then in a round, whose own
    /// length counts. Longer, and clients that all wait for the same commit leave the loop without work.
    private static let nanosecondsHeldMax: UInt64 = 300_000

    package func loopRests(_ loop: Int) {
        guard loops.indices.contains(loop) else { return }
        for group in loops[loop].takeHeld() { group.committer.release(mayCommitHere: true) }
    }

    /// Tells a sender to come again, since what he sent cannot be stored in time. A line of the log for
    /// each would take time from those that can: the metrics tell.
    private func shed(_ answer: PendingAnswer, _ limit: CommitLimit?) {
        if let limit { metrics.countLimit(limit.rawValue) }
        answer.unavailable("queue_full", level: .debug)
    }

    package func protocolFailed(_ failure: HTTPFailure, remoteAddress: String) {
        metrics.countProtocolFailure(status: failure.status)
        if let limit = failure.limit { metrics.countLimit(limit) }
        // Connections that are turned away, and those that end without a request, are no requests.
        let isRequest = failure.status != 0 && failure.reason != HTTPFailure.tooManyConnections
        let level = isRequest ? log.requestLevel : .debug
        if log.isEnabled(level) {
            log.write(
                level, "protocol failure",
                [
                    ("status", String(failure.status)), ("reason", failure.reason),
                    ("remote", remoteAddress),
                ])
        }
    }

    package func isTrustedProxy(_ address: String) -> Bool {
        RequestAdapter.isTrusted(address, current.configuration.trustedProxies)
    }

    package func connectionSecured(_ security: ConnectionSecurity) {
        metrics.tls.count(security)
    }

    package func handshakeFailed(_ failure: TLSFailure, remoteAddress: String) {
        metrics.tls.count(failure)
        if log.isEnabled(.debug) {
            log.write(
                .debug, "TLS handshake failed",
                [
                    ("reason", failure.reason.rawValue), ("detail", failure.detail),
                    ("remote", remoteAddress),
                ])
        }
    }

    // MARK: Decisions

    private func act(
        on decision: Decision, _ answer: PendingAnswer, _ received: ReceivedRequest
    ) {
        switch decision {
        // Mostly: no closure is made.
        case .accepted(let delivery, nil): store(delivery, answer)
        case .accepted(let delivery, let update):
            withUpdate(update, answer) { self.store(delivery, answer) }
        case .handshake(let response, let update):
            withUpdate(update, answer) {
                guard let response = HTTPResponse(response) else {
                    return answer.finish(.failed, "invalid_response", Responses.failed)
                }
                answer.finish(.handshake, "", response)
            }
        case .meta(let update):
            withUpdate(update, answer) { answer.finish(.meta, "", Responses.accepted) }
        case .refused(let reason):
            answer.refuse(.refused, reason.rawValue, answer.rejected)
            quarantine.keep(received, answer, reason.rawValue)
        case .malformed(let reason):
            if reason == .decodedBodyTooLarge { metrics.countLimit("body_bytes_max") }
            answer.refuse(
                .malformed, reason.rawValue,
                reason == .decodedBodyTooLarge ? Responses.tooLarge : Responses.malformed)
        case .failed(let failure):
            if let limit = ExpressionLimits.name(failure.code) { metrics.countLimit(limit) }
            answer.refuse(.failed, failure.code, Responses.failed, detail: failure.description)
            quarantine.keep(received, answer, failure.description)
        case .misconfigured(let reason):
            answer.refuse(
                .misconfigured, reason.reason.rawValue, Responses.unavailable,
                detail: reason.description)
        }
    }

    /// Makes a context update durable before going on.
    private func withUpdate(
        _ update: ContextUpdate?, _ answer: PendingAnswer, then body: @escaping @Sendable () -> Void
    ) {
        guard let update else { return body() }
        let contexts = contexts
        let destination = answer.destination
        answer.leaveLoop()
        let isQueued = stateWorker.submit {
            do throws(QueueError) {
                try contexts.merge(
                    update, integration: destination.active.integration.name,
                    account: destination.account?.id,
                    configured: destination.account?.context ?? JSONObject())
                body()
            } catch {
                if error.code == .tooLarge {
                    self.metrics.countLimit("context_bytes_max")
                    answer.refuse(
                        .failed, "context_too_large", Responses.failed, detail: "\(error)")
                } else {
                    answer.unavailable("context_\(error.code.rawValue)", detail: "\(error)")
                }
            }
        }
        if !isQueued { answer.unavailable("context_queue_full") }
    }

    private func store(_ delivery: VerifiedDelivery, _ answer: PendingAnswer) {
        let destination = answer.destination
        let integration = destination.active.integration.name
        let account = destination.account?.id
        let events = delivery.events.map {
            QueuedEvent($0, integration: integration, account: account)
        }
        if case .unverified(let reason) = delivery.verification {
            answer.unverifiedReason(reason.rawValue)
        }
        guard !events.isEmpty else { return answer.finish(.stored, "", answer.acceptedResponse) }
        let submission = Submission(
            events: events, queues: destination.active.queues, owner: answer)
        guard answer.isOnLoop else {
            if let refusal = destination.active.group.committer.submit(submission) {
                shed(answer, refusal.limit)
            }
            return
        }
        answer.loop.pending.withLock {
            $0.append(ServingLoop.Pending(submission: submission, answer: answer))
        }
    }
}
