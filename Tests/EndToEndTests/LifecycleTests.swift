import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// Starting, reloading and stopping.
@Suite(.serialized)
struct LifecycleTests {
    @Test(arguments: ["sqlite", "file"])
    func `SIGTERM under load loses nothing that was acknowledged`(queue: String) throws {
        let server = try ReceiverProcess(queue: queue)
        let body = #"{"a":1}"#
        let signature = "X-Signature: sha256=\(try Signatures.hmac(body))"
        let acknowledged = Mutex<[String]>([])
        let port = server.port
        let enough = DispatchSemaphore(value: 0)
        let threads = (0..<4).map { worker in
            Thread {
                guard let connection = try? RawConnection(port: port) else { return }
                for number in 0..<100_000 {
                    let id = "\(worker)-\(number)"
                    let fields = [signature, "X-Delivery: \(id)"]
                    guard connection.send(RawConnection.request("/webhooks/hmac", body, fields)),
                        let answer = connection.answer()
                    else { return }
                    if answer.status == 200 { acknowledged.withLock { $0.append(id) } }
                    if number == 50 { enough.signal() }
                    if answer.head.contains("Connection: close") { return }
                }
            }
        }
        for thread in threads { thread.start() }
        enough.wait()
        #expect(server.stop() == 0)
        let ids = Set(try server.storedIDs())
        let said = acknowledged.withLock { $0 }
        #expect(said.count > 50)
        #expect(said.filter { !ids.contains($0) } == [])
    }

    @Test func `check prints every problem with its place`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-check-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("integrations.d"), withIntermediateDirectories: true)
        let file = folder.appendingPathComponent("postern.yaml").path
        try Data("listn: x\nlimits: { body_bytes_max: 1MB }\n".utf8).write(
            to: URL(fileURLWithPath: file))
        for name in ["a", "b"] {
            try Data(
                """
                name: same
                config:
                  webhook:
                    payload_transform: "(("
                    signature_verification: none

                """.utf8
            ).write(to: folder.appendingPathComponent("integrations.d/\(name).yaml"))
        }
        try Data(
            "name: one\nqueues: [man]\nconfig: { webhook: { signature_verification: none } }\n".utf8
        )
        .write(to: folder.appendingPathComponent("integrations.d/c.yaml"))
        let (status, output) = try ReceiverProcess.run(
            [ReceiverProcess.binary, "check", "--config", file])
        #expect(status == 1)
        #expect(output.contains("postern.yaml:1:1: listn: unknown key; did you mean listen?"))
        #expect(output.contains("postern.yaml:2:27: limits.body_bytes_max: \"1MB\""))
        #expect(output.contains("a.yaml:4:24: config.webhook.payload_transform: "))
        #expect(output.contains("b.yaml:4:24: config.webhook.payload_transform: "))
        #expect(
            output.contains("c.yaml:2:10: queues[0]: no queue is named man; did you mean main?"))
        let start = try ReceiverProcess.run([ReceiverProcess.binary, "serve", "--config", file])
        #expect(start.status == 78)
    }

    @Test func `an address in use and a locked queue are said plainly`() throws {
        let server = try ReceiverProcess(queue: "file")
        let text = try String(contentsOfFile: server.path("postern.yaml"), encoding: .utf8)
        let other = server.path("other.yaml")
        try text.replacingOccurrences(
            of: "listen: 127.0.0.1:0\nadmin",
            with: "listen: 127.0.0.1:\(server.port)\ndata_directory: ./other\nadmin"
        )
        .write(toFile: other, atomically: true, encoding: .utf8)
        let (status, output) = try ReceiverProcess.run(
            [ReceiverProcess.binary, "serve", "--config", other])
        #expect(status == 69)
        #expect(output.contains("in use"), "\(output)")
        let (locked, message) = try ReceiverProcess.run(
            [ReceiverProcess.binary, "serve", "--config", server.path("postern.yaml")])
        #expect(locked == 69)
        #expect(message.contains("queue main"), "\(message)")
    }

    @Test func `a signed request of our own send is accepted`() throws {
        let server = try ReceiverProcess()
        let url = "http://127.0.0.1:\(server.port)/webhooks/hmac"
        let (status, output) = try server.command(
            "send", "--integration", "hmac", "--url", url, "--data", #"{"x":1}"#, "--header",
            "X-Delivery: s-1")
        #expect(status == 0, "\(output)")
        #expect(try server.storedIDs() == ["s-1"])
        let empty = try server.command(
            "send", "--integration", "hmac", "--url", url, "--dry-run")
        #expect(empty.status == 0 && empty.output.contains("sha256="), "\(empty.output)")
        let leased = try server.command("queue", "lease", "--for", "60s")
        let object = try JSONSerialization.jsonObject(with: Data(leased.output.utf8))
        let lease = try #require((object as? [String: Any])?["lease"] as? String)
        #expect(try server.command("queue", "ack", lease).status == 0)
        #expect(try server.command("queue", "ack", lease).status == 1)
    }
}
