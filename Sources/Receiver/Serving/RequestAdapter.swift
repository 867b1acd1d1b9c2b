import EventQueue
import HTTPServer
import Webhooks

/// Turns what the HTTP server gives into what the pipeline takes.
enum RequestAdapter {
    static func received(
        _ request: HTTPRequest, publicURL: String?, remoteAddress: String, nowMilliseconds: Int64,
        forwarded: (scheme: String, host: String)?
    ) -> ReceivedRequest {
        let head = request.head
        let path = head.path
        let query = head.query
        var url = ""
        url.reserveCapacity(head.target.utf8.count + (publicURL?.utf8.count ?? 56) + 8)
        if let publicURL {
            url += publicURL
        } else if let forwarded {
            url += "\(forwarded.scheme)://\(forwarded.host)"
        } else {
            url += "http://"
            url += head.fields.firstValue(named: "host") ?? "localhost"
        }
        url += path
        if let query {
            url += "?"
            url += query
        }
        return ReceivedRequest(
            method: head.method, target: head.target, publicURL: url, path: String(path),
            query: query.map(String.init) ?? "", fields: fields(head.fields), body: request.body,
            remoteAddress: remoteAddress, receivedAtMilliseconds: nowMilliseconds)
    }

    /// The same buffer and ranges; nothing is copied but the ranges.
    private static func fields(_ fields: HTTPFields) -> HeaderFields {
        HeaderFields(
            buffer: fields.bytes,
            entries: fields.lines.map {
                HeaderFields.Entry(
                    nameStart: Int($0.nameStart), nameEnd: Int($0.nameEnd),
                    valueStart: Int($0.valueStart), valueEnd: Int($0.valueEnd))
            })
    }

    /// The client's address: the last of `X-Forwarded-For` that is no trusted proxy, if the peer is one.
    static func client(
        _ head: HTTPRequestHead, peer: String, trusted: [AddressRange]
    ) -> String {
        guard !trusted.isEmpty, isTrusted(peer, trusted) else { return peer }
        var client = peer
        for address in forwardedFor(head.fields).reversed() {
            client = address
            if !isTrusted(address, trusted) { break }
        }
        return client
    }

    /// `X-Forwarded-Proto` and `X-Forwarded-Host`, if the peer may set them.
    static func forwarded(
        _ request: HTTPRequest, trusted: [AddressRange]
    ) -> (scheme: String, host: String)? {
        guard !trusted.isEmpty, isTrusted(request.remoteAddress, trusted) else { return nil }
        let fields = request.head.fields
        let scheme = fields.firstValue(named: "x-forwarded-proto")?.lowercased()
        guard
            let host = fields.firstValue(named: "x-forwarded-host")
                ?? fields.firstValue(named: "host")
        else { return nil }
        return (scheme == "https" ? "https" : "http", host)
    }

    /// A local socket has no address; whoever may connect to it is a proxy of this machine.
    private static func isTrusted(_ address: String, _ trusted: [AddressRange]) -> Bool {
        address == "unix" || trusted.contains { $0.contains(address) }
    }

    private static func forwardedFor(_ fields: HTTPFields) -> [String] {
        var addresses: [String] = []
        for line in fields.lines where fields.isNamed(line, "x-forwarded-for") {
            for part in fields.value(line).split(separator: ",") {
                let address = part.filter { $0 != " " && $0 != "\t" }
                guard AddressRange.bytes(address) != nil else { continue }
                addresses.append(address)
            }
        }
        return addresses
    }
}

extension QueuedEvent {
    /// An event of the pipeline, for the queues.
    init(_ event: WebhookEvent, integration: String, account: String?) {
        self.init(
            id: event.id, integration: integration, account: account, type: event.type,
            timeMilliseconds: event.timeMilliseconds,
            deduplicationWindowMilliseconds: event.deduplicationWindowMilliseconds,
            document: event.cloudEvent, request: event.capturedRequest)
    }
}
