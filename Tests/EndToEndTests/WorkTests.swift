import Foundation
import Glibc
import TestSupport
import Testing

/// `postern work` on the real program.
@Suite(.serialized)
struct WorkTests {
    private static func fill(_ server: ReceiverProcess, _ ids: [String]) throws {
        for id in ids {
            let body = #"{"id":"\#(id)"}"#
            let fields = ["X-Signature: sha256=\(try Signatures.hmac(body))", "X-Delivery: \(id)"]
            let answer = try RawConnection.post(server.port, "/webhooks/hmac", body, fields)
            #expect(answer?.status == 200)
        }
    }

    private static func lines(_ output: String) -> [[String: Any]] {
        output.split(separator: "\n").compactMap {
            (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
        }
    }

    /// The queue's numbers by their names.
    private static func stats(_ server: ReceiverProcess) throws -> [String: Any] {
        try lines(try server.command("queue", "stats", "--json").output).first.orTrouble("no stats")
    }

    @Test(arguments: ["sqlite", "file"])
    func `a command gets each event on its standard input`(queue: String) throws {
        let server = try ReceiverProcess(queue: queue)
        try Self.fill(server, ["a", "b", "c"])
        let command =
            #"cat > "$OUT_FOLDER/$POSTERN_EVENT_ID.$POSTERN_ATTEMPT.$POSTERN_INTEGRATION""#
            .replacingOccurrences(of: "$OUT_FOLDER", with: server.folder.path)
        let (status, output) = try server.command(
            "work", "--exec", command, "--until-empty", "--json", "--concurrency", "2")
        #expect(status == 0, "\(output)")
        #expect(output.contains("3 done, 0 to be tried again, 0 dead, 0 lost"))
        #expect(Set(Self.lines(output).compactMap { $0["id"] as? String }) == ["a", "b", "c"])
        for id in ["a", "b", "c"] {
            let data = try Data(contentsOf: URL(fileURLWithPath: server.path("\(id).1.hmac")))
            let event = try JSONSerialization.jsonObject(with: data) as? [String: Any]
            #expect(event?["id"] as? String == id)
            #expect((event?["data"] as? [String: Any])?["id"] as? String == id)
        }
        #expect(try Self.stats(server)["ready"] as? Int == 0)
    }

    @Test(arguments: ["sqlite", "file"])
    func `a command that fails makes a dead letter, which can be returned`(queue: String) throws {
        let server = try ReceiverProcess(queue: queue)
        try Self.fill(server, ["a"])
        let first = try server.command("work", "--exec", "exit 3", "--until-empty")
        #expect(first.status == 0)
        #expect(first.output.contains("retry: event 1 (a), attempt 1: exit status 3; again at"))
        let waiting = try Self.stats(server)
        #expect(waiting["ready"] as? Int == 1 && waiting["dead"] as? Int == 0)
        try Self.fill(server, ["b"])
        let last = try server.command(
            "work", "--exec", "kill -9 $$", "--until-empty", "--attempts", "1", "--json")
        let result = Self.lines(last.output).first
        #expect(result?["result"] as? String == "dead", "\(last.output)")
        #expect(result?["error"] as? String == "ended by signal 9")
        #expect(try Self.stats(server)["dead"] as? Int == 1)
        #expect(try server.command("queue", "requeue").output.contains("1 events"))
        let again = try server.command("work", "--exec", "true", "--until-empty", "--json")
        let done = Self.lines(again.output).filter { $0["result"] as? String == "done" }
        #expect(done.contains { $0["id"] as? String == "b" }, "\(again.output)")
        #expect(try Self.stats(server)["dead"] as? Int == 0)
    }

    @Test func `a command that takes too long is ended with its children`() throws {
        let server = try ReceiverProcess()
        try Self.fill(server, ["a"])
        let (status, output) = try server.command(
            "work", "--exec", "sleep 1000 & sleep 1000", "--until-empty", "--timeout", "50ms")
        #expect(status == 0)
        #expect(output.contains("no end after 50 ms"), "\(output)")
    }

    @Test func `posts are signed as Standard Webhooks says`() throws {
        let target = try ReceiverProcess(integrations: ["standard.yaml": Self.standard])
        let source = try ReceiverProcess()
        try Self.fill(source, ["a", "b"])
        let url = "http://127.0.0.1:\(target.port)/webhooks/standard"
        let (status, output) = try source.command(
            "work", "--url", url, "--secret", "SECRET", "--until-empty", "--json")
        #expect(status == 0 && output.contains("2 done"), "\(output)")
        let unsigned = try source.command("work", "--url", url, "--until-empty")
        #expect(unsigned.output.contains("0 done"))
        // What arrived, checked by a program that is not ours.
        let exported = try target.command("queue", "export", "--requests")
        let lines = Self.lines(exported.output)
        #expect(lines.count == 2)
        for line in lines {
            let event = try (line["event"] as? [String: Any]).orTrouble("no event")
            let request = try (line["request"] as? [String: Any]).orTrouble("no request")
            var headers: [String: String] = [:]
            for pair in request["headers"] as? [[String]] ?? [] {
                headers[pair[0].lowercased()] = pair[1]
            }
            let id = try headers["webhook-id"].orTrouble("no id")
            #expect(id.hasPrefix("msg_") && id.utf8.count == 36)
            #expect(event["id"] as? String == id)
            let raw = try exported.output.split(separator: "\n").first {
                $0.contains(id)
            }.orTrouble("no line")
            let mark = try raw.range(of: "\"data\":").orTrouble("no data")
            let end = try raw.range(of: "},\"request\":").orTrouble("no end")
            let body = String(raw[mark.upperBound..<end.lowerBound])
            let time = try headers["webhook-timestamp"].orTrouble("no time")
            let hex = try Signatures.hmac("\(id).\(time).\(body)")
            let bytes = stride(from: 0, to: hex.count, by: 2).compactMap { offset -> UInt8? in
                UInt8(hex.dropFirst(offset).prefix(2), radix: 16)
            }
            #expect(headers["webhook-signature"] == "v1," + Data(bytes).base64EncodedString())
        }
        #expect(
            try source.command("work", "--url", url, "--secret", "NOBODY", "--until-empty").status
                == 78)
    }

