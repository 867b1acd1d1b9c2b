import Synchronization

/// A queue in a folder of append-only JSON Lines segments (see `EventLine`), for `tail -F` and `jq`.
///
/// One process appends: it holds a lock. Consumers of any process read the segments and keep their
/// leases in `consumer.db` beside them.
///
/// Numbers rise, with gaps where an append failed: a number that a reader may have seen is never
/// given to another event. The deduplication window reaches back as far as the segments are kept.
package final class FileQueue: EventQueue {
    /// What the appending process has in memory.
    struct Writer {
        /// Holds the queue's lock.
        let lock: File
        /// Oldest first; the last one is written to while `active` is open.
        var segments: [Segment]
        var unchecked = UncheckedSegments()
        var active: File?
        /// What makes appends durable; nil when the segment is synchronised instead.
        var journal: AppendJournal?
        /// The keeper is making one.
        var isJournalWanted = false
        /// One is asked for when so many commits have been made.
        var commitsUntilJournal = 0
        /// When the active segment was begun, in milliseconds since 1970.
        var activeSince: Int64 = 0
        /// The number of the next event.
        var next: UInt64
        var keys = DeduplicationTable()
        /// Keys of events below this number were forgotten.
        var forgottenBelow: UInt64 = 0
        var buffer: [UInt8] = []
        /// When a new segment is begun.
        var segmentBytesMax: Int
        var segmentAgeMillisecondsMax: Int64

        /// Removes a segment whose file is gone; false when it is not there.
        mutating func remove(_ first: UInt64) -> Bool {
            guard let index = segments.firstIndex(where: { $0.first == first }) else {
                return false
            }
            segments.remove(at: index)
            return true
        }

        /// Adds a segment that was there, and the keys in it.
        mutating func take(
            _ segment: Segment?, _ found: [(fingerprint: UInt64, sequence: UInt64)],
            _ options: FileQueueOptions
        ) {
            if let segment { segments.append(segment) }
            for key in found {
                keys.insert(
                    key.fingerprint, key.sequence, countMax: options.deduplicationCountMax)
            }
        }
    }

    package let name: String
    let options: FileQueueOptions
    let access: QueueAccess
    let folder: SegmentFolder
    let positions: ConsumerPositions
    let writer: Mutex<Writer?>
    let keeper: JournalKeeper
    private let isClosed = Atomic(false)
    /// Held by whoever reads back a segment, which goes on for a moment after the queue was closed.
    let checking = Mutex(())
    /// A consumer has seen that segments lack nothing that the journal has.
    let isSettled = Atomic(false)
    /// What opening had to repair.
    package let recovery: RecoveryReport

    /// Opens or makes the queue; repairs what a crash or the media left behind.
    /// - Parameters:
    ///   - name: the queue's name in the configuration.
    ///   - path: its folder; the folder above must exist.
    ///   - options: settings.
    ///   - access: consumers neither make nor repair it.
    ///   - nowMilliseconds: deduplication windows that ended before are not remembered.
    /// - Throws: `.locked` when another process appends; `.notFound` when a consumer finds nothing.
    package convenience init(
        name: String, path: String, options: FileQueueOptions = FileQueueOptions(),
        access: QueueAccess = .readWrite, nowMilliseconds: Int64
    ) throws(QueueError) {
        try self.init(
            name: name, path: path, options: options, access: access,
            nowMilliseconds: nowMilliseconds, system: FileSystem())
    }

    /// As above, with the system calls to use.
    init(
        name: String, path: String, options: FileQueueOptions, access: QueueAccess,
        nowMilliseconds: Int64, system: FileSystem
    ) throws(QueueError) {
        self.name = name
        self.options = options
        self.access = access
        folder = SegmentFolder(path: path, system: system)
        keeper = JournalKeeper(
            folder: folder, areaBytes: Self.journalAreaBytes(options),
            spaceBytesMin: options.spaceBytesMin, lagNanoseconds: options.segmentLagNanoseconds)
        var lock: File?
        if access == .readWrite {
            try system.makeFolder(path)
            let file = try system.open(path + "/lock", .lock)
            try system.lock(file)
            lock = file
        } else {
            // Throws when the folder is not there.
            _ = try folder.segments()
        }
        positions = try ConsumerPositions(
            path: path + "/consumer.db", busyTimeoutMilliseconds: options.busyTimeoutMilliseconds)
        guard let lock else {
            writer = Mutex(nil)
            recovery = RecoveryReport()
            return
        }
        var report = RecoveryReport()
        writer = Mutex(
            try Self.recover(folder, positions, options, keeper, lock, nowMilliseconds, &report))
        recovery = report
        if options.journalBytes > 0 { keeper.start() }
    }

    deinit {
        close()
    }

    package func close() {
        guard !isClosed.exchange(true, ordering: .sequentiallyConsistent) else { return }
        keeper.stop()
        // Nobody may work on files here once the lock is another's.
        checking.withLock { _ in }
        writer.withLock { slot in
            if let writer = slot { settle(writer) }
            // The lock goes with its file.
            slot = nil
        }
        positions.close()
    }

    /// Begins new segments at other bounds from the next event on.
    package func rotate(bytesMax: Int, ageMillisecondsMax: Int64) {
        writer.withLock {
            $0?.segmentBytesMax = bytesMax
            $0?.segmentAgeMillisecondsMax = ageMillisecondsMax
        }
    }

    /// Reads the last segment, and those that have no summary, repairs the damaged, and remembers the
    /// keys inside their windows.
    private static func recover(
        _ folder: SegmentFolder, _ positions: ConsumerPositions, _ options: FileQueueOptions,
        _ keeper: JournalKeeper, _ lock: File, _ nowMilliseconds: Int64,
        _ report: inout RecoveryReport
    ) throws(QueueError) -> Writer {
        let recovery = SegmentRecovery(folder: folder)
        let seen = try positions.transaction("read of positions") {
            (positions) throws(QueueError) in try positions.lastSeen()
        }
        var writer = Writer(
            lock: lock, segments: [], next: 1, segmentBytesMax: options.segmentBytesMax,
            segmentAgeMillisecondsMax: options.segmentAgeMillisecondsMax)
        // Before anything moves in a segment.
        writer.journal = try JournalRecovery(folder: folder).open(
            areaBytes: journalAreaBytes(options), &report)
        writer.commitsUntilJournal = options.journalCommitsMin
        let all = try folder.segments()
        let summaries = SegmentSummaries(folder: folder)
        // The last one may be written to again.
        try summaries.tidy(segments: all.dropLast())
        var last: UInt64 = 0
        for (index, first) in all.enumerated() {
            if index < all.count - 1,
                let known = summaries.known(first, nowMilliseconds: nowMilliseconds)
            {
                writer.take(known.segment, known.keys, options)
                writer.unchecked.add(first, isSummarised: true)
                last = max(last, known.segment.last)
                continue
            }
            var keys: [(UInt64, UInt64)] = []
            let scan = try recovery.scan(first, after: last) { bytes, header in
                guard let until = header.deduplicateUntil, until > nowMilliseconds else { return }
                keys.append((DeduplicationTable.fingerprint(bytes, header.key), header.sequence))
            }
            let isKept = try recovery.repair(scan, isLast: index == all.count - 1, &report)
            writer.take(isKept ? scan.segment : nil, keys, options)
            if isKept, index < all.count - 1 { writer.unchecked.add(first, isSummarised: false) }
            last = max(last, scan.segment.last, first - min(first, 1))
            // Lines that could not be read had numbers too.
            if index == all.count - 1 { last += UInt64(scan.damagedLines) }
        }
        writer.next = max(last, seen) + 1
        if let segment = writer.segments.last {
            let active = try folder.system.open(folder.path(of: segment.first), .append)
            // Lines that a kill kept from being synchronised count from now on: a retry of theirs is a
            // duplicate, and records of the journal lie behind them.
            try folder.system.syncData(active)
            // Gives back what the last process had reserved behind.
            _ = try? folder.system.truncate(active, to: folder.system.size(active))
            writer.active = active
            writer.activeSince = segment.oldestMilliseconds
        }
        if writer.journal == nil, options.journalBytes > 0, options.journalCommitsMin == 0 {
            writer.journal = try? keeper.make()
            if writer.journal == nil { writer.commitsUntilJournal = options.journalRetryCommits }
        }
        return writer
    }

    package func checkWritable() throws(QueueError) {
        let system = folder.system
        try withWriter { (writer) throws(QueueError) in
            if try system.spaceLeft(folder.path) < options.spaceBytesMin {
                throw QueueError(.diskFull, "check of queue")
            }
            // The same calls as an append makes, on a file that nobody reads.
            let probe = folder.path + "/probe"
            _ = try? system.remove(probe)
            let file = try system.open(probe, .create)
            defer { _ = try? system.remove(probe) }
            try system.writeAll(file, Array("{}\n".utf8))
            try system.syncData(file)
            // What an append would have to repair first.
            if writer.journal != nil { _ = try journal(&writer) }
        }
    }

    /// Throws `.closed` once the queue is closed.
    func checkOpen() throws(QueueError) {
        if isClosed.load(ordering: .acquiring) { throw QueueError(.closed, "use of queue") }
    }

    /// Runs the body with what the appending process has in memory.
    func withWriter<Result: Sendable>(
        _ body: (inout Writer) throws(QueueError) -> Result
    ) throws(QueueError) -> Result {
        guard access == .readWrite else { throw QueueError(.readOnly, "append to queue") }
        return try writer.withLock { (slot) throws(QueueError) in
            guard var writer = slot else { throw QueueError(.closed, "use of queue") }
            // One owner while the body works on it: no copies of its arrays.
            slot = nil
            defer { slot = writer }
            return try body(&writer)
        }
    }
}
