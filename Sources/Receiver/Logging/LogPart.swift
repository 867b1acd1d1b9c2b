import Glibc
import Synchronization

/// Where records wait for the log's thread. Each loop has a part, so that loops seldom wait for each other.
final class LogPart: Sendable {
    private struct State {
        var format: LogFormat
        /// Whole lines.
        var lines: [UInt8] = []
        /// The time of the last line, written out: many share a millisecond.
        var stamp = LogStamp()
        /// Records for the journal.
        var records: [LogRecord] = []
        var recordBytes = 0
        var dropped: UInt64 = 0
    }
    private let state: Mutex<State>
    private let level: Atomic<Int>
    private let requests: Atomic<Int>
    private let bell: LogBell
    private let bytesMax: Int
    private let hasJournal: Bool

    /// - Parameters:
    ///   - bell: wakes the log's thread.
    ///   - bytesMax: how many bytes may wait here.
    init(_ settings: LogSettings, bell: LogBell, bytesMax: Int, hasJournal: Bool) {
        state = Mutex(State(format: settings.format))
        level = Atomic(settings.level.rank)
        requests = Atomic(settings.requests.rank)
        self.bell = bell
        self.bytesMax = bytesMax
        self.hasJournal = hasJournal
    }

    /// Takes over reloaded settings.
    func update(_ new: LogSettings) {
        state.withLock { $0.format = new.format }
        level.store(new.level.rank, ordering: .relaxed)
        requests.store(new.requests.rank, ordering: .relaxed)
    }

    /// True when records of this level are written: ask before building an expensive one.
    func isEnabled(_ level: LogLevel) -> Bool {
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

    func write(
        _ level: LogLevel, _ message: String, _ fields: [(key: String, value: String)] = []
    ) {
        guard isEnabled(level) else { return }
        let record = LogRecord(
            level: level, message: message, fields: fields,
            timeMilliseconds: Clock.nowMilliseconds)
        add(level) { state in
            if state.format == .journal, hasJournal {
                state.recordBytes += record.byteCount
                state.records.append(record)
            } else {
                record.append(to: &state.lines, state.format)
            }
        }
    }

    /// Writes the line of a request, without making a record of it first: there is one for each.
    func write(_ level: LogLevel, _ line: RequestLine) {
        guard isEnabled(level) else { return }
        add(level) { state in
            if state.format == .journal, hasJournal {
                let record = line.record(level)
                state.recordBytes += record.byteCount
                state.records.append(record)
            } else {
                line.append(to: &state.lines, level, state.format, &state.stamp)
            }
        }
    }

    /// Adds something where there is room, and wakes the thread. Information leaves a quarter of the room
    /// to warnings and errors: a flood of requests must not hide what is wrong.
    private func add(_ level: LogLevel, _ body: (inout State) -> Void) {
        let room = level < .warning ? bytesMax - bytesMax / 4 : bytesMax
        let isAdded = state.withLock { state -> Bool in
            guard state.lines.count + state.recordBytes < room else {
                state.dropped &+= 1
                return false
            }
            body(&state)
            return true
        }
        if isAdded { bell.ring() }
    }

    /// Appends what waits to `lines` and `records`, and keeps nothing.
    /// - Returns: how many records were dropped by then.
    func take(_ lines: inout [UInt8], _ records: inout [LogRecord]) -> UInt64 {
        state.withLock { state in
            if lines.isEmpty {
                swap(&lines, &state.lines)
            } else if !state.lines.isEmpty {
                lines.append(contentsOf: state.lines)
                state.lines.removeAll(keepingCapacity: state.lines.capacity <= 256 << 10)
            }
            if !state.records.isEmpty {
                records.append(contentsOf: state.records)
                state.records = []
                state.recordBytes = 0
            }
            return state.dropped
        }
    }
}

/// Wakes the log's thread when it has nothing to do.
final class LogBell: Sendable {
    private let signal = WaitingSemaphore()
    private let isIdle = Atomic(false)

    /// Called after something was added.
    func ring() {
        // Mostly it is awake, and a look changes nothing that other threads look at. The lock of the part,
        // which was held to add something, puts this look after what the thread did before it last held it.
        if isIdle.load(ordering: .relaxed), isIdle.exchange(false, ordering: .acquiringAndReleasing)
        {
            signal.signal()
        }
    }

    /// From now on `ring` wakes the thread, which looks once more whether something was added.
    func rest() { isIdle.store(true, ordering: .sequentiallyConsistent) }

    var isResting: Bool { isIdle.load(ordering: .relaxed) }

    /// Something was there.
    func goOn() { isIdle.store(false, ordering: .relaxed) }

    /// Wakes the thread whatever it does.
    func ringAlways() { signal.signal() }

    func wait() { signal.wait() }
}
