import TestSupport
import Testing

/// What `/metrics` says of limits and stages.
struct LimitMetricsTests {
    private func metrics(_ server: ReceiverProcess) throws -> String {
        try RawConnection.post(server.adminPort, "/metrics", "", [], method: "GET")?.body ?? ""
    }

    @Test func `a limit that was reached is counted by its name`() throws {
        let server = try ReceiverProcess()
        let fields = (0..<101).map { "X-\($0): 1" }
        #expect(try RawConnection.post(server.port, "/webhooks/hmac", "{}", fields)?.status == 431)
        let text = try metrics(server)
        #expect(text.contains("postern_limits_hit_total{limit=\"header_count_max\"} 1\n"))
    }

    @Test func `a stage is measured only when it runs`() throws {
        let server = try ReceiverProcess()
        let fields = ["X-Signature: sha256=\(try Signatures.hmac("{}"))", "X-Delivery: m-1"]
        #expect(try RawConnection.post(server.port, "/webhooks/hmac", "{}", fields)?.status == 200)
        let text = try metrics(server)
        #expect(text.contains("postern_stage_seconds_count{stage=\"signature_verification\"} 1\n"))
        #expect(text.contains("postern_stage_seconds_count{stage=\"payload_transform\"} 0\n"))
    }
}
