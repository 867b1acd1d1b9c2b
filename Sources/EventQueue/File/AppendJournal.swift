import Synchronization

/// What makes an append durable before its segment is: a file of fixed length beside the segments
/// (`journal`). To write over its blocks and synchronise that takes half as long as to make a
/// segment longer and synchronise that, which has the file system commit the new length as well.
///
/// It has two halves. Once a record does not fit the rest of one, the other is begun; by then all
/// that the other had must be durable in the segments (`checkpoint`). `JournalRecovery` writes what
/// a crash kept from a segment.
///
/// A busy queue's segment is written behind its journal (`SegmentTail`).
///
/// The keeper's thread calls `work`, `rest`, `isWorkDue` and `nanosecondsToRest`; everything else is called
/// by whoever has the queue's `Writer`.
final class AppendJournal: Sendable {
    /// A segment's file with bytes that only the journal makes durable.
    private struct Unsynced {
        let segment: UInt64
        let file: File
        /// The number of its last record.
        var lastRecord: UInt64
        /// Its length.
        var end: Int
        /// What was written back, or is just being.
        var writtenBack: Int
    }

    /// Where a record goes.
    struct Place {
        fileprivate let offset: Int
    }

    private struct State {
        /// The number of the next record.
        var next: UInt64
        /// Records below this number are durable in their segments.
        var horizon: UInt64
        /// Where in the file the next record goes.
        var position = JournalRecord.blockBytes
        /// The number of the last record of each half.
        var lastOfHalf: (UInt64, UInt64) = (0, 0)
        var unsynced: [Unsynced] = []
        /// What the active segment lacks; nil, or of a segment that was left, when it lacks nothing.
        var tail: SegmentTail?
        /// Records below this number are to be made durable in their segments.
        var checkpointDue: UInt64?
        var isWriteBackDue = false
        /// Set when the kernel may have dropped what it was to write to a segment.
        var failure: QueueError?
        /// Nothing more is written to this journal.
        var isGivenUp = false
    }

    private let file: File
    /// The same for writes past the page cache, which spare a commit a third of its time on the processor;
    /// nil where the file system has none.
    private let direct: File?
    private let folder: SegmentFolder
    private let areaBytes: Int
    private let firstNumber: UInt64
    private let state: Mutex<State>
    /// Held by whoever synchronises segments: a failure is reported to one caller only.
    private let turn = Mutex(())

    /// Segments with unsynchronised bytes, at most.
    private static let segmentsMax = 16
    /// So much of a segment is written back early, so that a checkpoint has little to do.
    private static let writeBackBytes = 1 << 20

    /// With nothing in it that a segment needs.
    init(file: File, folder: SegmentFolder, front: JournalFront) {
        self.file = file
        self.folder = folder
        direct = try? folder.system.open(folder.journalPath, .direct)
        areaBytes = front.areaBytes
        firstNumber = front.horizon
        state = Mutex(State(next: front.horizon, horizon: front.horizon))
    }

    private var halfBytes: Int { Self.halfBytes(areaBytes) }

    static func halfBytes(_ areaBytes: Int) -> Int {
        areaBytes / 2 / JournalRecord.blockBytes * JournalRecord.blockBytes
    }

    /// What kept a segment's bytes from the disk; `mend` before the next append.
    var failure: QueueError? { state.withLock { $0.failure } }

    /// Notes what kept the lines of the active segment's tail from its file.
    func fail(_ error: QueueError, _ tail: SegmentTail) {
        state.withLock { state in
            // Another one's were written anew.
            if state.tail === tail { state.failure = error }
        }
    }

    /// What the active segment lacks, or lacked.
    var tail: SegmentTail? { state.withLock { $0.tail } }

    /// Lets go of the tail of a segment that is complete.
    func dropTail() {
        tail?.trim()
        state.withLock { $0.tail = nil }
    }

    /// - Returns: nil when it cannot be made; then segments are written first.
    func makeTail(of segment: UInt64) -> SegmentTail? {
        guard let made = try? SegmentTail(segment: segment, folder: folder) else { return nil }
        state.withLock { $0.tail = made }
        return made
    }

    /// Whether all bytes of a segment that was left are on stable storage.
    func isDurable(_ segment: UInt64) -> Bool {
        state.withLock { state in
            state.failure == nil && !state.unsynced.contains { $0.segment == segment }
        }
    }

    /// Whether the folder's file system has writes past its page cache.
    var isDirect: Bool { direct != nil }

    /// The number of the next record.
    var next: UInt64 { state.withLock { $0.next } }

    /// Nothing more may be written; `leave` before the next append.
    var isGivenUp: Bool { state.withLock { $0.isGivenUp } }