    static let standard = """
        name: standard
        config:
          webhook:
            signature_verification:
              format: hmac
              config:
                secret: "{{environment_variables.SECRET}}"
                signed_string: "{{headers.webhook-id}}.{{headers.webhook-timestamp}}.{{raw_body}}"
                compare_with: "{{headers.webhook-signature}}"
                encoding: base64
                prefix: "v1,"
                timestamp: "{{headers.webhook-timestamp}}"
        event_id: "{{headers.webhook-id}}"
        """

    @Test func `an endpoint that refuses or is away is tried again later`() throws {
        let server = try ReceiverProcess()
        try Self.fill(server, ["a"])
        let refused = try server.command(
            "work", "--url", "http://127.0.0.1:\(server.port)/nowhere", "--until-empty")
        #expect(refused.output.contains("answered 404; again at"), "\(refused.output)")
        try Self.fill(server, ["b"])
        let away = try server.command("work", "--url", "http://127.0.0.1:1/", "--until-empty")
        #expect(away.output.contains("retry: event 2"), "\(away.output)")
        for arguments in [[], ["--exec", "true", "--url", "http://a/"], ["--url", "ftp://a/"]] {
            #expect(
                try ReceiverProcess.run(
                    [ReceiverProcess.binary, "work"] + arguments + [
                        "--config", server.path("postern.yaml"),
                    ]
                ).status == 64)
        }
    }

    @Test func `SIGTERM ends after the event under way, and loses none`() throws {
        let server = try ReceiverProcess()
        let ids = (0..<20).map { "e\($0)" }
        try Self.fill(server, ids)
        let pipe = server.path("started")
        let made = unsafe mkfifo(pipe, 0o600)
        #expect(made == 0)
        let done = server.path("done")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: ReceiverProcess.binary)
        process.arguments = [
            "work", "--exec",
            "echo x > \(pipe); until [ -e \(server.path("go")) ]; do :; done; echo $POSTERN_EVENT_ID >> \(done)",
            "--config", server.path("postern.yaml"),
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        // Blocks until the first command writes.
        let started = try FileHandle(forReadingFrom: URL(fileURLWithPath: pipe))
        #expect(!started.availableData.isEmpty)
        process.terminate()
        #expect(FileManager.default.createFile(atPath: server.path("go"), contents: nil))
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let handled = try String(contentsOfFile: done, encoding: .utf8)
            .split(separator: "\n").map(String.init)
        #expect(!handled.isEmpty && handled.count < ids.count)
        let stats = try Self.stats(server)
        #expect(stats["ready"] as? Int == ids.count - handled.count)
        #expect(stats["leased"] as? Int == 0)
    }

    @Test(arguments: ["sqlite", "file"])
    func `a second signal gives what is under way back at once`(queue: String) throws {
        let server = try ReceiverProcess(queue: queue)
        try Self.fill(server, ["a", "b"])
        let pipe = server.path("started")
        let made = unsafe mkfifo(pipe, 0o600)
        #expect(made == 0)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: ReceiverProcess.binary)
        process.arguments = [
            "work", "--exec", "echo x > \(pipe); sleep 1000", "--config",
            server.path("postern.yaml"),
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        let started = try FileHandle(forReadingFrom: URL(fileURLWithPath: pipe))
        #expect(!started.availableData.isEmpty)
        // Only one that comes later is a second wish.
        while process.isRunning { kill(process.processIdentifier, SIGTERM) }
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let stats = try Self.stats(server)
        #expect(stats["ready"] as? Int == 2)
        #expect(stats["leased"] as? Int == 0)
    }
}
