import EventQueue
import JSON
import Receiver
import Synchronization

/// Measures queues on a real folder: throughput with consumers beside it, what memory and disk take with
/// retention on, and how long recovery takes.
struct QueueBenchmark {
    /// `sqlite` or `file`.
    let kind: String
    let folder: String
    /// Events of one commit, as a loaded server makes them.
    let batch = 64
    /// Bytes of one event's body.
    let bodyBytes: Int

    struct Failure: Error, CustomStringConvertible { let description: String }

    private var path: String { FileSystem.join(folder, kind == "file" ? "events" : "queue.db") }

    private func open(_ access: QueueAccess) throws -> any EventQueue {
        let now = Clock.nowMilliseconds
        switch kind {
        case "sqlite":
            return try SQLiteQueue(name: kind, path: path, access: access, nowMilliseconds: now)
        case "file":
            return try FileQueue(name: kind, path: path, access: access, nowMilliseconds: now)
        default: throw Failure(description: "no kind of queue: \(kind)")
        }
    }

    private func events(from number: Int) -> [QueuedEvent] {
        let body = String(repeating: "x", count: bodyBytes)
        let now = Clock.nowMilliseconds
        return (0..<batch).map { offset in
            let id = "event-\(number + offset)"
            return QueuedEvent(
                id: id, integration: "bench", account: nil, type: "bench", timeMilliseconds: now,
                deduplicationWindowMilliseconds: 3_600_000,
                document: Array(#"{"specversion":"1.0","id":"\#(id)","data":"\#(body)"}"#.utf8))
        }
    }

    /// Appends for some seconds while consumers, each with a connection of its own, lease and acknowledge.
    func throughput(consumers: Int, seconds: Double) throws -> JSONObject {
        let queue = try open(.readWrite)
        defer { queue.close() }
        let consumed = Consumed()
        var threads: [SerialWorker] = []
        for _ in 0..<consumers {
            let consumer = try open(.consumer)
            let thread = SerialWorker(waitingMax: 1)
            guard thread.start() else { throw Failure(description: "no thread") }
            threads.append(thread)
            _ = thread.submit {
                consumed.consume(consumer)
                consumer.close()
            }
        }
        let start = Clock.monotonicNanoseconds
        var appended = 0
        var commits: [UInt64] = []
        while Double(Clock.monotonicNanoseconds - start) < seconds * 1e9 {
            let began = Clock.monotonicNanoseconds
            _ = try queue.append(events(from: appended), nowMilliseconds: Clock.nowMilliseconds)
            commits.append(Clock.monotonicNanoseconds - began)
            appended += batch
        }
        let spent = Double(Clock.monotonicNanoseconds - start) / 1e9
        let taken = consumed.count
        consumed.stop()
        for thread in threads { thread.stop() }
        commits.sort()
        return [
            "test": "throughput", "queue": .string(kind), "consumers": number(consumers),
            "appended_per_second": number(Double(appended) / spent),
            "consumed_per_second": number(Double(taken) / spent),
            "commit_p50_ms": number(Double(commits[commits.count / 2]) / 1e6),
            "commit_p99_ms": number(Double(commits[commits.count * 99 / 100]) / 1e6),
            "failed_calls": number(consumed.failures),
        ]
    }

    /// What consumers have taken.
    private final class Consumed: Sendable {
        private let total = Atomic(0)
        private let failed = Atomic(0)
        private let isStopping = Atomic(false)

        var count: Int { total.load(ordering: .relaxed) }
        var failures: Int { failed.load(ordering: .relaxed) }
        func stop() { isStopping.store(true, ordering: .relaxed) }

        func consume(_ queue: any EventConsumer) {
            while !isStopping.load(ordering: .relaxed) {
                do throws(QueueError) {
                    let leased = try queue.lease(
                        count: 100, durationMilliseconds: 60_000,
                        nowMilliseconds: Clock.nowMilliseconds)
                    if leased.isEmpty { continue }
                    let done = try queue.ack(
                        leased.map(\.lease), nowMilliseconds: Clock.nowMilliseconds)
                    total.wrappingAdd(done.count { $0 }, ordering: .relaxed)
                } catch {
                    failed.wrappingAdd(1, ordering: .relaxed)
                }
            }
        }
    }

    /// Appends many events with retention on; each tenth of `keep` is followed by a prune.
    func retention(events count: Int, keep: Int) throws -> JSONObject {
        let queue = try open(.readWrite)
        defer { queue.close() }
        let policy = RetentionPolicy(
            countMax: keep, bytesMax: Int64(keep) * Int64(bodyBytes + 512))
        let start = Clock.monotonicNanoseconds
        var appended = 0
        var peak: Int64 = 0
        var pruned = 0
        while appended < count {
            _ = try queue.append(events(from: appended), nowMilliseconds: Clock.nowMilliseconds)
            appended += batch
            guard appended % max(batch, keep / 10 / batch * batch) == 0 else { continue }
            peak = max(peak, try diskBytes())
            pruned += try queue.prune(policy, nowMilliseconds: Clock.nowMilliseconds).events
        }
        let spent = Double(Clock.monotonicNanoseconds - start) / 1e9
        let stats = try queue.stats(nowMilliseconds: Clock.nowMilliseconds)
        return [
            "test": "retention", "queue": .string(kind), "events": number(appended),
            "kept": number(stats.depth), "pruned": number(pruned),
            "appended_per_second": number(Double(appended) / spent),
            "disk_peak_bytes": number(Double(peak)),
            "disk_end_bytes": number(Double(try diskBytes())),
            "memory_peak_bytes": number(Double(memoryPeakBytes())),
        ]
    }

    /// Fills a queue, closes it, and opens it again; a file queue once more with all segments checked.
    func recovery(bytes: Int) throws -> JSONObject {
        let filled = try open(.readWrite)
        var appended = 0
        while try appended % (batch * 64) != 0 || diskBytes() < Int64(bytes) {
            _ = try filled.append(events(from: appended), nowMilliseconds: Clock.nowMilliseconds)
            appended += batch
        }
        filled.close()
        let size = Double(try diskBytes())
        let start = Clock.monotonicNanoseconds
        let queue = try open(.readWrite)
        let spent = Double(Clock.monotonicNanoseconds - start) / 1e9
        var checked = 0.0
        while let queue = queue as? FileQueue {
            let start = Clock.monotonicNanoseconds
            var report = RecoveryReport()
            guard try queue.checkSegment(&report) != nil else { break }
            checked += Double(Clock.monotonicNanoseconds - start) / 1e9
        }
        queue.close()
        let again = Clock.monotonicNanoseconds
        let reopened = try open(.readWrite)
        let spentAgain = Double(Clock.monotonicNanoseconds - again) / 1e9
        reopened.close()
        return [
            "test": "recovery", "queue": .string(kind), "events": number(appended),
            "bytes": number(size), "seconds": number(spent),
            "bytes_per_second": number(size / spent),
            "estimate_10GB_seconds": number(spent * 10e9 / size),
            "check_seconds": number(checked), "seconds_after_check": number(spentAgain),
            "memory_peak_bytes": number(Double(memoryPeakBytes())),
        ]
    }

    private func number(_ value: Double) -> JSONValue {
        .number(JSONNumber((value * 1000).rounded() / 1000))
    }
    private func number(_ value: Int) -> JSONValue { .number(JSONNumber(Double(value))) }

    private func diskBytes() throws -> Int64 {
        var total: Int64 = 0
        for place in [folder, FileSystem.join(folder, "events")] where FileSystem.isFolder(place) {
            for name in try FileSystem.list(place) {
                let path = FileSystem.join(place, name)
                if !FileSystem.isFolder(path) {
                    total += Int64(FileSystem.status(path)?.bytes ?? 0)
                }
            }
        }
        return total
    }

    /// The most that this process has had resident (proc_pid_status(5), VmHWM).
    private func memoryPeakBytes() -> Int {
        let text = String(
            decoding: (try? FileSystem.read("/proc/self/status")) ?? [], as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(separator: " ").dropLast().last.flatMap { Int($0) } ?? 0) * 1024
    }

    /// Removes what a test left in the folder.
    func clean() throws {
        for place in [FileSystem.join(folder, "events"), folder] where FileSystem.isFolder(place) {
            for name in try FileSystem.list(place) {
                FileSystem.remove(FileSystem.join(place, name))
            }
        }
    }
}