    /// Longer batches go to the segment alone. 256 KiB stored less with 256 senders (0.93) and with bodies of
    /// 16 KB (0.90); more was not measured, and would take more memory.
    static let batchBytesMax = 1 << 20

    /// Finds room for so many bytes of lines.
    /// - Returns: nil for more than a half holds, or than is worth writing twice.
    func reserve(_ count: Int) throws(QueueError) -> Place? {
        let room = JournalRecord.room(count)
        guard room <= min(halfBytes, Self.batchBytesMax) else { return nil }
        let start = JournalRecord.blockBytes
        let middle = start + halfBytes
        // What must be durable first.
        let needed = state.withLock { state -> UInt64 in
            let end = state.position < middle ? middle : start + 2 * halfBytes
            var needed: UInt64 = 0
            if state.position + room > end {
                let isFirst = state.position < middle
                needed = isFirst ? state.lastOfHalf.1 : state.lastOfHalf.0
                state.position = isFirst ? middle : start
                state.checkpointDue = state.next
            }
            // After a wait that failed the beginning of a half is still not free.
            if state.position == start { needed = state.lastOfHalf.0 }
            if state.position == middle { needed = state.lastOfHalf.1 }
            if state.unsynced.count >= Self.segmentsMax { needed = .max }
            return needed < state.horizon ? 0 : needed
        }
        if needed > 0 { try checkpoint(past: needed) }
        return state.withLock { Place(offset: $0.position) }
    }

    /// Writes a record, and returns once it is on stable storage.
    ///
    /// - Parameters:
    ///   - buffer: from `start` on `headBytes` to spare, then the lines. Its length is made one of whole
    ///     blocks, so that no block has to be read for it.
    ///   - file: the segment, which has the lines already but for those that go to its `tail`.
    /// - Returns: whether the keeper has something to do.
    func write(
        _ buffer: inout [UInt8], from start: Int, at place: Place, segment: UInt64, offset: Int,
        last: UInt64, file segmentFile: File, tail: SegmentTail?
    ) throws(QueueError) -> Bool {
        let count = buffer.count - start - JournalRecord.headBytes
        let (number, horizon) = state.withLock { ($0.next, $0.horizon) }
        let record = JournalRecord(
            number: number, horizon: horizon, segment: segment, offset: offset, last: last,
            count: count)
        record.encode(to: &buffer, at: start)
        let room = JournalRecord.room(count)
        buffer.append(contentsOf: repeatElement(0, count: start + room - buffer.count))
        do throws(QueueError) {
            try put(buffer, from: start, at: place.offset)
            try folder.system.syncJournal(file)
        } catch {
            state.withLock { $0.isGivenUp = true }
            // Whoever reads the journal before it is gone should not find what nobody was told of.
            let zeros = [UInt8](repeating: 0, count: JournalRecord.headBytes)
            try? folder.system.writeAll(file, zeros, at: place.offset, .writeJournal)
            throw error
        }
        var isFirst = false
        if let tail {
            let linesStart = start + JournalRecord.headBytes
            // Before the record counts: a checkpoint must find its lines.
            isFirst = add(buffer[linesStart..<linesStart + count], at: offset, to: tail)
        }
        let middle = JournalRecord.blockBytes + halfBytes
        return state.withLock { state in
            state.next = number + 1
            state.position = place.offset + room
            if place.offset < middle {
                state.lastOfHalf.0 = number
            } else {
                state.lastOfHalf.1 = number
            }
            Self.note(
                &state, segment, segmentFile, number, offset..<offset + count,
                isWrittenBack: tail != nil)
            if state.position == middle { state.checkpointDue = number + 1 }
            return isFirst || Self.isWorkDue(state)
        }
    }

    /// Past the page cache, or through it what the file system does not take so.
    private func put(
        _ buffer: [UInt8], from start: Int, at offset: Int
    ) throws(QueueError) {
        var done = 0
        // It is elsewhere when the buffer has grown.
        if let direct, FileSystem.alignedStart(buffer, from: start) == start {
            done = try folder.system.writeDirect(
                direct, buffer, from: start, to: buffer.count, at: offset, .writeJournal)
        }
        if done < buffer.count - start {
            try folder.system.writeAll(
                file, buffer, from: start + done, at: offset + done, .writeJournal)
        }
    }

    private static func note(
        _ state: inout State, _ segment: UInt64, _ file: File, _ number: UInt64,
        _ range: Range<Int>, isWrittenBack: Bool
    ) {
        if var last = state.unsynced.last, last.segment == segment {
            last.lastRecord = number
            last.end = range.upperBound
            // Past the page cache there is nothing to write back.
            if isWrittenBack { last.writtenBack = last.end }
            if last.end - last.writtenBack >= writeBackBytes { state.isWriteBackDue = true }
            state.unsynced[state.unsynced.count - 1] = last
        } else {
            // Segments that are done need not wait for a half to be full.
            if !state.unsynced.isEmpty { state.checkpointDue = number }
            state.unsynced.append(
                Unsynced(
                    segment: segment, file: file, lastRecord: number, end: range.upperBound,
                    writtenBack: range.lowerBound))
        }
    }

