import Synchronization

/// The end of a segment that the journal has and the segment's file has not yet.
///
/// A commit of several events goes to the journal alone, and its lines here. The journal's keeper writes
/// them to the file in long pieces past the page cache, which spares each commit a write through it, the
/// pages for that and their write-back. What is here is on stable storage: a crash costs nothing but
/// `JournalRecovery`'s work at the next start.
///
/// One thread at a time calls `append`; anything else may be called beside it.
final class SegmentTail: Sendable {
    private struct State {
        /// What goes to the file from `base` on, behind `start` bytes that bring it to an address from
        /// which the device can read.
        var bytes: [UInt8] = []
        var start = 0
        /// `bytes` begin with the block that the file ends in.
        var isBegun = false
        /// A multiple of the block. It lies before `written` where the file ends within a block.
        var base = 0
        /// The file has all bytes before.
        var written = 0
        /// Room for the next `bytes`.
        var spare: [UInt8] = []
        /// What kept bytes from the file: nothing more is written, since only the journal can mend that.
        var failure: QueueError?
        /// The disk has blocks for all bytes before.
        var reserved = 0
        /// Somebody else writes what was here.
        var isAbandoned = false

        var end: Int { base + bytes.count - start }
        var isClear: Bool { written == end }
    }

    /// The number in the segment's name.
    let segment: UInt64
    private let file: File
    private let direct: File
    private let system: FileSystem
    private let state = Mutex(State())
    /// Held by whoever writes to the file.
    private let turn = Mutex(())

    /// So many bytes are written without waiting for more. Measured with 64 senders of 2 KB: 128 and
    /// 512 KiB store as much, 1 MiB less.
    static let fullBytes = 256 << 10
    /// Whoever appends more waits for the file.
    private static let bytesMax =
        fullBytes + AppendJournal.batchBytesMax + 2 * JournalRecord.blockBytes

    /// - Throws: where the file system has no writes past its page cache.
    init(segment: UInt64, folder: SegmentFolder) throws(QueueError) {
        self.segment = segment
        system = folder.system
        let path = folder.path(of: segment)
        direct = try system.open(path, .direct)
        file = try system.open(path, .update)
    }

    /// The file has everything.
    var isClear: Bool { state.withLock { $0.isClear } }

    /// There is enough for a write of its own.
    var isFull: Bool {
        state.withLock {
            $0.failure == nil && $0.end - max($0.written, $0.base) >= Self.fullBytes
        }
    }

    /// Makes sure that the disk has room for the file to end here: what is appended then will not be
    /// refused for want of it, when it is too late to tell the sender.
    /// - Parameters:
    ///   - offset: where in the segment the next lines begin.
    ///   - end: where they end.
    func reserve(_ offset: Int, to end: Int) -> Bool {
        let reserved = state.withLock { $0.reserved }
        if end <= reserved { return true }
        let start = max(reserved, offset)
        // On a disk that is nearly full, so much as is needed.
        for next in [max(end, start + Self.reservedBytes), end] {
            guard (try? system.reserve(file, start..<next)) != nil else { continue }
            state.withLock { $0.reserved = next }
            return true
        }
        return false
    }

    /// Reserved at once.
    static let reservedBytes = 4 << 20

    /// Gives reserved blocks back that the file does not need; called when nobody appends to it.
    func trim() {
        turn.withLock { _ in
            // Its length stays as it is. Commits may have written to it since the last that waited here.
            guard let length = try? system.size(file) else { return }
            if state.withLock({ $0.reserved }) > length { try? system.truncate(file, to: length) }
            state.withLock { $0.reserved = 0 }
        }
    }

    /// Adds lines at the segment's end.
    /// - Parameter offset: where in the segment they begin.
    /// - Returns: whether they are the only ones.
    /// - Throws: when they will not come to the file from here.
    func append(_ lines: ArraySlice<UInt8>, at offset: Int) throws(QueueError) -> Bool {
        while true {
            let next = state.withLock { state -> Next in
                if let failure = state.failure { return .fail(failure) }
                // Nothing was here before, or commits since then went to the file themselves.
                if !state.isBegun || state.end != offset { return .begin }
                if Self.bytesMax - (state.bytes.count - state.start) < lines.count { return .flush }
                defer { state.bytes.append(contentsOf: lines) }
                return .done(isFirst: state.isClear)
            }
            switch next {
            case .done(let isFirst): return isFirst
            case .begin: begin(at: offset)
            case .flush: try flush(isWhole: false)
            case .fail(let error): throw error
            }
        }
    }

    private enum Next {
        case done(isFirst: Bool)
        case begin
        case flush
        case fail(QueueError)
    }

