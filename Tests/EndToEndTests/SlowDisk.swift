import Foundation
import TestSupport

/// Makes each `fdatasync` of a running program take longer, as a slow disk would: strace holds the calls
/// back.
final class SlowDisk {
    private let tracer = Process()

    /// Returns once every thread of the program is held.
    ///
    /// - Parameters:
    ///   - process: whose calls.
    ///   - milliseconds: how long each takes beside its own time.
    init(_ process: Process, milliseconds: Int) throws {
        let errors = Pipe()
        tracer.executableURL = URL(fileURLWithPath: "/usr/bin/strace")
        tracer.arguments = [
            "-f", "-o", "/dev/null", "-e", "trace=fdatasync", "-e",
            "inject=fdatasync:delay_enter=\(milliseconds)ms", "-p",
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
        tracer.interrupt()
        tracer.waitUntilExit()
    }

    /// Whether strace is there and may trace.
    static let isAllowed: Bool = {
        let probe = try? ReceiverProcess.run(["strace", "-o", "/dev/null", "true"])
        return probe?.status == 0
    }()
}
