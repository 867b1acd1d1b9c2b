import Foundation
import TestSupport

/// Makes each `fdatasync`, or other call, of a running program take longer, as a slow disk would: strace holds the calls
/// back.
final class SlowDisk {
    private let tracer = Process()

    /// Returns once every thread of the program is held.
    ///
    /// - Parameters:
    ///   - process: whose calls.
    ///   - milliseconds: how long each takes beside its own time; they end when this object does.
    ///   - calls: which, separated by commas.
    init(_ process: Process, milliseconds: Int, calls: String = "fdatasync") throws {
        let errors = Pipe()
        tracer.executableURL = URL(fileURLWithPath: "/usr/bin/strace")
        tracer.arguments = [
            "-f", "-o", "/dev/null", "-e", "trace=\(calls)", "-e",
            "inject=\(calls):delay_enter=\(milliseconds)ms", "-p",
            "\(process.processIdentifier)",
        ]
        tracer.standardError = errors
        try tracer.run()
        var text = ""
        while !text.contains("attached") {
            let data = errors.fileHandleForReading.availableData
            guard !data.isEmpty else { throw ReceiverProcess.Trouble(description: text) }
            text += String(decoding: data, as: UTF8.self)
        }
        errors.fileHandleForReading.readabilityHandler = { handle in
            if handle.availableData.isEmpty { handle.readabilityHandler = nil }
        }
    }

    deinit {
        // Not SIGINT: strace heeds it when the call that it holds has gone on. The system lets go of
        // what a dead tracer held.
        kill(tracer.processIdentifier, SIGKILL)
        tracer.waitUntilExit()
    }

    /// Whether strace is there and may trace.
    static let isAllowed: Bool = {
        let probe = try? ReceiverProcess.run(["strace", "-o", "/dev/null", "true"])
        return probe?.status == 0
    }()
}