    /// Begins with the block that this place is in.
    private func begin(at offset: Int) {
        let base = offset / JournalRecord.blockBytes * JournalRecord.blockBytes
        state.withLock { state in
            state.start = Self.empty(&state.bytes)
            // In the place of what the file has.
            state.bytes.append(contentsOf: repeatElement(0, count: offset - base))
            state.base = base
            state.written = offset
            state.isBegun = true
        }
    }

    /// - Returns: where in the emptied bytes the first block begins.
    private static func empty(_ bytes: inout [UInt8]) -> Int {
        bytes.removeAll(keepingCapacity: true)
        bytes.reserveCapacity(bytesMax + JournalRecord.blockBytes)
        let start = FileSystem.alignedStart(bytes, from: 0)
        bytes.append(contentsOf: repeatElement(0, count: start))
        return start
    }

    /// Writes to the file what is here.
    /// - Parameter isWhole: the last block too, which is not full.
    /// - Throws: what kept it, at this or an earlier call.
    func flush(isWhole: Bool) throws(QueueError) {
        try turn.withLock { _ throws(QueueError) in
            let (failure, isAbandoned) = state.withLock { ($0.failure, $0.isAbandoned) }
            if isAbandoned { return }
            if let failure { throw failure }
            do throws(QueueError) {
                try writeBlocks()
                if isWhole { try writeRest() }
            } catch {
                state.withLock { $0.failure = error }
                throw error
            }
        }
    }

    /// Writes all full blocks; meanwhile others may append.
    private func writeBlocks() throws(QueueError) {
        let taken = state.withLock { state -> Taken? in
            let count =
                (state.bytes.count - state.start) / JournalRecord.blockBytes
                * JournalRecord.blockBytes
            guard count > 0 else { return nil }
            if state.base + count <= state.written {
                // What came while the last blocks were written went to the file with their rest.
                state.bytes.removeSubrange(state.start..<state.start + count)
                state.base += count
                return nil
            }
            var bytes: [UInt8] = []
            swap(&bytes, &state.spare)
            let start = Self.empty(&bytes)
            bytes.append(contentsOf: state.bytes[(state.start + count)...])
            swap(&bytes, &state.bytes)
            defer { (state.start, state.base) = (start, state.base + count) }
            return Taken(
                bytes: bytes, start: state.start, end: state.start + count, base: state.base,
                written: state.written)
        }
        guard let taken else { return }
        try write(taken)
        state.withLock { state in
            state.written = taken.base + taken.end - taken.start
            state.spare = taken.bytes
        }
    }

    /// Full blocks on their way to the file.
    private struct Taken {
        let bytes: [UInt8]
        let start: Int
        let end: Int
        /// Where in the file they begin.
        let base: Int
        /// What the file has already.
        let written: Int
    }

    private func write(_ taken: Taken) throws(QueueError) {
        var start = taken.start + taken.written - taken.base
        var offset = taken.written
        let page = FileSystem.pageBytes
        // The page that the file ends in goes through the page cache: a reader may have it there, and
        // would for a moment see zeros in it where the device has lines already.
        if offset % page != 0 {
            let count = min(page - offset % page, taken.end - start)
            let first = Array(taken.bytes[start..<start + count])
            try system.writeAll(file, first, at: offset, .writeBehind)
            start += count
            offset += count
        }
        guard start < taken.end else { return }
        let written = try system.writeDirect(
            direct, taken.bytes, from: start, to: taken.end, at: offset, .writeBehind)
        if start + written < taken.end {
            let rest = Array(taken.bytes[start + written..<taken.end])
            try system.writeAll(file, rest, at: offset + written, .writeBehind)
        }
    }

    private func writeRest() throws(QueueError) {
        let (rest, offset) = state.withLock {
            (Array($0.bytes[($0.start + $0.written - $0.base)...]), $0.written)
        }
        guard !rest.isEmpty else { return }
        try system.writeAll(file, rest, at: offset, .writeBehind)
        state.withLock { $0.written = offset + rest.count }
    }

    /// It has memory that `shrink` gives back.
    var isSpacious: Bool { state.withLock { $0.isBegun || !$0.spare.isEmpty } }

    /// Whoever cuts the file to its length takes reserved blocks from it.
    func forgetReserve() { state.withLock { $0.reserved = 0 } }

    /// Gives back the memory of a queue that is not busy any more.
    func shrink() {
        turn.withLock { _ in
            state.withLock { state in
                guard state.isClear, state.failure == nil else { return }
                state.isBegun = false
                state.base = state.written
                (state.bytes, state.start, state.spare) = ([], 0, [])
            }
        }
    }

    /// Writes nothing from now on, since somebody else does.
    func abandon() {
        turn.withLock { _ in
            state.withLock { state in
                (state.isAbandoned, state.isBegun) = (true, false)
                (state.bytes, state.start, state.base, state.spare) = ([], 0, state.written, [])
            }
        }
    }
}
