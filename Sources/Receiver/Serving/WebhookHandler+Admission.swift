import HTTPServer
import Webhooks

/// Who may send, and how often: decided on the head, before a body takes memory, and once more where the
/// configuration is another when the body has come.
extension WebhookHandler {
    /// The answer to a request that may not come in (403 or 429), or nil.
    func admission(
        _ head: HTTPRequestHead, _ destination: Destination, _ peer: String, _ loop: ServingLoop
    ) -> HTTPResponse? {
        if let answer = addressRefusal(head, destination, peer, loop) { return answer }
        let active = destination.active
        if let limit = active.integration.rateLimit,
            let wait = active.counters.rateBucket.take(
                limit, now: Clock.monotonicNanoseconds)
        {
            return turnedAway(
                destination, .unavailable, "rate_limited",
                Responses.tooMany(afterNanoseconds: wait), peer, loop)
        }
        return nil
    }

    /// The answer to a whole request that may not come in by a configuration that came after its head (403
    /// or 413), or nil. It has been charged to a rate already, and is not again.
    func readmission(
        _ request: HTTPRequest, _ destination: Destination, _ loop: ServingLoop
    ) -> HTTPResponse? {
        let peer = request.remoteAddress
        if let answer = addressRefusal(request.head, destination, peer, loop) { return answer }
        guard request.body.count > destination.active.bodyBytesMax else { return nil }
        // As the server would have counted it.
        protocolFailed(
            HTTPFailure(413, "body too large", limit: "body_bytes_max"), remoteAddress: peer)
        return Responses.tooLarge
    }

    /// The answer to an address that may not send (403), or nil.
    private func addressRefusal(
        _ head: HTTPRequestHead, _ destination: Destination, _ peer: String, _ loop: ServingLoop
    ) -> HTTPResponse? {
        let active = destination.active
        guard let allowed = active.integration.allowedAddresses else { return nil }
        let client = RequestAdapter.client(
            head, peer: peer, trusted: active.settings.trustedProxies)
        if allowed.contains(where: { $0.contains(client) }) { return nil }
        return turnedAway(
            destination, .refused, "address_not_allowed", Responses.forbidden, client, loop)
    }

    /// Counts and logs a request that goes nowhere.
    func noSuchRoute(
        _ head: HTTPRequestHead, _ peer: String, _ loop: ServingLoop
    ) -> HTTPResponse {
        let identifier = loop.identifiers.next()
        metrics.countUnknownRoute()
        let level = loop.log.requestLevel
        if loop.log.isEnabled(level) {
            // What comes from anybody is cut: a target may be long.
            loop.log.write(
                level, "no such route",
                [
                    ("request", identifier), ("path", String(head.path.prefix(256))),
                    ("status", "404"), ("remote", peer),
                ])
        }
        return Responses.notFound.identified(identifier)
    }

    /// Counts and logs what never becomes a whole request.
    private func turnedAway(
        _ destination: Destination, _ outcome: Outcome, _ reason: String,
        _ response: HTTPResponse, _ client: String, _ loop: ServingLoop
    ) -> HTTPResponse {
        let identifier = loop.identifiers.next()
        let name = destination.active.integration.name
        destination.active.counts.count(outcome, reason)
        loop.recent.add(
            RecentRequests.Entry(
                timeMilliseconds: Clock.nowMilliseconds, identifier: identifier, integration: name,
                account: destination.account?.id, outcome: outcome, reason: reason,
                status: response.status))
        if loop.log.isEnabled(.info) {
            loop.log.write(
                .info, outcome.rawValue,
                [
                    ("request", identifier), ("integration", name), ("reason", reason),
                    ("status", String(response.status)), ("remote", client),
                ])
        }
        return response.identified(identifier)
    }
}
