import EventQueue
import HTTPServer
import Webhooks

/// Turns what the HTTP server gives into what the pipeline takes.
enum RequestAdapter {
    /// - Parameter base: scheme and authority of what was called.
    static func received(
        _ request: HTTPRequest, identifier: String, base: String, remoteAddress: String,
        nowMilliseconds: Int64
    ) -> ReceivedRequest {
        let head = request.head
        let path = head.path
        let query = head.query
        // In origin-form the target is the path and the query.
        let isOrigin = head.target.utf8.first == UInt8(ascii: "/")
        return ReceivedRequest(
            method: head.method, target: head.target, publicURL: base,
            reference: isOrigin ? head.target : path + (query.map { "?" + $0 } ?? ""),
            path: path, query: query ?? "", fields: fields(head.fields), body: request.body,
            remoteAddress: remoteAddress, receivedAtMilliseconds: nowMilliseconds,
            clientCertificate: request.security?.clientCertificate, identifier: identifier)
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

    /// The client's address: the peer's, or, as far as trusted proxies say, that of the hop before. What
    /// is no address ends the way there: what stands before it, anybody may have written.
    static func client(
        _ head: HTTPRequestHead, peer: String, trusted: [AddressRange]
    ) -> String {
        guard !trusted.isEmpty, isTrusted(peer, trusted) else { return peer }
        var client = peer
        for hop in elements(head.fields, "x-forwarded-for").reversed() {
            guard let address = address(of: hop) else { break }
            client = address
            if !isTrusted(address, trusted) { break }
        }
        return client
    }

    /// `https://hooks.example` of `X-Forwarded-Proto` and `X-Forwarded-Host`, if the peer may set them: the
    /// last value of each, which is the peer's own. Without them, what it called: an absolute target, and
    /// only without one the Host field (RFC 9112 §3.2.2).
    static func forwarded(_ request: HTTPRequest, trusted: [AddressRange]) -> String? {
        guard !trusted.isEmpty, isTrusted(request.remoteAddress, trusted) else { return nil }
        let fields = request.head.fields
        let called = absolute(request.head.target)
        let scheme =
            elements(fields, "x-forwarded-proto").last?.lowercased() ?? called?.scheme
            ?? (request.security == nil ? "http" : "https")
        let host =
            elements(fields, "x-forwarded-host").last ?? called?.host
            ?? fields.firstValue(named: "host")
        guard let host, isHost(host) else { return nil }
        return "\(scheme == "https" ? "https" : "http")://\(host)"
    }

    /// Scheme, in small letters, and authority of a target in absolute-form; nil for any other.
    private static func absolute(_ target: String) -> (scheme: String, host: String)? {
        guard target.utf8.first != UInt8(ascii: "/") else { return nil }
        let parts = target.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].last == ":", parts[1].isEmpty else { return nil }
        let host = parts[2].prefix { $0 != "/" && $0 != "?" }
        return (parts[0].dropLast().lowercased(), String(host))
    }

    /// A local socket has no address; whoever may connect to it is a proxy of this machine.
    static func isTrusted(_ address: String, _ trusted: [AddressRange]) -> Bool {
        address == "unix" || trusted.contains { $0.contains(address) }
    }

    /// The elements of a header's lists, in order, empty ones left out: without the blanks around them, with
    /// those in them (RFC 9110 §5.6.1).
    private static func elements(_ fields: HTTPFields, _ name: StaticString) -> [String] {
        var found: [String] = []
        for line in fields.lines where fields.isNamed(line, name) {
            for part in fields.value(line).split(separator: ",") {
                var element = part.drop { $0 == " " || $0 == "\t" }
                while element.last == " " || element.last == "\t" { element.removeLast() }
                if !element.isEmpty { found.append(String(element)) }
            }
        }
        return found
    }

    /// The address of `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`; an IPv4
    /// address mapped into IPv6 as IPv4. Nil for anything else.
    private static func address(of hop: String) -> String? {
        var text = hop[...]
        if text.hasPrefix("["), let end = text.lastIndex(of: "]") {
            guard isPortOrNothing(text[text.index(after: end)...]) else { return nil }
            text = text[text.index(after: text.startIndex)..<end]
            guard text.contains(":") else { return nil }
        } else if let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon {
            guard isPortOrNothing(text[colon...]) else { return nil }
            text = text[..<colon]
        }
        guard let bytes = AddressRange.bytes(String(text)) else { return nil }
        return bytes.count == 4
            ? bytes.map { String($0) }.joined(separator: ".") : text.lowercased()
    }

    private static func isPortOrNothing(_ text: Substring) -> Bool {
        let digits = text.dropFirst()
        return text.isEmpty
            || text.first == ":" && digits.first?.isNumber == true && UInt16(digits) != nil
    }

    /// What may stand in a URL's authority without a user (RFC 3986 §3.2): no path can be hidden in it.
    private static func isHost(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                    UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
                    true
                default: false
                }
            }
    }
}

extension QueuedEvent {
    /// An event of the pipeline, for the queues.
    convenience init(_ event: WebhookEvent, integration: String, account: String?) {
        self.init(
            id: event.id, integration: integration, account: account, type: event.type,
            timeMilliseconds: event.timeMilliseconds,
            deduplicationWindowMilliseconds: event.deduplicationWindowMilliseconds,
            document: event.cloudEvent, request: event.capturedRequest)
    }
}
