import Glibc
import Synchronization

/// Writes records from a thread of its own: whoever logs never waits for a pipe, a terminal or the
/// journal. What comes while it writes is written together; what does not fit is dropped and counted.
package final class Log: Sendable {
    /// A loop's each.
    private let parts = Mutex<[LogPart]>([])
    /// Everybody's.
    private let common: LogPart
    private let settings: Mutex<LogSettings>
    private let bell = LogBell()
    private let isStopping = Atomic(false)
    private let worker = SerialWorker(waitingMax: 1)
    private let hasEnded = Atomic(false)
    private let bytesMax: Int
    private let sink: @Sendable ([UInt8]) -> Void
    private let journal: Journal?

    /// How long a line may lie before it is written, so that many go together.
    private static let delayMilliseconds: Int32 = 5
    /// How long the end waits for a reader that takes nothing.
    private static let patienceMilliseconds: Int32 = 1000

    /// A log on standard error, or elsewhere for tests; at most `bytesMax` bytes wait in each part.
    package init(
        _ settings: LogSettings, journal: Journal? = Journal(), bytesMax: Int = 1 << 20,
        sink: @escaping @Sendable ([UInt8]) -> Void = { bytes in
            _ = FileSystem.writeAll(bytes, to: STDERR_FILENO)
        }
    ) {
        common = LogPart(settings, bell: bell, bytesMax: bytesMax, hasJournal: journal != nil)
        self.settings = Mutex(settings)
        self.bytesMax = bytesMax
        self.sink = sink
        self.journal = journal
    }

    /// A part for what one loop's requests write. Its lines keep their order. Those of several parts come in
    /// that of their times but for some milliseconds, while somebody reads; then what a part had is together.
    func addPart() -> LogPart {
        settings.withLock { settings in
            let part = LogPart(settings, bell: bell, bytesMax: bytesMax, hasJournal: journal != nil)
            parts.withLock { $0.append(part) }
            return part
        }
    }

    /// Takes over reloaded settings.
    package func update(_ new: LogSettings) {
        settings.withLock { settings in
            settings = new
            for part in parts.withLock({ $0 }) + [common] { part.update(new) }
        }
    }

    /// True when records of this level are written: ask before building an expensive one.
    package func isEnabled(_ level: LogLevel) -> Bool { common.isEnabled(level) }

    /// The level at which accepted requests are written.
    var requestLevel: LogLevel { common.requestLevel }

    /// Records dropped since the start because too many waited.
    var dropped: UInt64 { parts.withLock { $0 }.reduce(common.dropped) { $0 &+ $1.dropped } }

    /// The thread has nothing to do, and waits or is about to.
    var isResting: Bool { bell.isResting }

    package func write(
        _ level: LogLevel, _ message: String, _ fields: [(key: String, value: String)] = []
    ) {
        common.write(level, message, fields)
    }

    /// Starts the thread that writes; false when the system gives none.
    package func start() -> Bool {
        worker.start() && worker.submit { self.run() }
    }

    /// Writes what waits and ends the thread; without a reader that takes it, gives up after a second.
    package func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        bell.ringAlways()
        var waited: Int32 = 0
        while !hasEnded.load(ordering: .acquiring), waited < Self.patienceMilliseconds {
            SystemWait.milliseconds(1)
            waited += 1
        }
    }

    private func run() {
        var lines: [UInt8] = []
        var records: [LogRecord] = []
        var reported: UInt64 = 0
        var rests = false
        while true {
            // Read before the parts: what was written before the end was asked for is written.
            let isStopping = isStopping.load(ordering: .sequentiallyConsistent)
            var dropped: UInt64 = 0
            // Everybody's last: what the server says of itself, of its end above all, follows what it did.
            for part in parts.withLock({ $0 }) + [common] {
                dropped &+= part.take(&lines, &records)
            }
            let isEmpty = lines.isEmpty && records.isEmpty
            if rests, !isEmpty { bell.goOn() }
            for record in records where journal?.send(record) != true {
                record.append(to: &lines, .journal)
            }
            records = []
            if !lines.isEmpty { sink(lines) }
            lines.removeAll(keepingCapacity: lines.capacity <= 256 << 10)
            // There is room for it now.
            if dropped > reported {
                write(.warning, "log records dropped", [("count", String(dropped - reported))])
                reported = dropped
                rests = false
            } else if !isEmpty {
                rests = false
            } else if isStopping {
                return hasEnded.store(true, ordering: .releasing)
            } else if rests {
                bell.wait()
                rests = false
            } else {
                // One more look, since something may have come before this was said.
                bell.rest()
                rests = true
                continue
            }
            SystemWait.milliseconds(Self.delayMilliseconds)
        }
    }
}
