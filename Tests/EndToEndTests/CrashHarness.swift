import Foundation
import Glibc
import Synchronization
import TestSupport

/// Loads the real program with concurrent signed deliveries, kills it with SIGKILL, starts it again,
/// and compares what it had acknowledged with what its queue holds.
///
/// A kill leaves the system's page cache whole; `PowerCut` takes away what a journal alone made durable.
/// Other losses are the subject of the tests that inject failures below the queues.
final class CrashHarness {
    /// What many rounds have shown.
    struct Report: CustomStringConvertible {
        var rounds = 0
        /// Deliveries that were answered with 200.
        var acknowledged = 0
        /// Stored, but killed before the answer: the vendor sends them again.
        var storedUnanswered = 0
        /// Acknowledged and not in the queue.
        var lost: [String] = []
        /// Stored more often than once.
        var duplicates: [String] = []
        /// Stored with another body than was sent under that id.
        var wrong: [String] = []

        var description: String {
            "rounds=\(rounds) acknowledged=\(acknowledged) stored_unanswered=\(storedUnanswered) "
                + "lost=\(lost.count) duplicates=\(duplicates.count) wrong=\(wrong.count)"
        }
    }

    private static let workers = 8
    /// Rounds on one data folder, before it grows too long to be read whole after each.
    private static let roundsOfFolder = 10

    private let queue: String
    private let bodies: [(text: String, signature: String)]
    private var random: SeededGenerator
    private var folder: URL?
    private var roundOfFolder = 0
    private var expected: Set<String> = []
    /// Sent and never answered; the next round sends them again, as vendors do.
    private var unanswered: [String] = []
    private(set) var report = Report()

    /// - Parameters:
    ///   - queue: `sqlite` or `file`.
    ///   - seed: chooses the moments of the kills.
    init(queue: String, seed: UInt64) throws {
        self.queue = queue
        random = SeededGenerator(state: seed)
        bodies = try (0..<24).map { index in
            let filler = String(repeating: "é\\n", count: index * index * 6)
            let text = #"{"number": \#(index).0, "filler":"\#(filler)"}"#
            return (text, try Signatures.hmac(text))
        }
    }

    deinit {
        if let folder { try? FileManager.default.removeItem(at: folder) }
    }

    /// One round: start, load, kill, start again, compare.
    ///
    /// - Parameter damage: done to the queue after the kill.
    func round(damage: (URL) throws -> Void = { _ in }) throws {
        if folder == nil || roundOfFolder == Self.roundsOfFolder { try makeFolder() }
        roundOfFolder += 1
        let folder = try folder.orTrouble("no folder")
        let server = try CrashServer(folder: folder)
        let load = Load(goal: Int.random(in: 1...400, using: &random))
        let round = report.rounds
        let again = Shared(unanswered)
        let threads = (0..<Self.workers).map { worker in
            Thread { [bodies, port = server.port] in
                Self.deliver(load, port, bodies, "\(round)-\(worker)", again)
                load.finished.signal()
            }
        }
        for thread in threads { thread.start() }
        load.reached.wait()
        // Not in step with an answer: somewhere in the commits that follow it.
        Self.spin(microseconds: UInt64.random(in: 0...4000, using: &random))
        server.kill()
        try damage(folder.appendingPathComponent("postern-data/queue"))
        for _ in threads { load.finished.wait() }
        let (acknowledged, sent) = load.results
        report.acknowledged += acknowledged.count
        expected.formUnion(acknowledged)
        unanswered = sent.subtracting(acknowledged).sorted()
        // A start may be killed as well.
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let microseconds = UInt64.random(in: 0...30_000, using: &random)
            try CrashServer.startAndKill(folder: folder) { Self.spin(microseconds: microseconds) }
        }
        try compare(folder, round)
        report.rounds += 1
    }

    private func makeFolder() throws {
        if let folder { try FileManager.default.removeItem(at: folder) }
        let new = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-crash-\(UUID().uuidString)")
        try CrashServer.configure(folder: new, queue: queue)
        folder = new
        roundOfFolder = 0
        expected = []
        unanswered = []
    }

    /// Delivers on one connection until it breaks.
    private static func deliver(
        _ load: Load, _ port: UInt16, _ bodies: [(text: String, signature: String)],
        _ prefix: String, _ again: Shared
    ) {
        guard let connection = try? RawConnection(port: port) else { return }
        for number in 0... {
            let id = again.next() ?? "\(prefix)-\(number)-\(number % bodies.count)"
            guard let index = id.split(separator: "-").last.flatMap({ Int($0) }) else { return }
            let body = bodies[index]
            let fields = [
                "X-Signature: sha256=\(body.signature)", "X-Delivery: \(id)",
                "Content-Type: application/json",
            ]
            load.sent(id)
            guard connection.send(RawConnection.request("/webhooks/hmac", body.text, fields)),
                let answer = connection.answer()
            else { return }
            if answer.status == 200 { load.acknowledged(id) }
        }
    }

    /// Starts the program once more, so that it recovers, and reads the whole queue.
    private func compare(_ folder: URL, _ round: Int) throws {
        let server = try CrashServer(folder: folder)
        let stored = try server.export()
        server.kill()
        var seen: Set<String> = []
        for (id, line) in stored {
            if !seen.insert(id).inserted { report.duplicates.append("\(round): \(id)") }
            let index = id.split(separator: "-").last.flatMap { Int($0) } ?? 0
            if !line.contains("\"data\":" + bodies[index].text) {
                report.wrong.append("\(round): \(id): \(line.prefix(200))")
            }
        }
        report.lost += expected.subtracting(seen).sorted().map { "\(round): \($0)" }
        let between = unanswered.filter { seen.contains($0) }
        report.storedUnanswered += between.count
    }

    /// Waits without giving up the processor, so that short times are short.
    private static func spin(microseconds: UInt64) {
        let end = DispatchTime.now().uptimeNanoseconds + microseconds * 1000
        while DispatchTime.now().uptimeNanoseconds < end {}
    }

    /// What the threads of a round have in common.
    private final class Load: Sendable {
        private struct State {
            var sent: Set<String> = []
            var acknowledged: Set<String> = []
        }
        private let state = Mutex(State())
        private let goal: Int
        /// Signalled when the goal is reached.
        let reached = DispatchSemaphore(value: 0)
        let finished = DispatchSemaphore(value: 0)

        init(goal: Int) { self.goal = goal }

        func sent(_ id: String) { state.withLock { _ = $0.sent.insert(id) } }

        func acknowledged(_ id: String) {
            let count = state.withLock { state in
                state.acknowledged.insert(id)
                return state.acknowledged.count
            }
            if count == goal { reached.signal() }
        }

        var results: (acknowledged: Set<String>, sent: Set<String>) {
            state.withLock { ($0.acknowledged, $0.sent) }
        }
    }

    /// Ids that are handed out once.
    private final class Shared: Sendable {
        private let ids: Mutex<[String]>
        init(_ ids: [String]) { self.ids = Mutex(ids) }
        func next() -> String? { ids.withLock { $0.popLast() } }
    }
}

extension Optional {
    /// The value, or a failure that says what is missing.
    func orTrouble(_ message: String) throws -> Wrapped {
        guard let self else { throw ReceiverProcess.Trouble(description: message) }
        return self
    }
}
