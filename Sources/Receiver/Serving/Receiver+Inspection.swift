import EventQueue
import JSON
import Webhooks

/// What the admin API shows of the running server.
extension Receiver {
    /// A fresh id, ordered by time.
    func makeIdentifier() -> String {
        UUIDText.version7(
            milliseconds: Clock.nowMilliseconds, high: .random(in: .min ... .max),
            low: .random(in: .min ... .max))
    }

    /// One object a queue; `error` in place of figures when it cannot be asked.
    func queueStatistics() -> [JSONValue] {
        queues.map { queue in
            func number(_ value: some BinaryInteger) -> JSONValue {
                .number(JSONNumber(Double(value)))
            }
            do throws(QueueError) {
                let stats = try queue.stats(nowMilliseconds: Clock.nowMilliseconds)
                return [
                    "name": .string(queue.name), "ready": number(stats.ready),
                    "leased": number(stats.leased), "dead": number(stats.dead),
                    "oldest_age_ms": stats.oldestAgeMilliseconds.map(number) ?? .null,
                    "last_sequence": number(stats.lastSequence), "bytes": number(stats.bytes),
                ]
            } catch { return ["name": .string(queue.name), "error": .string("\(error)")] }
        }
    }

    func quarantined(limit: Int) throws(AdminError) -> [QuarantinedRequest] {
        do throws(QueueError) { return try quarantine.list(limit: limit) } catch {
            throw AdminError(503, "the quarantine cannot be read: \(error)")
        }
    }

    func quarantined(number: Int64) throws(AdminError) -> QuarantinedRequest? {
        do throws(QueueError) { return try quarantine.show(number) } catch {
            throw AdminError(503, "the quarantine cannot be read: \(error)")
        }
    }
}
