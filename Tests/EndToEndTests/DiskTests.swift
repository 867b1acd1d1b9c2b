import Foundation
import Glibc
import TestSupport
import Testing

/// A small file system of its own; only where this user may mount one.
final class SmallDisk {
    let path: String

    init(_ size: String) throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-disk-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        try run("mount", "-t", "tmpfs", "-o", "size=\(size)", "tmpfs", path)
    }

    deinit {
        _ = try? ReceiverProcess.run(["umount", path])
        try? FileManager.default.removeItem(atPath: path)
    }

    /// `ro` or `rw`.
    func remount(_ mode: String) throws { try run("mount", "-o", "remount,\(mode)", path) }

    /// Takes the space that is left, but for so many bytes.
    func fill(leaving bytes: Int) throws {
        let left = try FileManager.default.attributesOfFileSystem(forPath: path)[.systemFreeSize]
        let count = (left as? Int ?? 0) - bytes
        try Data(repeating: 0, count: max(count, 0)).write(
            to: URL(fileURLWithPath: path + "/ballast"))
    }

    func empty() throws { try FileManager.default.removeItem(atPath: path + "/ballast") }

    private func run(_ command: String...) throws {
        let (status, output) = try ReceiverProcess.run(command)
        guard status == 0 else { throw ReceiverProcess.Trouble(description: output) }
    }

    static let isAllowed = (try? SmallDisk("64k")) != nil
}

/// The real program on disks that are full or read-only.
@Suite(.serialized)
struct DiskTests {
    static let body = #"{"filler":"\#(String(repeating: "x", count: 5000))"}"#

    /// Sends deliveries until one is not answered with 200, at most `count`.
    private func deliver(
        _ server: ReceiverProcess, _ prefix: String, count: Int
    ) throws -> (accepted: [String], refusal: (status: Int, head: String, body: String)?) {
        let signature = "X-Signature: sha256=\(try Signatures.hmac(Self.body))"
        let connection = try RawConnection(port: server.port)
        var accepted: [String] = []
        for number in 0..<count {
            let id = "\(prefix)-\(number)"
            connection.send(
                RawConnection.request(
                    "/webhooks/hmac", Self.body, [signature, "X-Delivery: \(id)"]))
            let answer = try connection.answer().orTrouble("no answer to \(id)")
            guard answer.status == 200 else { return (accepted, answer) }
            accepted.append(id)
        }
        return (accepted, nil)
    }

    @Test(
        .enabled(if: SmallDisk.isAllowed, "needs the right to mount"),
        arguments: ["sqlite", "file"])
    func `a full disk is answered with 503, and loses nothing`(queue: String) throws {
        let disk = try SmallDisk("8m")
        let server = try ReceiverProcess(queue: queue, extra: "data_directory: \(disk.path)")
        let first = try deliver(server, "a", count: 20)
        #expect(first.accepted.count == 20)
        try disk.fill(leaving: 200_000)
        let second = try deliver(server, "b", count: 1000)
        let refusal = try second.refusal.orTrouble("the disk was never full")
        #expect(refusal.status == 503)
        #expect(refusal.head.lowercased().contains("retry-after:"))
        let ready = try RawConnection(port: server.adminPort)
        ready.send("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(ready.answer()?.status == 503)
        try disk.empty()
        let third = try deliver(server, "c", count: 20)
        #expect(third.accepted.count == 20)
        let said = first.accepted + second.accepted + third.accepted
        #expect(try server.storedIDs() == said)
        #expect(server.stop() == 0)
        #expect(try server.storedIDs() == said)
    }

    @Test(
        .enabled(if: SmallDisk.isAllowed, "needs the right to mount"),
        arguments: ["sqlite", "file"])
    func `a kill on a full disk leaves a queue that starts again`(queue: String) throws {
        let disk = try SmallDisk("8m")
        let extra = "data_directory: \(disk.path)"
        let server = try ReceiverProcess(queue: queue, extra: extra)
        try disk.fill(leaving: 150_000)
        let said = try deliver(server, "a", count: 1000).accepted
        kill(server.process.processIdentifier, SIGKILL)
        server.process.waitUntilExit()
        try disk.empty()
        let again = try ReceiverProcess(queue: queue, extra: extra)
        #expect(try again.storedIDs() == said)
        #expect(try deliver(again, "b", count: 3).accepted.count == 3)
    }

    @Test(arguments: [PowerCut.Loss.gone, .zeros])
    func `what a power cut took from a segment is restored at the start, and said`(
        loss: PowerCut.Loss
    ) throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-power-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let extra = "data_directory: \(folder.path)"
        let server = try ReceiverProcess(queue: "file", extra: extra)
        let journal = folder.appendingPathComponent("queue/journal").path
        var said: [String] = []
        while said.count < 10_000, !FileManager.default.fileExists(atPath: journal) {
            said += try deliver(server, "\(said.count)", count: 20).accepted
        }
        said += try deliver(server, "last", count: 20).accepted
        kill(server.process.processIdentifier, SIGKILL)
        server.process.waitUntilExit()
        let cut = PowerCut(folder: folder.appendingPathComponent("queue"))
        let bytes = try cut.lose(loss)
        #expect(bytes > 20 * Self.body.count)
        // A segment that ends earlier, before anything that a consumer has seen, has no gaps.
        if loss == .zeros {
            let (status, output) = try server.command("queue", "lease", "--queue", "main")
            #expect(status != 0)
            #expect(output.contains("journal"), "\(output)")
        }
        let again = try ReceiverProcess(queue: "file", extra: extra)
        #expect(again.hasLogged("queue restored from its journal"))
        #expect(again.hasLogged("bytes=\(bytes)"))
        #expect(try again.storedIDs() == said)
    }

    @Test(arguments: ["sqlite", "file"])
    func `a limit on the size of files is an error, not the end`(queue: String) throws {
        // setrlimit(2): beyond RLIMIT_FSIZE a write raises SIGXFSZ, which ends a process by default.
        let server = try ReceiverProcess(queue: queue)
        let (status, output) = try ReceiverProcess.run([
            "prlimit", "--pid", "\(server.process.processIdentifier)", "--fsize=400000:400000",
        ])
        #expect(status == 0, "\(output)")
        let result = try deliver(server, "a", count: 2000)
        #expect(result.refusal?.status == 503)
        #expect(server.process.isRunning)
        #expect(try server.storedIDs() == result.accepted)
    }

    @Test(
        .enabled(if: SmallDisk.isAllowed, "needs the right to mount"),
        arguments: ["sqlite", "file"])
    func `a read-only file system is said at the start, and keeps what it holds`(
        queue: String
    ) throws {
        let disk = try SmallDisk("8m")
        let server = try ReceiverProcess(queue: queue, extra: "data_directory: \(disk.path)")
        let said = try deliver(server, "a", count: 3).accepted
        #expect(server.stop() == 0)
        try disk.remount("ro")
        let (status, output) = try server.command("serve")
        #expect(status == 69)
        #expect(output.contains(disk.path), "\(output)")
        try disk.remount("rw")
        #expect(try server.storedIDs() == said)
    }
}
