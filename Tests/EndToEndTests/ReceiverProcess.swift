import Foundation
import TestSupport

/// A real `postern serve` in a folder of its own, started by a test.
final class ReceiverProcess {
    struct Trouble: Error, CustomStringConvertible {
        let description: String
    }

    static let secret = "an-end-to-end-secret"
    /// The program beside the test bundle.
    static let binary = Folders.project.appendingPathComponent(".build/debug/postern").path

    let folder: URL
    let process = Process()
    private(set) var port: UInt16 = 0
    private(set) var adminPort: UInt16 = 0
    private let log = LogCollector()

    /// Starts it and waits until it is ready: `queue` is `sqlite` or `file`, `extra` further lines of
    /// the configuration, `listen` where webhooks are received, `integrations` file names and texts beside `hmac.yaml`.
    init(
        queue: String = "sqlite", extra: String = "", integrations: [String: String] = [:],
        admin: String = "{ listen: 127.0.0.1:0 }", listen: String = "127.0.0.1:0",
        startsNow: Bool = true
    ) throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-e2e-\(UUID().uuidString)")
        let folders = folder.appendingPathComponent("integrations.d")
        try FileManager.default.createDirectory(at: folders, withIntermediateDirectories: true)
        for (name, text) in integrations.merging(["hmac.yaml": Self.hmac], uniquingKeysWith: { $1 })
        {
            try Data(text.utf8).write(to: folders.appendingPathComponent(name))
        }
        let configuration = """
            listen: \(listen)
            admin: \(admin)
            environment_variables: { SECRET: "\(Self.secret)" }
            queues: [ { name: main, type: \(queue), path: queue } ]
            \(extra)

            """
        try Data(configuration.utf8).write(to: folder.appendingPathComponent("postern.yaml"))
        if startsNow { try start() }
    }

    /// Starts it, where `init` did not.
    func start() throws {
        process.executableURL = URL(fileURLWithPath: Self.binary)
        process.arguments = ["serve", "--config", path("postern.yaml")]
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        try waitUntilReady(errors.fileHandleForReading)
    }

    deinit {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    static let hmac = """
        name: hmac
        id: integration-1
        config:
          webhook:
            signature_verification:
              format: hmac
              config:
                secret: "{{environment_variables.SECRET}}"
                compare_with: "{{headers.x-signature}}"
                prefix: "sha256="
        event_id: "{{headers.x-delivery}}"
        dedupe: { window: 1h }
        """

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// The line of the log that holds each of these texts, once it is there; nil after 20 seconds.
    func logLine(_ texts: String...) -> String? { log.line(texts) }

    /// The same, of what was written since the last call.
    func nextLogLine(_ text: String) -> String? { log.nextLine(text) }

    func hasLogged(_ text: String) -> Bool { log.contains(text) }

    /// Reads the log up to the line that says `ready`, then keeps what follows.
    private func waitUntilReady(_ log: FileHandle) throws {
        var text = ""
        while !text.contains(" ready ") || !text.hasSuffix("\n") {
            let data = log.availableData
            guard !data.isEmpty else { throw Trouble(description: "not ready: \(text)") }
            text += String(decoding: data, as: UTF8.self)
        }
        let collector = self.log
        collector.add(text)
        log.readabilityHandler = { handle in
            let data = handle.availableData
            if data.isEmpty { handle.readabilityHandler = nil }
            collector.add(String(decoding: data, as: UTF8.self))
        }
        for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            let number = word.split(separator: ":").last.flatMap { UInt16($0) } ?? 0
            if word.hasPrefix("listen=") { port = number }
            if word.hasPrefix("admin=") { adminPort = number }
        }
    }

    /// Runs a command of the same program.
    func command(_ arguments: String...) throws -> (status: Int32, output: String) {
        try Self.run([Self.binary] + arguments + ["--config", path("postern.yaml")])
    }

    static func run(
        _ command: [String]
    ) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        // A file, not a pipe: a server that another test starts at this moment may inherit the pipe's
        // end, and then it never closes.
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-output-\(UUID().uuidString)")
        guard FileManager.default.createFile(atPath: file.path, contents: nil) else {
            throw Trouble(description: "no file for the output")
        }
        defer { try? FileManager.default.removeItem(at: file) }
        let output = try FileHandle(forWritingTo: file)
        defer { try? output.close() }
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let data = try Data(contentsOf: file)
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    /// Events in the queue, by their ids.
    func storedIDs(_ queue: String = "main") throws -> [String] {
        let (status, output) = try command(
            "queue", "list", "--queue", queue, "--json", "--limit", "100000")
        guard status == 0 else { throw Trouble(description: output) }
        return try output.split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            return ((object as? [String: Any])?["id"] as? String) ?? "?"
        }
    }

    /// Replaces a part of a file of the configuration.
    func edit(_ file: String, _ old: String, _ new: String) throws {
        let text = try String(contentsOfFile: path(file), encoding: .utf8)
        guard text.contains(old) else { throw Trouble(description: "no \(old) in \(text)") }
        try text.replacingOccurrences(of: old, with: new).write(
            toFile: path(file), atomically: true, encoding: .utf8)
    }

    /// How many reloads took effect, and how many were refused.
    func reloads() throws -> (done: Int, refused: Int) {
        let text =
            try RawConnection.post(adminPort, "/metrics", "", [], method: "GET")?.body ?? ""
        func count(_ result: String) -> Int {
            let mark = "postern_reloads_total{result=\"\(result)\"} "
            guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(mark) })
            else { return 0 }
            return Int(line.dropFirst(mark.count)) ?? 0
        }
        return (count("done"), count("refused"))
    }

    /// Asks for a reload and waits for its end; true when it took effect.
    func reload() throws -> Bool {
        let before = try reloads()
        kill(process.processIdentifier, SIGHUP)
        for _ in 0..<100_000 {
            let now = try reloads()
            if now != before { return now.done > before.done }
        }
        throw Trouble(description: "no reload")
    }

    /// Asks until a reload takes effect: a queue that was removed may still be in use.
    func reloadUntilDone() throws {
        for _ in 0..<1000 { if try reload() { return } }
        throw Trouble(description: "1000 reloads refused")
    }

    /// SIGTERM, then the exit status.
    func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
