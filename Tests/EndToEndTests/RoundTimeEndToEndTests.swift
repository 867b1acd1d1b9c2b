import Foundation
import TestSupport
import Testing

/// A loop that falls behind, in the real program.
@Suite(.serialized)
struct RoundTimeEndToEndTests {
    /// Nothing of these is stored, so that only the loop's time counts. The slow one takes many times the
    /// two thirds of 10 ms that a round may take.
    private static func integration(_ name: String, _ work: String) -> String {
        """
        name: \(name)
        config:
          webhook:
            handle_verification: "(\(work); {'type': 'meta'})"
            signature_verification: none
        """
    }

    @Test func `what a round has no time for is refused at once, and the next round is new`()
        throws
    {
        let server = try ReceiverProcess(
            extra: "limits: { queue_time_max: 10ms, threads: 1 }",
            integrations: [
                "slow.yaml": Self.integration(
                    "slow", "$sum($map([1..20000], function($v) { $v * 2 }))"),
                "quick.yaml": Self.integration("quick", "1"),
            ])
        let connection = try RawConnection(port: server.port)
        func request(_ name: String) -> String { RawConnection.request("/webhooks/\(name)", "{}") }
        // One packet: they are read in one round.
        let names = ["slow"] + Array(repeating: "quick", count: 30)
        for _ in 0..<3 {
            connection.send(names.map(request).joined())
            let answers = try names.map { _ in try connection.answer().orTrouble("no answer") }
            #expect(answers[0].status == 200)
            #expect(answers[1...].allSatisfy { $0.status == 503 })
            #expect(answers[1...].allSatisfy { $0.head.contains("Retry-After: ") })
            // Whoever comes again finds room.
            connection.send(request("quick"))
            #expect(connection.answer()?.status == 200)
        }
        let metrics = try RawConnection.post(server.adminPort, "/metrics", "", method: "GET")
        #expect(
            metrics?.body.contains("postern_limits_hit_total{limit=\"queue_time_max\"} 90\n")
                == true)
    }
}
