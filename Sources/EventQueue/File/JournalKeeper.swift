import Synchronization

/// The thread that makes a queue's journal and moves what it holds to the segments.
///
/// It knows nothing of the queue; `stop` before the queue's lock is let go.
final class JournalKeeper: Sendable {
    /// What became of the journal that was asked for.
    enum Made {
        case journal(AppendJournal)
        case failed
    }

    private struct State {
        var isWanted = false
        var made: Made?
        var journal: AppendJournal?
        var isStopping = false
        var thread: WorkerThread?
    }

    private let folder: SegmentFolder
    private let areaBytes: Int
    private let spaceBytesMin: Int
    private let lagNanoseconds: UInt64
    private let state = Mutex(State())
    private let signal = Semaphore()

    /// - Parameters:
    ///   - areaBytes: the length of a new journal but for its first block.
    ///   - spaceBytesMin: what a new journal must leave of the disk.
    ///   - lagNanoseconds: how long a segment may lack lines.
    init(folder: SegmentFolder, areaBytes: Int, spaceBytesMin: Int, lagNanoseconds: UInt64) {
        self.lagNanoseconds = lagNanoseconds
        self.folder = folder
        self.areaBytes = areaBytes
        self.spaceBytesMin = spaceBytesMin
    }

    /// Starts the thread. Without it what has to be done is done by appends.
    func start() {
        let thread = try? WorkerThread("journal") { [self] in run() }
        state.withLock { $0.thread = thread }
    }

    /// Whether somebody does what has to be done.
    var isRunning: Bool { state.withLock { $0.thread != nil } }

    /// Asks for a journal; `take` it later.
    func want() {
        state.withLock {
            $0.isWanted = $0.thread != nil
            if !$0.isWanted { $0.made = .failed }
        }
        signal.signal()
    }

    /// What became of the journal that was wanted; nil while it is being made.
    func take() -> Made? {
        state.withLock { state in
            defer { state.made = nil }
            return state.made
        }
    }

    /// Says that something is to be done for this journal.
    func wake(_ journal: AppendJournal) {
        state.withLock { $0.journal = journal }
        signal.signal()
    }

    /// Nothing is to be done for the journal any more.
    func forget() { state.withLock { $0.journal = nil } }

    /// Ends the thread.
    func stop() {
        let thread = state.withLock { state -> WorkerThread? in
            state.isStopping = true
            return state.thread
        }
        signal.signal()
        thread?.join()
    }

    private func run() {
        while true {
            wait()
            let (isStopping, isWanted, journal) = state.withLock { state in
                defer { state.isWanted = false }
                return (state.isStopping, state.isWanted, state.journal)
            }
            if isStopping { return }
            if isWanted {
                let made = (try? make()).map { Made.journal($0) } ?? .failed
                state.withLock { $0.made = made }
            }
            while let journal, journal.isWorkDue { journal.work() }
        }
    }

    /// Waits until something is to be done; what a journal keeps back is not kept for longer.
    private func wait() {
        let journal = state.withLock { $0.journal }
        guard let journal, let rest = journal.nanosecondsToRest(lag: lagNanoseconds) else {
            return signal.wait()
        }
        if !signal.wait(nanoseconds: rest) { journal.rest() }
    }

    /// Makes a journal: its blocks are written, since the file system would else have to note for
    /// each that it is in use when it is first written over.
    func make() throws(QueueError) -> AppendJournal {
        let system = folder.system
        let bytes = areaBytes + JournalRecord.blockBytes
        guard try system.spaceLeft(folder.path) - bytes >= spaceBytesMin else {
            throw QueueError(.diskFull, "making of journal")
        }
        let path = folder.journalPath
        let temporary = path + ".new"
        // Left by a process that was interrupted.
        _ = try? system.remove(temporary)
        let front = JournalFront(areaBytes: areaBytes, horizon: 1)
        do throws(QueueError) {
            let file = try system.open(temporary, .createUpdated)
            try system.writeAll(file, front.block, at: 0, .writeJournal)
            let zeros = [UInt8](repeating: 0, count: 1 << 20)
            var offset = JournalRecord.blockBytes
            while offset < bytes {
                if state.withLock({ $0.isStopping }) {
                    throw QueueError(.closed, "making of journal")
                }
                let start = max(zeros.count - (bytes - offset), 0)
                try system.writeAll(file, zeros, from: start, at: offset, .writeJournal)
                offset += zeros.count - start
            }
            try system.sync(file)
            // Records are written past the page cache, which would have to drop its own of each.
            system.forgetPages(file)
            try system.rename(temporary, to: path)
            try system.syncFolder(folder.path)
            return AppendJournal(file: file, folder: folder, front: front)
        } catch {
            _ = try? system.remove(temporary)
            throw error
        }
    }
}
