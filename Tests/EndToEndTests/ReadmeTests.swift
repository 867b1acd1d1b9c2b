import Foundation
import TestSupport
import Testing

/// What the README tells a newcomer to type, typed.
@Suite(.serialized)
struct ReadmeTests {
    /// The blocks of shell below a heading.
    private static func blocks(_ heading: String) throws -> [String] {
        let readme = try String(
            contentsOf: Folders.project.appendingPathComponent("README.md"), encoding: .utf8)
        let start = try #require(readme.range(of: "\n## \(heading)\n"))
        let section = readme[start.upperBound...].prefix(
            upTo: readme[start.upperBound...].range(of: "\n## ")?.lowerBound ?? readme.endIndex)
        return section.matches(of: /```sh\n((?:.|\n)*?)```/).map { String($0.output.1) }
    }

    /// A port that was free a moment ago: the README has a fixed one.
    private static func freePort() throws -> UInt16 { try ReceiverProcess().port }

    @Test(.enabled(if: OpenSSLTool.isInstalled, "no openssl command here"))
    func `five minutes with GitHub, and the queue read as it says`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-readme-\(UUID().uuidString)")
        let programs = folder.appendingPathComponent("bin")
        try FileManager.default.createDirectory(at: programs, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createSymbolicLink(
            atPath: programs.appendingPathComponent("postern").path,
            withDestinationPath: ReceiverProcess.binary)
        let steps = try Self.blocks("Five minutes with GitHub").joined(separator: "\n")
            .split(separator: "\n")
            .filter { !$0.hasPrefix("swift build") && !$0.hasPrefix("install ") }
            .joined(separator: "\n")
        #expect(steps.contains("postern init") && steps.contains("curl -i"))
        let consume = try Self.blocks("Consuming the queue")
        let sqlite = try #require(consume[0].split(separator: "\n").first)
        let file = try #require(consume[1].split(separator: "\n").first)
        // The server is ready once it answers. With job control `kill %1` means it too, and not only the
        // shell that runs it.
        let curl = "curl -i --retry-connrefused --retry 20 -sS"
        let script = """
            set -em; cd \(folder.path); export PATH=\(programs.path):$PATH
            \(steps.replacingOccurrences(of: "curl -i", with: curl))
            echo; echo == queue; postern queue list --config postern.yaml
            echo == event; postern queue show --config postern.yaml 1c1f2d8e-0001
            kill %1; wait %1
            echo == table; \(sqlite)
            """
            .replacingOccurrences(of: "8080", with: "\(try Self.freePort())")
        let (status, output) = try ReceiverProcess.run(["bash", "-c", script])
        #expect(status == 0, "\(output)")
        #expect(output.contains("HTTP/1.1 200 OK"), "\(output)")
        #expect(output.contains("\"number\": 1"), "\(output)")
        #expect(output.contains("== table\n1|pull_request|opened\n"), "\(output)")
        // A line of a file queue as `jq` sees it.
        let server = try ReceiverProcess(queue: "file")
        let signature = "X-Signature: sha256=\(try Signatures.hmac("{}"))"
        _ = try RawConnection.post(
            server.port, "/webhooks/hmac", "{}", [signature, "X-Delivery: d-1"])
        let tail = file.replacingOccurrences(of: "tail -F", with: "cat")
            .replacingOccurrences(of: "events/", with: "queue/")
        let lines = try ReceiverProcess.run(["bash", "-c", "cd \(server.folder.path); \(tail)"])
        #expect(
            lines.output == "{\"id\":\"d-1\",\"type\":\"webhook.received\",\"data\":{}}\n",
            "\(lines.output)")
    }
}
