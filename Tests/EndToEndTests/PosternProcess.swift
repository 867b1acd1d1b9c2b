import Foundation
import TestSupport
import Testing

/// The real program, running on a folder of its own and a port that the system chose.
final class PosternProcess {
    let folder: URL
    let port: UInt16
    private let process: Process

    static let binary = Folders.project.appendingPathComponent(".build/debug/postern")

    /// Writes the configuration and starts the program; returns when it is ready.
    ///
    /// - Parameters:
    ///   - integrations: file name → text.
    ///   - variables: environment variables of the configuration.
    ///   - queue: `sqlite` or `file`.
    ///   - extra: more lines of the configuration.
    init(
        integrations: [String: String], variables: [String: String] = [:], queue: String = "sqlite",
        extra: String = ""
    ) throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-e2e-\(UUID().uuidString)")
        let place = folder.appendingPathComponent("integrations.d")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        for (name, text) in integrations {
            try text.write(
                to: place.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        var lines = [
            "listen: 127.0.0.1:0", "data_directory: \(folder.path)/data",
            "integrations: \(place.path)",
            "queues: [{ name: main, type: \(queue), path: \(queue == "file" ? "events" : "queue.db") }]",
        ]
        if !variables.isEmpty {
            lines.append("environment_variables:")
            for (name, value) in variables { lines.append("  \(name): \"\(value)\"") }
        }
        if !extra.isEmpty { lines.append(extra) }
        try lines.joined(separator: "\n").appending("\n").write(
            to: folder.appendingPathComponent("postern.yaml"), atomically: true, encoding: .utf8)
        let ready = folder.appendingPathComponent("ready")
        let output = Pipe()
        process = Process()
        process.executableURL = Self.binary
        process.arguments = [
            "serve", "--config", folder.appendingPathComponent("postern.yaml").path, "--ready-file",
            ready.path,
        ]
        process.standardError = output
        try process.run()
        // The log's lines are waited for: the one that says `ready` comes before the file is written,
        // the file holds the port.
        var text = ""
        while !text.contains(" ready "), process.isRunning {
            let bytes = output.fileHandleForReading.availableData
            if bytes.isEmpty { break }
            text += String(decoding: bytes, as: UTF8.self)
        }
        output.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
        let mark = try #require(text.range(of: "listen=127.0.0.1:"), "\(text)")
        port = try #require(UInt16(text[mark.upperBound...].prefix { $0.isNumber }))
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Asks for the end and waits for it; gives the exit status.
    func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Kills without warning.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Runs another command of the program on the same configuration.
    func command(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let command = Process()
        command.executableURL = Self.binary
        command.arguments =
            arguments + ["--config", folder.appendingPathComponent("postern.yaml").path]
        return try Self.run(command, output: folder)
    }

    /// Runs a command with its output in a file: a pipe's end could be inherited by a server that
    /// another test starts at that moment, and would then never close.
    static func run(_ command: Process, output folder: URL) throws -> (
        status: Int32, output: String
    ) {
        let file = folder.appendingPathComponent("output-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        let handle = try FileHandle(forWritingTo: file)
        command.standardOutput = handle
        command.standardError = handle
        try command.run()
        command.waitUntilExit()
        try handle.close()
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        return (command.terminationStatus, text)
    }

    /// Sends a request and gives the answer, the connection closed after it.
    func send(
        _ path: String, method: String = "POST", headers: [String] = [], body: String = ""
    ) throws -> String {
        let client = try TestClient(port: port)
        let lines =
            [
                "\(method) \(path) HTTP/1.1", "Host: a", "Connection: close",
                "Content-Length: \(body.utf8.count)",
            ] + headers
        client.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
        return client.read(until: nil)
    }

    /// Ids of the stored events in order.
    func storedIDs() throws -> [String] {
        let (_, output) = try command(["queue", "list", "--queue", "main", "--json"])
        return output.split(separator: "\n").compactMap { line in
            let object = try? JSONSerialization.jsonObject(with: Data(line.utf8))
            return (object as? [String: Any])?["id"] as? String
        }
    }
}

/// Integrations of the tests.
enum TestIntegrations {
    /// A static token, an id from the body.
    static let token = """
        name: token
        config:
          webhook:
            handle_verification: "body.challenge ? {'type': 'verify', 'verification_response': {'body': body.challenge}}"
            signature_verification:
              format: token
              config: { secret: "{{environment_variables.TOKEN}}", compare_with: "{{headers.x-token}}" }
        event_id: "{{body.id}}"
        """

    static let hmac = """
        name: hmac
        config:
          webhook:
            signature_verification:
              format: hmac
              config: { secret: "{{environment_variables.TOKEN}}", compare_with: "{{headers.x-sig}}" }
        """
}
