import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// What handshakes put into a context: durable before the answer, written once, there after a reload,
/// a kill and a restart.
@Suite(.serialized)
final class StateTests {
    private static let accounts = 12
    private static let body = #"{"events":[]}"#
    private let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("postern-state-\(UUID().uuidString)")

    /// Asana's handshake: the first request brings the secret that signs the later ones.
    private static let asana = """
        name: asana
        config:
          webhook:
            handle_verification: |
              headers.`x-hook-secret` ? {
                'type': 'verify',
                'verification_response': { 'headers': { 'X-Hook-Secret': headers.`x-hook-secret` } },
                'update_context': { 'webhook_secret': headers.`x-hook-secret`, 'filler': body.filler }
              }
            signature_verification:
              format: hmac
              config: { secret: "{{webhook_secret}}", compare_with: "{{headers.x-hook-signature}}" }
        """

    init() throws {
        for name in ["integrations.d", "accounts.d"] {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        try write(Self.asana, "integrations.d/asana.yaml")
        for number in 0..<Self.accounts {
            try write("{ id: a\(number), integration: asana }\n", "accounts.d/a\(number).yaml")
        }
        try write(
            """
            listen: 127.0.0.1:0
            accounts: accounts.d
            limits: { context_bytes_max: 2KiB }

            """, "postern.yaml")
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }

    private static func handshake(
        _ port: UInt16, _ account: String, _ secret: String, body: String = "{}"
    ) -> (status: Int, head: String, body: String)? {
        try? RawConnection.post(
            port, "/webhooks/asana/\(account)", body,
            ["X-Hook-Secret: \(secret)", "Content-Type: application/json"])
    }

    /// The answer to a delivery that is signed with a secret.
    private func deliver(_ port: UInt16, _ account: String, _ secret: String) throws -> Int? {
        let signature = try Signatures.hmac(Self.body, secret: secret)
        return try RawConnection.post(
            port, "/webhooks/asana/\(account)", Self.body,
            ["X-Hook-Signature: \(signature)", "Content-Type: application/json"])?.status
    }

    @Test func `a secret is kept over a kill, a restart and a reload, and nobody replaces it`()
        throws
    {
        var server = try CrashServer(folder: folder)
        // Without a secret nothing is accepted.
        #expect(try deliver(server.port, "a0", "anything") == 503)
        let answer = Self.handshake(server.port, "a0", "first-secret")
        #expect(answer?.status == 200)
        #expect(answer?.head.contains("X-Hook-Secret: first-secret") == true)
        // Killed with the answer in hand.
        server.kill()
        server = try CrashServer(folder: folder)
        #expect(try deliver(server.port, "a0", "first-secret") == 200)
        // A stranger's handshake is answered, and changes nothing.
        #expect(Self.handshake(server.port, "a0", "stranger")?.status == 200)
        #expect(try deliver(server.port, "a0", "stranger") == 401)
        #expect(try deliver(server.port, "a0", "first-secret") == 200)
        // Accounts are apart.
        #expect(try deliver(server.port, "a1", "first-secret") == 503)
        server.kill()
        server = try CrashServer(folder: folder)
        #expect(try deliver(server.port, "a0", "stranger") == 401)
        // A reload that adds an integration keeps the context.
        try write(
            Self.asana.replacingOccurrences(of: "name: asana", with: "name: other"),
            "integrations.d/other.yaml")
        try server.reload()
        #expect(try deliver(server.port, "a0", "first-secret") == 200)
        #expect(try RawConnection.post(server.port, "/webhooks/other", "{}", [])?.status == 503)
    }

    @Test func `a context at its limit is kept, beyond it the vendor is told to try again`() throws
    {
        let server = try CrashServer(folder: folder)
        let large = #"{"filler":"\#(String(repeating: "x", count: 3000))"}"#
        #expect(Self.handshake(server.port, "a0", "secret", body: large)?.status == 500)
        #expect(try deliver(server.port, "a0", "secret") == 503)
        // Keys and values with their quotes: webhook_secret, "secret", filler, "x…".
        let room = 2048 - 14 - 8 - 6 - 2
        let exact = #"{"filler":"\#(String(repeating: "x", count: room))"}"#
        let beyond = #"{"filler":"\#(String(repeating: "x", count: room + 1))"}"#
        #expect(Self.handshake(server.port, "a1", "secret", body: beyond)?.status == 500)
        #expect(Self.handshake(server.port, "a1", "secret", body: exact)?.status == 200)
        #expect(try deliver(server.port, "a1", "secret") == 200)
    }

    @Test func `of handshakes that are cut off by a kill, every answered one is kept`() throws {
        for round in 0..<3 {
            try? FileManager.default.removeItem(at: folder.appendingPathComponent("postern-data"))
            let server = try CrashServer(folder: folder)
            let answered = Mutex<[String]>([])
            let enough = DispatchSemaphore(value: 0)
            let finished = DispatchSemaphore(value: 0)
            for number in 0..<Self.accounts {
                let port = server.port
                Thread {
                    let account = "a\(number)"
                    if Self.handshake(port, account, "secret-\(number)")?.status == 200 {
                        answered.withLock { $0.append(account) }
                    }
                    enough.signal()
                    finished.signal()
                }.start()
            }
            for _ in 0...round * 4 { enough.wait() }
            server.kill()
            for _ in 0..<Self.accounts { finished.wait() }
            let again = try CrashServer(folder: folder)
            let said = answered.withLock { $0 }
            #expect(!said.isEmpty)
            for account in said {
                #expect(try deliver(again.port, account, "secret-\(account.dropFirst())") == 200)
            }
        }
    }
}
