import Foundation
import TestSupport
import Testing

/// More deliveries than the disk takes, sent to the real program.
@Suite(.serialized)
struct OverloadTests {
    private static func integration(_ name: String) -> String {
        """
        name: \(name)
        config: { webhook: { signature_verification: none } }
        event_id: "{{headers.x-delivery}}"
        """
    }

    private static func request(_ integration: String, _ id: String) -> String {
        RawConnection.request("/webhooks/\(integration)", "{}", ["X-Delivery: \(id)"])
    }

    /// Sends all on one connection and gives the ids of each status in order.
    private static func send(
        _ connection: RawConnection, _ integration: String, _ ids: [String]
    ) throws -> [(id: String, status: Int, head: String)] {
        connection.send(ids.map { request(integration, $0) }.joined())
        return try ids.map { id in
            let answer = try connection.answer().orTrouble("no answer to \(id)")
            return (id, answer.status, answer.head)
        }
    }

    /// Four events in each fifth of a second; twelve connections want to store sixty each at once.
    @Test(
        .enabled(if: SlowDisk.isAllowed, "needs strace and the right to trace"),
        arguments: ["sqlite", "file"])
    func `what cannot be stored in time is refused at once, by shares, and nothing is lost`(
        queue: String
    ) throws {
        let server = try ReceiverProcess(
            queue: queue, extra: "limits: { queue_time_max: 1500ms, events_per_commit_max: 4 }",
            integrations: [
                "greedy.yaml": Self.integration("greedy"),
                "modest.yaml": Self.integration("modest"),
            ])
        let disk = try SlowDisk(server.process, milliseconds: 200)
        let first = try RawConnection(port: server.port)
        var answers = try Self.send(first, "greedy", (0..<12).map { "warm-\($0)" })
        #expect(answers.allSatisfy { $0.status == 200 })
        let greedy = try (0..<12).map { _ in try RawConnection(port: server.port) }
        for (number, connection) in greedy.enumerated() {
            connection.send((0..<60).map { Self.request("greedy", "g-\(number)-\($0)") }.joined())
        }
        // While they wait, and are refused, the other one's few are taken.
        let modest = try RawConnection(port: server.port)
        for number in 0..<3 { answers += try Self.send(modest, "modest", ["m-\(number)"]) }
        #expect(answers.allSatisfy { $0.status == 200 })
        for (number, connection) in greedy.enumerated() {
            for place in 0..<60 {
                let answer = try connection.answer().orTrouble("no answer")
                answers.append(("g-\(number)-\(place)", answer.status, answer.head))
            }
        }
        let refused = answers.filter { $0.status != 200 }
        for answer in refused {
            #expect(answer.status == 503 && answer.head.contains("\r\nRetry-After: "), "\(answer)")
        }
        // A second and a half stores thirty, and each answer makes room for one.
        #expect(refused.count > 300, "\(refused.count)")
        withExtendedLifetime(disk) {}
        let metrics = try RawConnection.post(server.adminPort, "/metrics", "", method: "GET")
        let counted = "postern_limits_hit_total{limit=\"queue_time_max\"} \(refused.count)\n"
        #expect(metrics?.body.contains(counted) == true)
        // All of them together would take over half a minute to store; nobody has waited for that. The
        // server measures from its decision to its answer.
        let accepted = answers.count - refused.count
        for bucket in ["5.0", "+Inf"] {
            let line = "postern_commit_seconds_bucket{le=\"\(bucket)\"} \(accepted)\n"
            #expect(metrics?.body.contains(line) == true, "\(metrics?.body ?? "")")
        }
        let stored = Set(try server.storedIDs())
        #expect(stored == Set(answers.filter { $0.status == 200 }.map(\.id)))
        #expect(server.stop() == 0)
    }
}
