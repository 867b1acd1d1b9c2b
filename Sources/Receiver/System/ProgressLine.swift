import Glibc

/// One line on standard error that is written over as work goes on; nothing when that is no terminal.
final class ProgressLine {
    private let isShown: Bool
    private var nextNanoseconds: UInt64
    private var width = 0

    /// The line appears after a second: short work shows none.
    ///
    /// - Parameter besideOutput: the work fills standard output; on a terminal that says enough.
    init(terminal: Terminal, besideOutput: Bool = false) {
        isShown =
            terminal.isInteractive && isatty(STDERR_FILENO) == 1
            && !(besideOutput && isatty(STDOUT_FILENO) == 1)
        nextNanoseconds = Clock.monotonicNanoseconds &+ 1_000_000_000
    }

    /// Shows a text, five times a second at most.
    func update(_ text: () -> String) {
        guard isShown else { return }
        let now = Clock.monotonicNanoseconds
        guard now >= nextNanoseconds else { return }
        nextNanoseconds = now &+ 200_000_000
        write(text())
    }

    /// Takes the line away.
    func clear() {
        guard isShown, width > 0 else { return }
        write("")
    }

    private func write(_ text: String) {
        let pad = String(repeating: " ", count: max(0, width - text.count))
        width = text.count
        _ = FileSystem.writeAll(Array("\r\(text)\(pad)\r".utf8), to: STDERR_FILENO)
    }
}
