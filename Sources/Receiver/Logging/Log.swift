import Glibc
import Synchronization

/// Writes records from a thread of its own: whoever logs never waits for a pipe, a terminal or the
/// journal. What comes while it writes is written together; what does not fit is dropped and counted.
package final class Log: Sendable {
    private struct State {
        var settings: LogSettings
        /// Whole lines.
        var lines: [UInt8] = []
        /// The time of the last line, written out: many share a millisecond.
        var stamp = LogStamp()
        /// Records for the journal.
        var records: [LogRecord] = []
        var recordBytes = 0
        var dropped: UInt64 = 0
        /// The thread waits for a signal.
        var isIdle = false
        var isStopping = false
    }
    private let state: Mutex<State>
    private let level: Atomic<Int>
    private let requests: Atomic<Int>
    private let signal = WaitingSemaphore()
    private let worker = SerialWorker(waitingMax: 1)
    private let hasEnded = Atomic(false)
    private let bytesMax: Int
    private let sink: @Sendable ([UInt8]) -> Void
    private let journal: Journal?

    /// How long a line may lie before it is written, so that many go together.
    private static let delayMilliseconds: Int32 = 5
    /// How long the end waits for a reader that takes nothing.
    private static let patienceMilliseconds: Int32 = 1000

    /// A log on standard error, or elsewhere for tests; at most `bytesMax` bytes wait.
    package init(
        _ settings: LogSettings, journal: Journal? = Journal(), bytesMax: Int = 1 << 20,
        sink: @escaping @Sendable ([UInt8]) -> Void = { bytes in
            _ = FileSystem.writeAll(bytes, to: STDERR_FILENO)
        }
    ) {
        state = Mutex(State(settings: settings))
        level = Atomic(settings.level.rank)
        requests = Atomic(settings.requests.rank)
        self.bytesMax = bytesMax
        self.sink = sink
        self.journal = journal
    }

    /// Takes over reloaded settings.
    package func update(_ new: LogSettings) {
        state.withLock { $0.settings = new }
        level.store(new.level.rank, ordering: .relaxed)
        requests.store(new.requests.rank, ordering: .relaxed)
    }

    /// True when records of this level are written: ask before building an expensive one.
    package func isEnabled(_ level: LogLevel) -> Bool {
        self.level.load(ordering: .relaxed) <= level.rank
    }

    /// The level at which accepted requests are written.
    var requestLevel: LogLevel {
        switch requests.load(ordering: .relaxed) {
        case LogLevel.debug.rank: .debug
        case LogLevel.info.rank: .info
        case LogLevel.warning.rank: .warning
        default: .error
        }
    }

    /// Records dropped since the start because too many waited.
    var dropped: UInt64 { state.withLock { $0.dropped } }

    package func write(
        _ level: LogLevel, _ message: String, _ fields: [(key: String, value: String)] = []
    ) {
        guard isEnabled(level) else { return }
        let record = LogRecord(
            level: level, message: message, fields: fields,
            timeMilliseconds: Clock.nowMilliseconds)
        add(level) { state in
            if state.settings.format == .journal, journal != nil {
                state.recordBytes += record.byteCount
                state.records.append(record)
            } else {
                record.append(to: &state.lines, state.settings.format)
            }
        }
    }

    /// Writes the line of a request, without making a record of it first: there is one for each.
    func write(_ level: LogLevel, _ line: RequestLine) {
        guard isEnabled(level) else { return }
        add(level) { state in
            if state.settings.format == .journal, journal != nil {
                let record = line.record(level)
                state.recordBytes += record.byteCount
                state.records.append(record)
            } else {
                line.append(to: &state.lines, level, state.settings.format, &state.stamp)
            }
        }
    }

    /// Adds something where there is room, and wakes the thread. Information leaves a quarter of the room
    /// to warnings and errors: a flood of requests must not hide what is wrong.
    private func add(_ level: LogLevel, _ body: (inout State) -> Void) {
        let room = level < .warning ? bytesMax - bytesMax / 4 : bytesMax
        let wakes = state.withLock { state -> Bool in
            guard state.lines.count + state.recordBytes < room else {
                state.dropped &+= 1
                return false
            }
            body(&state)
            defer { state.isIdle = false }
            return state.isIdle
        }
        if wakes { signal.signal() }
    }

    /// Starts the thread that writes; false when the system gives none.
    package func start() -> Bool {
        worker.start() && worker.submit { self.run() }
    }

    /// Writes what waits and ends the thread; without a reader that takes it, gives up after a second.
    package func stop() {
        state.withLock { $0.isStopping = true }
        signal.signal()
        var waited: Int32 = 0
        while !hasEnded.load(ordering: .acquiring), waited < Self.patienceMilliseconds {
            SystemWait.milliseconds(1)
            waited += 1
        }
    }

    private func run() {
        var lines: [UInt8] = []
        var reported: UInt64 = 0
        while true {
            lines.removeAll(keepingCapacity: lines.capacity <= 256 << 10)
            let (records, dropped, isStopping) = state.withLock { state in
                swap(&state.lines, &lines)
                defer {
                    state.records = []
                    state.recordBytes = 0
                }
                state.isIdle = lines.isEmpty && state.records.isEmpty
                return (state.records, state.dropped, state.isStopping)
            }
            for record in records where journal?.send(record) != true {
                record.append(to: &lines, .journal)
            }
            if !lines.isEmpty { sink(lines) }
            if dropped > reported {
                write(.warning, "log records dropped", [("count", String(dropped - reported))])
                reported = dropped
            } else if lines.isEmpty, records.isEmpty {
                if isStopping { return hasEnded.store(true, ordering: .releasing) }
                signal.wait()
            }
            SystemWait.milliseconds(Self.delayMilliseconds)
        }
    }
}
