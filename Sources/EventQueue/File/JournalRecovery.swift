/// Writes to the segments what the journal has of them.
///
/// Whatever lies above the horizon is written although the segment may look as it should: after a
/// failed write-back the kernel can hold bytes that are not on the disk and that it will not write
/// again.
struct JournalRecovery {
    let folder: SegmentFolder

    /// A record's head, and where in the journal its lines are.
    private struct Found {
        let record: JournalRecord
        let linesStart: Int
    }

    /// Takes over the journal that the last process left: makes all that it holds durable in the
    /// segments. Segments must not be repaired before, since lines may move then.
    /// - Parameter areaBytes: a journal of another length is removed.
    /// - Returns: nil when there is none, or none that can go on.
    func open(
        areaBytes: Int, _ report: inout RecoveryReport
    ) throws(QueueError) -> AppendJournal? {
        let system = folder.system
        let path = folder.journalPath
        let file: File
        do throws(QueueError) {
            file = try system.open(path, .update)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
        let area = try max(system.size(file) - JournalRecord.blockBytes, 0)
        var front = JournalFront(try read(file, at: 0, count: JournalRecord.blockBytes))
        if front?.areaBytes != area { front = nil }
        let next = try replay(file, area, from: front?.horizon ?? 0, &report)
        guard front != nil else {
            report.badJournals.append(
                try SegmentRecovery(folder: folder).setAside(path))
            try system.remove(path)
            try system.syncFolder(folder.path)
            return nil
        }
        let renewed = JournalFront(areaBytes: area, horizon: next)
        if renewed != front {
            try system.writeAll(file, renewed.block, at: 0, .writeJournal)
            try system.syncJournal(file)
        }
        guard area == areaBytes else {
            try system.remove(path)
            try system.syncFolder(folder.path)
            return nil
        }
        return AppendJournal(file: file, folder: folder, front: renewed)
    }

    /// - Returns: the number of the next record.
    private func replay(
        _ file: File, _ areaBytes: Int, from horizon: UInt64, _ report: inout RecoveryReport
    ) throws(QueueError) -> UInt64 {
        let found = try needed(file, areaBytes, from: horizon)
        guard let newest = found.last?.record else { return horizon }
        // What one damaged record keeps from a segment is a damaged line there; those behind it count.
        var segments = Segments(folder: folder, gapBytesMax: areaBytes)
        var numbers: Set<UInt64> = []
        for one in found {
            guard let lines = try lines(file, one) else { continue }
            numbers.insert(one.record.number)
            guard let change = try segments.write(one.record, lines) else {
                report.damagedRecords += 1
                continue
            }
            report.restoredBytes += change
        }
        if let first = found.first?.record.number {
            report.damagedRecords += Int(clamping: newest.number - first + 1) - numbers.count
        }
        try segments.sync()
        return max(horizon, newest.number + 1)
    }

    /// Whether the segments have what the journal has up to some place in it and nothing behind, for
    /// whoever reads them without the queue's lock. A server writes them behind its journal in that
    /// order. Between a power cut and the next start there may be gaps, which a reader would pass over.
    /// - Parameter seen: the last number that a consumer has seen. What he has seen must be there.
    func isSettled(after seen: UInt64) throws(QueueError) -> Bool {
        let file: File
        do throws(QueueError) {
            file = try folder.system.open(folder.journalPath, .read)
        } catch {
            guard error.code == .notFound else { throw error }
            return true
        }
        // Before anything is looked for: what lies before something that is there was written before
        // it, and so is there when it is looked for, whatever the server does meanwhile.
        let newest = try newestSegment()
        let area = try max(folder.system.size(file) - JournalRecord.blockBytes, 0)
        let front = JournalFront(try read(file, at: 0, count: JournalRecord.blockBytes))
        var isReached = false
        for one in try needed(file, area, from: front?.horizon ?? 0).reversed() {
            // The server may just write over it.
            guard let lines = try lines(file, one),
                let stored = try stored(one.record)
            else { continue }
            guard lines.starts(with: stored) else { return false }
            if stored.count < lines.count {
                if isReached || one.record.segment < newest { return false }
                let start = stored.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
                if let missing = EventLine.sequence(lines, lineAt: start), missing <= seen {
                    return false
                }
            }
            if !stored.isEmpty { isReached = true }
        }
        return true
    }

    /// The last segment that holds something. Not all of it may be in the journal.
    private func newestSegment() throws(QueueError) -> UInt64 {
        for first in try folder.segments().reversed() {
            do throws(QueueError) {
                let segment = try folder.system.open(folder.path(of: first), .read)
                if try folder.system.size(segment) > 0 { return first }
            } catch {
                guard error.code == .notFound else { throw error }
            }
        }
        return 0
    }

    /// What a segment has of a record; nil for a segment that retention removed.
    private func stored(_ record: JournalRecord) throws(QueueError) -> [UInt8]? {
        do throws(QueueError) {
            let segment = try folder.system.open(folder.path(of: record.segment), .read)
            return try folder.system.readAll(segment, at: record.offset, count: record.count)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// The records that segments may need, by number; the last one is whole.
    private func needed(
        _ file: File, _ areaBytes: Int, from horizon: UInt64
    ) throws(QueueError) -> [Found] {
        var found = try heads(file, areaBytes, from: horizon)
        // The newest may be torn; then nobody was told that it is stored.
        while let last = found.last, try lines(file, last) == nil { found.removeLast() }
        let first = found.last?.record.horizon ?? 0
        found.removeAll { $0.record.number < first }
        return found
    }

    /// Writes the segments' bytes of these records once more, and synchronises them.
    func rewrite(
        _ file: File, _ areaBytes: Int, _ numbers: Range<UInt64>
    ) throws(QueueError) {
        var segments = Segments(folder: folder)
        var next = numbers.lowerBound
        for one in try heads(file, areaBytes, from: next) where one.record.number == next {
            // A torn one of the last process may have the same number.
            guard next < numbers.upperBound, let lines = try lines(file, one) else { continue }
            guard try segments.write(one.record, lines) != nil else { break }
            next += 1
        }
        guard next == numbers.upperBound else {
            throw QueueError(.corrupt, "repair of segment from journal")
        }
        try segments.sync()
    }

    /// All heads with this number or a higher one, by number.
    ///
    /// What is no head is passed over by blocks, so that damage costs the record that it meets only.
    /// Records of earlier rounds are found as well; their numbers are below the horizon, but for a
    /// journal that was cut off while a half was begun anew: what they say is in the segments then.
    private func heads(
        _ file: File, _ areaBytes: Int, from number: UInt64
    ) throws(QueueError) -> [Found] {
        let end = JournalRecord.blockBytes + areaBytes
        var found: [Found] = []
        var chunk: [UInt8] = []
        var chunkStart = 0
        var position = JournalRecord.blockBytes
        while position + JournalRecord.headBytes <= end {
            if position + JournalRecord.headBytes > chunkStart + chunk.count {
                chunk = try read(file, at: position, count: min(Self.chunkBytes, end - position))
                chunkStart = position
                if chunk.count < JournalRecord.headBytes { break }
            }
            guard let record = JournalRecord(chunk, at: position - chunkStart),
                position + JournalRecord.room(record.count) <= end
            else {
                position += JournalRecord.blockBytes
                continue
            }
            if record.number >= number {
                let start = position + JournalRecord.headBytes
                found.append(Found(record: record, linesStart: start))
            }
            position += JournalRecord.room(record.count)
        }
        return found.sorted { $0.record.number < $1.record.number }
    }

    private static let chunkBytes = 256 << 10

    /// The lines of a record; nil when they are not all there.
    private func lines(_ file: File, _ found: Found) throws(QueueError) -> [UInt8]? {
        let lines = try read(file, at: found.linesStart, count: found.record.count)
        return found.record.holds(lines) ? lines : nil
    }

    private func read(_ file: File, at offset: Int, count: Int) throws(QueueError) -> [UInt8] {
        try folder.system.readAll(file, at: offset, count: count)
    }
}

extension JournalRecovery {
    /// The segments that records are written to.
    private struct Segments {
        let folder: SegmentFolder
        /// How far behind a segment's end lines may be written.
        let gapBytesMax: Int
        /// Nil for one that retention removed: its name was durable before its first record.
        private var files: [UInt64: File?] = [:]

        init(folder: SegmentFolder, gapBytesMax: Int = 0) {
            self.folder = folder
            self.gapBytesMax = gapBytesMax
        }

        private mutating func file(_ segment: UInt64) throws(QueueError) -> File? {
            if let known = files[segment] { return known }
            var file: File?
            do throws(QueueError) {
                file = try folder.system.open(folder.path(of: segment), .update)
            } catch {
                guard error.code == .notFound else { throw error }
            }
            files[segment] = .some(file)
            return file
        }

        /// Writes the lines where they belong.
        /// - Returns: how many bytes differed; nil when they cannot belong there.
        mutating func write(_ record: JournalRecord, _ lines: [UInt8]) throws(QueueError) -> Int? {
            guard let file = try file(record.segment) else { return 0 }
            guard try folder.system.size(file) + gapBytesMax >= record.offset else { return nil }
            // With the newline before, which damage there may have taken: lines must not be glued.
            let start = max(record.offset - 1, 0)
            let bytes = record.offset > 0 ? [UInt8(ascii: "\n")] + lines : lines
            let stored = try folder.system.readAll(file, at: start, count: bytes.count)
            var change = 0
            if stored != bytes {
                if try isTaken(file, record, lines) { return nil }
                change = bytes.count - zip(bytes, stored).count { $0 == $1 }
            }
            try folder.system.writeAll(file, bytes, at: start, .restore)
            return change
        }

        /// Whether whoever knows no journals, such as an older version, has written on there after a
        /// crash. Lower numbers are of an append that failed before this one.
        private func isTaken(
            _ file: File, _ record: JournalRecord, _ lines: [UInt8]
        ) throws(QueueError) -> Bool {
            var cursor = SegmentCursor(file: file, system: folder.system, from: record.offset)
            guard let line = try cursor.next(),
                let header = EventLine.header(cursor.bytes, line),
                let first = EventLine.sequence(lines, lineAt: 0)
            else { return false }
            return header.sequence >= first && !lines.starts(with: cursor.bytes[line])
        }

        func sync() throws(QueueError) {
            for case let file? in files.values { try folder.system.syncData(file) }
        }
    }
}
