import Cryptography
import JSON
import Synchronization
import Webhooks

/// Keeps requests that a signature or an expression refused, so that they can be replayed after a fix:
/// one JSON file each, bounded in number, bytes and age.
package final class Quarantine: Sendable {
    /// A kept file.
    private struct Entry {
        let name: String
        let bytes: Int
        let timeMilliseconds: Int64
    }
    private struct State {
        /// Oldest first.
        var entries: [Entry] = []
        var bytes = 0
    }

    private let folder: String
    private let limits: ReceiverLimits
    private let worker: SerialWorker
    private let metrics: Metrics
    private let state = Mutex(State())

    /// Requests waiting to be written; more are dropped and counted.
    package static let waitingMax = 256

    /// Takes stock of what the folder holds.
    package init(folder: String, limits: ReceiverLimits, worker: SerialWorker, metrics: Metrics) {
        self.folder = folder
        self.limits = limits
        self.worker = worker
        self.metrics = metrics
        let names = (try? FileSystem.list(folder)) ?? []
        state.withLock { state in
            for name in names where name.hasSuffix(".json") {
                guard let status = FileSystem.status(FileSystem.join(folder, name)) else {
                    continue
                }
                let time = Int64(name.prefix { $0 != "-" }) ?? status.changedMilliseconds
                state.entries.append(
                    Entry(name: name, bytes: status.bytes, timeMilliseconds: time))
                state.bytes += status.bytes
            }
        }
    }

    /// Keeps a request; never waits.
    func keep(_ request: ReceivedRequest, _ answer: PendingAnswer, _ reason: String) {
        guard limits.quarantineCountMax > 0, limits.quarantineBytesMax > 0 else { return }
        let integration = answer.destination.active.integration.name
        let account = answer.destination.account?.id
        let identifier = answer.identifier
        let isQueued = worker.submit {
            self.write(request, integration, account, identifier, reason)
        }
        if !isQueued { metrics.countQuarantineDropped() }
    }

    /// Removes what is too old; called now and then.
    package func expire(nowMilliseconds: Int64) {
        _ = worker.submit { self.trim(nowMilliseconds: nowMilliseconds) }
    }

    private func write(
        _ request: ReceivedRequest, _ integration: String, _ account: String?,
        _ identifier: String, _ reason: String
    ) {
        let bytes = Self.document(request, integration, account, identifier, reason)
        guard bytes.count <= limits.quarantineBytesMax else {
            return metrics.countQuarantineDropped()
        }
        let name = "\(request.receivedAtMilliseconds)-\(identifier).json"
        do throws(FileError) {
            try FileSystem.makeFolder(folder)
            try FileSystem.write(bytes, to: FileSystem.join(folder, name))
        } catch { return metrics.countQuarantineDropped() }
        state.withLock { state in
            state.entries.append(
                Entry(
                    name: name, bytes: bytes.count,
                    timeMilliseconds: request.receivedAtMilliseconds))
            state.bytes += bytes.count
        }
        trim(nowMilliseconds: Clock.nowMilliseconds)
    }

    private func trim(nowMilliseconds: Int64) {
        let oldest = nowMilliseconds - Int64(limits.quarantineAgeMillisecondsMax)
        let removed = state.withLock { state in
            var count = 0
            while count < state.entries.count {
                let entry = state.entries[count]
                guard
                    state.entries.count - count > limits.quarantineCountMax
                        || state.bytes > limits.quarantineBytesMax
                        || entry.timeMilliseconds < oldest
                else { break }
                state.bytes -= entry.bytes
                count += 1
            }
            defer { state.entries.removeFirst(count) }
            return state.entries.prefix(count).map(\.name)
        }
        for name in removed { FileSystem.remove(FileSystem.join(folder, name)) }
    }

    var count: Int { state.withLock { $0.entries.count } }

    /// Fields that carry a password or token in itself are not kept.
    static let redactedNames: Set<String> = [
        "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key",
        "x-gitlab-token", "x-telegram-bot-api-secret-token",
    ]

    private static func document(
        _ request: ReceivedRequest, _ integration: String, _ account: String?,
        _ identifier: String, _ reason: String
    ) -> [UInt8] {
        var fields: [JSONValue] = []
        request.fields.forEach { name, value in
            let name = String(decoding: name, as: UTF8.self)
            let isSecret = redactedNames.contains(name.lowercased())
            fields.append([
                .string(name),
                .string(isSecret ? "[redacted]" : String(decoding: value, as: UTF8.self)),
            ])
        }
        var captured: JSONObject = [
            "method": .string(request.method), "target": .string(request.target),
            "url": .string(request.publicURL), "headers": .array(fields),
        ]
        if let text = String(validating: request.body, as: UTF8.self) {
            captured["raw_body"] = .string(text)
        } else {
            captured["raw_body_base64"] = .string(
                String(decoding: Encodings.encodeBase64(request.body), as: UTF8.self))
        }
        captured["remote_address"] = .string(request.remoteAddress)
        captured["received_at"] = .string(Timestamp.text(request.receivedAtMilliseconds))
        let document: JSONObject = [
            "id": .string(identifier), "integration": .string(integration),
            "account": account.map(JSONValue.string) ?? .null, "reason": .string(reason),
            "request": .object(captured),
        ]
        return JSONValue.object(document).serialized()
    }
}
