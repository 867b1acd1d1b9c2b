package import Cryptography
package import EventQueue
import Synchronization

/// Posts each event to a URL, signed as Standard Webhooks says
/// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
package final class PostHandler: EventHandler {
    private let url: String
    private let key: HMAC?
    private let client: HTTPClient
    private let nowMilliseconds: @Sendable () -> Int64
    private let isInterrupted = Atomic(false)

    /// The longest wait that a Retry-After is given.
    static let retryAfterSecondsMax: Int64 = 3600

    /// - Parameters:
    ///   - url: http or https.
    ///   - client: whose certificates are trusted; its limits are replaced.
    ///   - secret: `whsec_` and base64, or the key's own bytes; nil signs nothing.
    /// - Throws: when the secret is no key.
    package init(
        url: String, secret: Secret?, client: HTTPClient = HTTPClient(),
        timeoutMilliseconds: Int64,
        nowMilliseconds: @escaping @Sendable () -> Int64
    ) throws(CryptographyError) {
        self.url = url
        var client = client
        client.timeoutMilliseconds = Int(timeoutMilliseconds)
        client.answerBytesMax = 64 << 10
        self.client = client
        self.nowMilliseconds = nowMilliseconds
        key = if let secret { try HMAC(.sha256, key: Self.key(secret)) } else { nil }
    }

    /// The key that a secret stands for.
    private static func key(_ secret: Secret) -> Secret {
        secret.withBytes { span in
            let prefix = Array("whsec_".utf8)
            var bytes: [UInt8] = []
            for index in span.indices { bytes.append(span[index]) }
            guard bytes.starts(with: prefix),
                let decoded = Encodings.decodeBase64(
                    String(decoding: bytes.dropFirst(prefix.count), as: UTF8.self))
            else { return Secret(bytes) }
            return Secret(decoded)
        }
    }

    package func handle(_ one: LeasedEvent) -> HandlingOutcome {
        if isInterrupted.load(ordering: .acquiring) { return .interrupted }
        do throws(CryptographyError) {
            let fields = try fields(one.event)
            return post(one.event.document, fields)
        } catch {
            return .failed("the event could not be signed")
        }
    }

    /// The message's id: the same for every attempt, other for every event, and of characters that a
    /// header and the signed text take.
    static func messageID(_ event: StoredEvent) throws(CryptographyError) -> String {
        let name = "\(event.integration)\u{0}\(event.account ?? "")\u{0}\(event.id)"
        let digest = try Digest.hash(.sha256, of: Array(name.utf8))
        let text = Encodings.encodeHex(Array(digest.prefix(16)))
        return "msg_" + String(decoding: text, as: UTF8.self)
    }

    /// The headers of one attempt.
    func fields(_ event: StoredEvent) throws(CryptographyError) -> [(String, String)] {
        let id = try Self.messageID(event)
        let seconds = nowMilliseconds() / 1000
        var fields = [
            ("Content-Type", "application/cloudevents+json"), ("User-Agent", "Postern"),
            ("webhook-id", id), ("webhook-timestamp", String(seconds)),
        ]
        if let key {
            let signed = Array("\(id).\(seconds).".utf8) + event.document
            let code = Encodings.encodeBase64(try key.authenticate(signed))
            fields.append(("webhook-signature", "v1," + String(decoding: code, as: UTF8.self)))
        }
        return fields
    }

    private func post(_ body: [UInt8], _ fields: [(String, String)]) -> HandlingOutcome {
        do throws(HTTPClient.Failure) {
            let answer = try client.send(method: "POST", url: url, fields: fields, body: body)
            if (200..<300).contains(answer.status) { return .done }
            // RFC 9110 §10.2.3; a date in it is left to the backoff.
            let seconds = answer.first("retry-after").flatMap { Int64($0) }
            let wait = seconds.map { min(max($0, 0), Self.retryAfterSecondsMax) * 1000 }
            return .failed("answered \(answer.status)", retryAfterMilliseconds: wait)
        } catch {
            if isInterrupted.load(ordering: .acquiring) { return .interrupted }
            return .failed(error.description)
        }
    }

    /// The client has time limits of its own.
    package func tick() {}

    package func interrupt() { isInterrupted.store(true, ordering: .releasing) }
}