    /// Synchronises a segment that was written past the journal.
    func syncSegment(_ segmentFile: File) throws(QueueError) {
        try turn.withLock { _ throws(QueueError) in
            // A checkpoint may have been told of a failure that this call would not be.
            if let failure = state.withLock({ $0.failure }) { throw failure }
            do throws(QueueError) {
                try folder.system.syncData(segmentFile)
            } catch {
                state.withLock { $0.failure = error }
                throw error
            }
        }
    }

    /// Whether the keeper has something to do here.
    var isWorkDue: Bool { state.withLock { Self.isWorkDue($0) } }

    private static func isWorkDue(_ state: borrowing State) -> Bool {
        state.failure == nil
            && (state.checkpointDue != nil || state.isWriteBackDue || state.tail?.isFull == true)
    }

    /// What was asked for: writes back, and makes durable in the segments what is to be.
    func work() {
        if let tail = state.withLock({ $0.tail }), tail.isFull {
            try? flush(tail, isWhole: false)
        }
        writeBack()
        let due = state.withLock { state -> UInt64? in
            defer { state.checkpointDue = nil }
            return state.checkpointDue
        }
        // A failure is kept for the next append.
        if let due, due > 0 { try? checkpoint(past: due - 1) }
    }

    private func writeBack() {
        let due = state.withLock { state -> [(File, Range<Int>)] in
            state.isWriteBackDue = false
            var due: [(File, Range<Int>)] = []
            for index in state.unsynced.indices {
                let one = state.unsynced[index]
                guard one.end - one.writtenBack >= Self.writeBackBytes else { continue }
                due.append((one.file, one.writtenBack..<one.end))
                state.unsynced[index].writtenBack = one.end
            }
            return due
        }
        for (file, range) in due { folder.system.startWriteBack(file, range) }
    }

    /// Makes everything that the journal has so far durable in the segments, unless everything up to
    /// record `number` is.
    /// - Throws: what kept it. Trying again would report success although the kernel may have
    ///   dropped what it could not write: only `mend` helps.
    func checkpoint(past number: UInt64 = .max) throws(QueueError) {
        try turn.withLock { _ throws(QueueError) in
            let (failure, horizon, upTo, unsynced, tail) = state.withLock {
                ($0.failure, $0.horizon, $0.next, $0.unsynced, $0.tail)
            }
            if let failure { throw failure }
            if horizon > number || horizon == upTo { return }
            if let tail { try flush(tail, isWhole: true) }
            for one in unsynced {
                do throws(QueueError) {
                    try folder.system.syncData(one.file)
                } catch {
                    state.withLock { $0.failure = error }
                    throw error
                }
            }
            state.withLock { state in
                state.horizon = upTo
                state.unsynced.removeAll { $0.lastRecord < upTo }
            }
        }
    }

    /// Writes the segments' bytes once more, from the journal, after a failure.
    func mend() throws(QueueError) {
        try turn.withLock { _ throws(QueueError) in
            let (failure, horizon, next, tail) = state.withLock {
                ($0.failure, $0.horizon, $0.next, $0.tail)
            }
            guard failure != nil else { return }
            tail?.abandon()
            if horizon < next {
                try JournalRecovery(folder: folder).rewrite(file, areaBytes, horizon..<next)
            }
            state.withLock { state in
                state.failure = nil
                state.horizon = next
                state.unsynced = []
                state.tail = nil
                state.checkpointDue = nil
                state.isWriteBackDue = false
            }
            tail?.trim()
        }
    }

    /// Makes everything durable in the segments; nothing is left for the next start to do.
    func settle() throws(QueueError) {
        if failure == nil { try? checkpoint() }
        try mend()
        dropTail()
        let next = state.withLock { $0.next }
        guard next > firstNumber else { return }
        let front = JournalFront(areaBytes: areaBytes, horizon: next)
        try folder.system.writeAll(file, front.block, at: 0, .writeJournal)
        try folder.system.syncJournal(file)
    }

    /// Gives the journal up: what it holds becomes durable in the segments, then it is removed.
    func leave() throws(QueueError) {
        if failure == nil { try? checkpoint() }
        try mend()
        dropTail()
        // From here on it is only in the way. Where it stays, it is written over by the next one, or
        // read at the next start: its records are what the segments have.
        try? folder.system.remove(folder.journalPath)
        try? folder.system.syncFolder(folder.path)
    }
}
