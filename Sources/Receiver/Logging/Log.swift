import Glibc
import Synchronization

/// Writes records to standard error, one `write` each, so that lines of threads do not mix.
package final class Log: Sendable {
    private let settings: Mutex<LogSettings>
    private let sink: @Sendable ([UInt8]) -> Void
    private let journal: Journal?

    /// A log on standard error, or elsewhere for tests.
    package init(
        _ settings: LogSettings, journal: Journal? = Journal(),
        sink: @escaping @Sendable ([UInt8]) -> Void = { bytes in
            _ = FileSystem.writeAll(bytes, to: STDERR_FILENO)
        }
    ) {
        self.settings = Mutex(settings)
        self.sink = sink
        self.journal = journal
    }

    /// Takes over reloaded settings.
    package func update(_ new: LogSettings) { settings.withLock { $0 = new } }

    /// True when records of this level are written: ask before building an expensive one.
    package func isEnabled(_ level: LogLevel) -> Bool { settings.withLock { $0.level <= level } }

    /// The level at which accepted requests are written.
    var requestLevel: LogLevel { settings.withLock { $0.requests } }

    package func write(
        _ level: LogLevel, _ message: String, _ fields: [(key: String, value: String)] = []
    ) {
        let settings = settings.withLock { $0 }
        guard settings.level <= level else { return }
        let record = LogRecord(
            level: level, message: message, fields: fields,
            timeMilliseconds: Clock.nowMilliseconds)
        if settings.format == .journal, let journal, journal.send(record) { return }
        sink(Array(record.line(settings.format).utf8))
    }
}
