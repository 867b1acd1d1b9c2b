import Glibc

/// Standard streams of a command; tests read what was written.
package final class Terminal {
    private let output: ((String) -> Void)?
    private let errors: ((String) -> Void)?

    /// The process's own streams.
    package init() {
        output = nil
        errors = nil
    }

    /// Streams that go elsewhere.
    package init(output: @escaping (String) -> Void, errors: @escaping (String) -> Void) {
        self.output = output
        self.errors = errors
    }

    /// False when output goes elsewhere than to the process's own streams.
    var isInteractive: Bool { errors == nil }

    /// Writes a line to standard output.
    package func print(_ line: String) { write(line + "\n") }

    /// Writes text as it is to standard output.
    package func write(_ text: String) {
        if let output { output(text) } else { write(Array(text.utf8)) }
    }

    /// Writes bytes to standard output. A reader that has gone away ends the program, as `head` expects.
    package func write(_ bytes: [UInt8]) {
        if let output { return output(String(decoding: bytes, as: UTF8.self)) }
        if !FileSystem.writeAll(bytes, to: STDOUT_FILENO) {
            exit(errno == EPIPE ? 0 : ExitCode.unavailable.rawValue)
        }
    }

    /// Writes `postern: message` to standard error.
    package func error(_ message: String) { errorLine("postern: \(message)") }

    /// Writes a line to standard error.
    package func errorLine(_ line: String) {
        if let errors { return errors(line + "\n") }
        _ = FileSystem.writeAll(Array((line + "\n").utf8), to: STDERR_FILENO)
    }

    /// Everything on standard input.
    package func readInput() throws(FileError) -> [UInt8] {
        try FileSystem.read(STDIN_FILENO, "standard input", maximum: 1 << 30)
    }
}

/// What the program exits with (sysexits.h).
package enum ExitCode: Int32, Sendable {
    case done = 0
    /// The thing asked about is wrong.
    case wrong = 1
    case usage = 64
    case unavailable = 69
    case configuration = 78
}
