import Foundation
import Glibc
import TestSupport
import Testing

/// `postern queue …` beside a running server, the same for both kinds of queue.
@Suite(.serialized)
struct QueueCommandTests {
    private static func deliver(_ server: ReceiverProcess, _ ids: [String]) throws {
        for id in ids {
            let body = #"{"id":"\#(id)"}"#
            let fields = ["X-Signature: sha256=\(try Signatures.hmac(body))", "X-Delivery: \(id)"]
            let answer = try RawConnection.post(server.port, "/webhooks/hmac", body, fields)
            #expect(answer?.status == 200)
        }
    }

    private static func objects(_ output: String) throws -> [[String: Any]] {
        try output.split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            return try (object as? [String: Any]).orTrouble("\(line)")
        }
    }

    @Test(arguments: ["sqlite", "file"])
    func `tail follows what comes`(queue: String) throws {
        let server = try ReceiverProcess(queue: queue)
        try Self.deliver(server, ["a", "b", "c"])
        let last = try server.command("queue", "tail", "--lines", "2", "--no-follow")
        #expect(try Self.objects(last.output).map { $0["id"] as? String } == ["b", "c"])
        let process = Process()
        process.executableURL = URL(fileURLWithPath: ReceiverProcess.binary)
        process.arguments = [
            "queue", "tail", "--follow", "--lines", "1", "--config", server.path("postern.yaml"),
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        // Foundation starts it with SIGTERM blocked.
        defer {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        func next() throws -> String? {
            let data = output.fileHandleForReading.availableData
            return try Self.objects(String(decoding: data, as: UTF8.self)).last?["id"] as? String
        }
        #expect(try next() == "c")
        try Self.deliver(server, ["d"])
        #expect(try next() == "d")
    }

    @Test(arguments: ["sqlite", "file"])
    func `leases are given back, extended, lost and done`(queue: String) throws {
        let server = try ReceiverProcess(queue: queue)
        try Self.deliver(server, ["a", "b", "c"])
        let leased = try Self.objects(
            try server.command("queue", "lease", "--count", "2", "--for", "1h").output)
        #expect(leased.count == 2)
        let leases = leased.compactMap { $0["lease"] as? String }
        #expect(
            leased.compactMap { ($0["event"] as? [String: Any])?["id"] as? String } == ["a", "b"])
        #expect(try server.command("queue", "extend", leases[0], "--for", "2h").status == 0)
        let back = try server.command(
            "queue", "nack", leases[0], "--delay", "1ms", "--error", "not now", "--json")
        #expect(try Self.objects(back.output).first?["result"] as? String == "retry")
        #expect(try server.command("queue", "extend", leases[0]).status == 1)
        #expect(try server.command("queue", "ack", leases[1]).status == 0)
        #expect(try server.command("queue", "nack", leases[1]).status == 1)
        #expect(try server.command("queue", "ack", "nonsense").status == 64)
        let done = try server.command("queue", "list", "--state", "done", "--json")
        #expect(try Self.objects(done.output).map { $0["id"] as? String } == ["b"])
        let stats = try Self.objects(try server.command("queue", "stats", "--json").output)
        #expect(stats.first?["ready"] as? Int == 2)
        #expect(stats.first?["last_sequence"] as? Int == 3)
    }

    @Test(arguments: ["sqlite", "file"])
    func `export gives every event, and what it was received as`(queue: String) throws {
        let server = try ReceiverProcess(queue: queue)
        let ids = (0..<520).map { "e\($0)" }
        let body = "{}"
        let signature = "X-Signature: sha256=\(try Signatures.hmac(body))"
        let connection = try RawConnection(port: server.port)
        for id in ids {
            connection.send(
                RawConnection.request("/webhooks/hmac", body, [signature, "X-Delivery: \(id)"]))
            #expect(connection.answer()?.status == 200)
        }
        // More than a page.
        let events = try Self.objects(try server.command("queue", "export").output)
        #expect(events.map { $0["id"] as? String } == ids)
        let rest = try server.command("queue", "export", "--after", "518", "--requests")
        let lines = try Self.objects(rest.output)
        #expect(lines.count == 2)
        #expect((lines[1]["event"] as? [String: Any])?["id"] as? String == "e519")
        #expect((lines[1]["request"] as? [String: Any])?["method"] as? String == "POST")
    }

    @Test func `a consumer may remove what it names`() throws {
        let server = try ReceiverProcess(queue: "sqlite")
        try Self.deliver(server, ["a", "b", "c"])
        let pruned = try server.command("queue", "prune", "--count", "1", "--json")
        #expect(try Self.objects(pruned.output).first?["events"] as? Int == 2)
        #expect(try server.storedIDs() == ["c"])
        #expect(try server.command("queue", "prune", "--age", "soon").status == 64)
    }
}
