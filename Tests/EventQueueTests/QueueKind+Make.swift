import Foundation

@testable import EventQueue

/// A folder that lives as long as the value that made it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "event-queue-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        // A test may have taken the right to write away.
        _ = unsafe chmod(path + "/queue", 0o700)
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// The queues that share one contract.
enum QueueKind: String, CaseIterable, Sendable {
    case sqlite
    case file

    /// Opens the queue in the folder.
    func open(
        _ folder: TemporaryFolder, delivery: DeliveryPolicy = DeliveryPolicy(),
        segmentBytesMax: Int = 64 << 20, access: QueueAccess = .readWrite,
        nowMilliseconds: Int64 = now
    ) throws -> any EventQueue {
        switch self {
        case .sqlite:
            var options = SQLiteQueueOptions()
            options.delivery = delivery
            let queue = try SQLiteQueue(
                name: "q", path: folder.path + "/queue.db", options: options, access: access,
                nowMilliseconds: nowMilliseconds)
            // The states it writes are those that there are.
            try queue.withWriter { writer throws(QueueError) in
                try writer.connection.execute(
                    "PRAGMA ignore_check_constraints = OFF", "checks of test")
            }
            return queue
        case .file:
            var options = FileQueueOptions()
            options.delivery = delivery
            options.segmentBytesMax = segmentBytesMax
            return try FileQueue(
                name: "q", path: folder.path + "/queue", options: options, access: access,
                nowMilliseconds: nowMilliseconds)
        }
    }
}

/// A fixed time: 2023-11-14T22:13:20Z.
let now: Int64 = 1_700_000_000_000
let hour: Int64 = 3_600_000

extension QueuedEvent {
    /// An event with the identifier in its document.
    static func make(
        _ id: String, integration: String = "github", account: String? = nil,
        type: String = "push", time: Int64 = now, window: Int64? = nil, body: String = "{}",
        document: String? = nil, request: String = ""
    ) -> QueuedEvent {
        QueuedEvent(
            id: id, integration: integration, account: account, type: type,
            timeMilliseconds: time, deduplicationWindowMilliseconds: window,
            document: Array((document ?? #"{"id":"\#(id)","data":\#(body)}"#).utf8),
            request: Array(request.utf8))
    }
}

extension EventQueue {
    /// Appends one event a commit.
    func appendEach(_ ids: some Sequence<String>) throws {
        for id in ids { _ = try append([.make(id)], nowMilliseconds: now) }
    }

    /// Identifiers of all events, oldest first.
    func ids() throws -> [String] {
        try list(EventFilter(limit: 1_000_000)).map(\.id)
    }
}
