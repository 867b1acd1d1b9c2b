import Foundation
import TestSupport
import Testing

/// One thread of the real program is frozen from outside: systemd must hear no sign of life until it moves.
@Suite(.serialized)
struct WatchdogTests {
    private static let configuration = """
        listen: systemd:webhooks
        environment_variables: { SECRET: { credential: secret_hmac } }

        """
    private static let stalled = "STATUS=a loop or a commit does not move"

    private func running() throws -> ServiceManagerDouble {
        let systemd = try ServiceManagerDouble(configuration: Self.configuration)
        try systemd.start(watchdogMicroseconds: 200_000)
        _ = try #require(systemd.wait(for: "READY=1"))
        #expect(systemd.wait(for: "WATCHDOG=1") != nil)
        return systemd
    }

    /// Of the notifications after the first that tells of the stall, none is a sign of life.
    private func expectSilence(_ systemd: ServiceManagerDouble) {
        #expect(systemd.wait(for: Self.stalled) != nil)
        for _ in 0..<5 { #expect(systemd.notification() == Self.stalled) }
    }

    @Test func `a frozen event loop ends the signs of life`() throws {
        let systemd = try running()
        let threads = ThreadFreeze.threads(of: systemd.processIdentifier)
        let loop = try #require(threads.first { $0.name.hasPrefix("loop-") }, "\(threads)")
        let freeze = try #require(ThreadFreeze(thread: loop.thread), "ptrace is not allowed here")
        expectSilence(systemd)
        freeze.thaw()
        #expect(systemd.wait(for: "WATCHDOG=1") != nil)
        systemd.signal(SIGTERM)
        #expect(systemd.waitForExit() == 0)
    }

    @Test func `a frozen committer ends the signs of life once it has work`() throws {
        let systemd = try running()
        let threads = ThreadFreeze.threads(of: systemd.processIdentifier)
        let lane = try #require(threads.first { $0.name.hasPrefix("commit") }, "\(threads)")
        let freeze = try #require(ThreadFreeze(thread: lane.thread), "ptrace is not allowed here")
        // Nothing waits for it yet: an idle server is alive.
        for _ in 0..<3 { #expect(systemd.wait(for: "WATCHDOG=1") != nil) }
        let connection = try RawConnection(port: systemd.port)
        connection.send(
            RawConnection.request(
                "/webhooks/hmac", "{}",
                ["X-Signature: sha256=\(try Signatures.hmac("{}"))", "X-Delivery: w-1"]))
        expectSilence(systemd)
        freeze.thaw()
        #expect(connection.answer()?.status == 200)
        #expect(systemd.wait(for: "WATCHDOG=1") != nil)
        systemd.signal(SIGTERM)
        #expect(systemd.waitForExit() == 0)
    }
}
