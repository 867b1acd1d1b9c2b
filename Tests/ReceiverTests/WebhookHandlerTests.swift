import EventQueue
import Foundation
import Testing

@testable import HTTPServer
@testable import Receiver

struct WebhookHandlerTests {
    private struct NoHead: Error {}

    private static func head(_ path: String) throws -> HTTPRequestHead {
        let text = "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"
        var consumed = 0
        let event = try HTTPParser(limits: HTTPLimits())
            .next(Array(text.utf8).span, consumed: &consumed)
        guard case .head(let head) = event else { throw NoHead() }
        return head
    }

    /// A handler of loops that nobody runs; its folder goes with `body`'s end.
    private static func withHandler(
        _ snapshot: consuming Snapshot, loops: Int, _ metrics: Metrics,
        _ body: (WebhookHandler) throws -> Void
    ) throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-handler-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let quarantine = try Quarantine(
            folder: folder, limits: ReceiverLimits(), metrics: metrics)
        let contexts = try ContextStore(store: try StateStore(path: folder + "/state.db"))
        defer {
            quarantine.close()
            contexts.close()
        }
        try body(
            WebhookHandler(
                snapshot: consume snapshot, contexts: contexts, quarantine: quarantine,
                stateWorker: SerialWorker(waitingMax: 1),
                keySets: KeySetStore(isUsable: { _ in true }) { _ in .failure(.init("none")) },
                metrics: metrics, log: Log(LogSettings(), journal: nil, sink: { _ in }),
                recent: RecentRequests(), loops: loops, seed: 1))
    }

    /// Where a loop's request is led.
    private static func destination(
        _ handler: WebhookHandler, _ path: String, loop: Int
    ) throws -> Destination? {
        switch handler.headReceived(try head(path), remoteAddress: "192.0.2.1", loop: loop) {
        case .readBody(_, let context): context as? Destination
        case .respond: nil
        }
    }

    @Test(arguments: [1, 2, 5])
    func `a new configuration holds for every loop, and the old one goes`(loops: Int) throws {
        let metrics = Metrics()
        let old = try Snapshot.loaded(integrations: [("old", ""), ("both", "")], metrics: metrics)
        weak let group = old.group
        try Self.withHandler(consume old, loops: loops, metrics) { handler in
            for loop in 0..<loops {
                for path in ["/webhooks/old", "/webhooks/both"] {
                    let found = try #require(try Self.destination(handler, path, loop: loop))
                    #expect(found.active.group === group && found.active.settings.isCurrent)
                }
                #expect(try Self.destination(handler, "/webhooks/new", loop: loop) == nil)
            }
            let new = try Snapshot.loaded(
                integrations: [("new", ""), ("both", "")], metrics: metrics)
            handler.replace(with: new)
            #expect(group == nil)
            for loop in 0..<loops {
                for path in ["/webhooks/new", "/webhooks/both"] {
                    let found = try #require(try Self.destination(handler, path, loop: loop))
                    #expect(found.active.group === new.group && found.active.settings.isCurrent)
                }
                #expect(try Self.destination(handler, "/webhooks/old", loop: loop) == nil)
            }
        }
    }
}
