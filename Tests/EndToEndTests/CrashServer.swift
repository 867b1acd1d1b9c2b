import Foundation
import Glibc
import TestSupport

/// `postern serve` on a folder that outlives it.
final class CrashServer {
    /// `POSTERN_BINARY` names another program than the one beside the tests.
    static let binary =
        ProcessInfo.processInfo.environment["POSTERN_BINARY"] ?? ReceiverProcess.binary

    let port: UInt16
    private let folder: URL
    private let process: Process
    private let reloaded = DispatchSemaphore(value: 0)

    /// Starts it and returns when it is ready.
    init(folder: URL) throws {
        self.folder = folder
        let errors = Pipe()
        process = try Self.launch(folder, errors)
        let log = errors.fileHandleForReading
        var text = ""
        while !text.contains(" ready ") || !text.hasSuffix("\n") {
            let data = log.availableData
            guard !data.isEmpty else {
                throw ReceiverProcess.Trouble(description: "not ready: \(text)")
            }
            text += String(decoding: data, as: UTF8.self)
        }
        log.readabilityHandler = { [reloaded] handle in
            let data = handle.availableData
            if data.isEmpty { handle.readabilityHandler = nil }
            if String(decoding: data, as: UTF8.self).contains("reloaded") { reloaded.signal() }
        }
        let mark = try text.range(of: "listen=127.0.0.1:").orTrouble("no port: \(text)")
        port = try UInt16(text[mark.upperBound...].prefix { $0.isNumber }).orTrouble(text)
    }

    deinit { kill() }

    /// Starts it, lets `wait` pass, and kills it wherever it is.
    static func startAndKill(folder: URL, wait: () -> Void) throws {
        let process = try launch(folder, FileHandle.nullDevice)
        wait()
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    private static func launch(_ folder: URL, _ errors: Any) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: binary)
        process.arguments = [
            "serve", "--config", folder.appendingPathComponent("postern.yaml").path,
        ]
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// Writes the configuration: small segments and a small journal, so that kills meet rotations.
    static func configure(folder: URL, queue: String) throws {
        let place = folder.appendingPathComponent("integrations.d")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        try Data(ReceiverProcess.hmac.utf8).write(to: place.appendingPathComponent("hmac.yaml"))
        let extra = queue == "file" ? ", segment_bytes_max: 128KiB, journal_bytes: 1MiB" : ""
        let configuration = """
            listen: 127.0.0.1:0
            environment_variables: { SECRET: "\(ReceiverProcess.secret)" }
            queues: [ { name: main, type: \(queue), path: queue\(extra) } ]

            """
        try Data(configuration.utf8).write(to: folder.appendingPathComponent("postern.yaml"))
    }

    /// SIGKILL; returns when it is gone.
    func kill() {
        guard process.isRunning else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// SIGHUP; returns once the new configuration is in use.
    func reload() throws {
        Glibc.kill(process.processIdentifier, SIGHUP)
        guard reloaded.wait(timeout: .now() + 20) == .success else {
            throw ReceiverProcess.Trouble(description: "no reload")
        }
    }

    /// Every stored event: its id and its line.
    func export() throws -> [(id: String, line: Substring)] {
        let (status, output) = try ReceiverProcess.run([
            Self.binary, "queue", "export", "--config",
            folder.appendingPathComponent("postern.yaml").path,
        ])
        guard status == 0 else { throw ReceiverProcess.Trouble(description: output) }
        return try output.split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            let id = (object as? [String: Any])?["id"] as? String
            return (try id.orTrouble("no id: \(line)"), line)
        }
    }
}
