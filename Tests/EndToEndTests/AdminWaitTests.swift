import Foundation
import TestSupport
import Testing

/// What is slow on the admin listener does not hold up the rest.
@Suite(.serialized)
struct AdminWaitTests {
    @Test(
        .enabled(if: SlowDisk.isAllowed, "strace is not there or may not trace"))
    func `who asks does not wait for a change that waits for the disk`() throws {
        let server = try ReceiverProcess()
        // A minute is as good as for ever; the end of tracing ends it.
        var disk: SlowDisk? = try SlowDisk(
            server.process, milliseconds: 60_000, calls: "fsync,fdatasync")
        let change = try RawConnection(port: server.adminPort)
        let body = #"""
            {"name": "n", "config": {"webhook": {"signature_verification": "none"}}}
            """#
        change.send(
            RawConnection.request("/integration", body, ["Content-Type: application/json"]))
        for path in [
            "/healthz", "/metrics", "/integration", "/queues", "/requests", "/quarantine",
        ] {
            let answer = try RawConnection.post(server.adminPort, path, "", method: "GET")
            #expect(answer?.status == 200, "\(path)")
        }
        #expect(!change.hasInput, "the change was not held up: this shows nothing")
        disk = nil
        #expect(change.answer()?.status == 201)
        #expect(disk == nil)
    }
}
