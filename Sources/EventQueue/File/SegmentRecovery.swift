/// What opening a file queue, or reading back its segments, had to repair. Nothing is ever deleted: what was cut or replaced is in
/// the files named here.
package struct RecoveryReport: Sendable, Equatable {
    /// Copies of torn ends that were cut off: unfinished writes that nobody had acknowledged.
    package var tornTails: [String] = []
    /// Segments with damaged lines, set aside whole; their good lines are served still.
    package var badSegments: [String] = []
    /// Lines that could not be served.
    package var damagedLines = 0
    /// Bytes of acknowledged events that a finished segment had and has no more.
    package var missingBytes = 0
    /// Bytes of acknowledged events that a crash had kept from the segments, written from the journal.
    package var restoredBytes = 0
    /// Records of the journal that could not be used although segments may need them.
    package var damagedRecords = 0
    /// Journals that could not be read as a whole, set aside.
    package var badJournals: [String] = []

    package init() {}
}

/// Reads a segment from start to end, and repairs it.
struct SegmentRecovery {
    let folder: SegmentFolder

    /// What a segment holds.
    struct Scan {
        var segment: Segment
        /// Runs of good lines, as byte ranges of the file.
        var good: [Range<Int>] = []
        /// Lines, or the unterminated end, that are not what the writer wrote.
        var damagedLines = 0
        /// The whole file.
        var size = 0
        /// Nothing but good lines.
        var isWhole: Bool { damagedLines == 0 }
        /// Damage that good lines follow.
        var isBad: Bool { good.count > 1 || (good.first?.lowerBound ?? 0) > 0 }
        /// Where the last good line ends.
        var end: Int { good.last?.upperBound ?? 0 }
    }

    /// Reads all lines of the segment, and visits the good ones. Numbers must rise, from the one of
    /// the last event before it.
    func scan(
        _ first: UInt64, after: UInt64,
        _ visit: ([UInt8], EventLine.Header) throws(QueueError) -> Void
    ) throws(QueueError) -> Scan {
        var scan = Scan(segment: Segment(first: first))
        let file = try folder.system.open(folder.path(of: first), .read)
        scan.size = try folder.system.size(file)
        var cursor = SegmentCursor(file: file, system: folder.system)
        var last = after
        var start = 0
        while let line = try cursor.next() {
            let end = cursor.fileOffset
            if let header = EventLine.header(cursor.bytes, line), header.sequence > last {
                last = header.sequence
                if scan.good.last?.upperBound == start {
                    scan.good[scan.good.count - 1] = scan.good[scan.good.count - 1].lowerBound..<end
                } else {
                    scan.good.append(start..<end)
                }
                scan.segment.note(
                    sequence: header.sequence, receivedAt: header.receivedAtMilliseconds,
                    deduplicateUntil: header.deduplicateUntil)
                try visit(cursor.bytes, header)
            } else {
                scan.damagedLines += 1
            }
            start = end
        }
        if cursor.fileOffset < scan.size { scan.damagedLines += 1 }
        scan.segment.bytes = scan.good.reduce(0) { $0 + $1.count }
        return scan
    }

    /// Leaves only good lines in the segment.
    ///
    /// In the last one, damage without a good line behind it is a torn write. The result is false
    /// when there was no good line, and so the segment is gone.
    func repair(
        _ scan: Scan, isLast: Bool, _ report: inout RecoveryReport
    ) throws(QueueError) -> Bool {
        report.damagedLines += scan.damagedLines
        let path = folder.path(of: scan.segment.first)
        if scan.good.isEmpty, scan.size > 0, !isLast {
            try replace(scan.segment.first, by: nil, &report)
            return false
        }
        if scan.isBad {
            try replace(scan.segment.first, by: copyGood(scan), &report)
        } else if scan.end < scan.size {
            try cut(path, scan, &report)
        }
        return true
    }

    /// Gives the segment, or the journal, a second name that ends in `.bad`.
    func setAside(_ path: String) throws(QueueError) -> String {
        for number in 1...1000 {
            let name = path + (number == 1 ? ".bad" : ".bad-\(number)")
            do throws(QueueError) {
                try folder.system.link(path, as: name)
                return name
            } catch {
                guard error.underlying == .system(17) else { throw error }
            }
        }
        throw QueueError(.full, "names for damaged segments")
    }

    /// Makes a file of the good lines, on stable storage.
    /// - Parameter mayGoOn: asked again and again; what it throws ends it.
    /// - Returns: its path; nil when there are none.
    func copyGood(
        _ scan: Scan, while mayGoOn: () throws(QueueError) -> Void = {}
    ) throws(QueueError) -> String? {
        if scan.good.isEmpty { return nil }
        let system = folder.system
        let path = folder.path(of: scan.segment.first)
        let temporary = path + ".repair"
        // Left by a repair that was interrupted.
        _ = try? system.remove(temporary)
        do throws(QueueError) {
            let copy = try system.open(temporary, .create)
            for range in scan.good { try append(path, range, to: copy, while: mayGoOn) }
            try system.sync(copy)
        } catch {
            _ = try? system.remove(temporary)
            throw error
        }
        return temporary
    }

    /// Puts the copy in the segment's place, or nothing. The damaged one keeps the name that `setAside`
    /// gives it, so that at no moment either is without a name.
    func replace(
        _ first: UInt64, by copy: String?, _ report: inout RecoveryReport
    ) throws(QueueError) {
        let path = folder.path(of: first)
        report.badSegments.append(try setAside(path))
        if let copy {
            try folder.system.rename(copy, to: path)
        } else {
            try folder.system.remove(path)
        }
        try folder.system.syncFolder(folder.path)
    }

    /// Copies what follows the last good line to a file of its own, then cuts it off.
    private func cut(
        _ path: String, _ scan: Scan, _ report: inout RecoveryReport
    ) throws(QueueError) {
        let system = folder.system
        for number in 1...1000 {
            let name = path + ".torn-\(scan.end)" + (number == 1 ? "" : "-\(number)")
            let copy: File
            do throws(QueueError) {
                copy = try system.open(name, .create)
            } catch {
                guard error.underlying == .system(17) else { throw error }
                continue
            }
            try append(path, scan.end..<scan.size, to: copy)
            try system.sync(copy)
            try system.syncFolder(folder.path)
            let segment = try system.open(path, .append)
            try system.truncate(segment, to: scan.end)
            try system.sync(segment)
            report.tornTails.append(name)
            return
        }
        throw QueueError(.full, "names for torn ends")
    }

    private func append(
        _ path: String, _ range: Range<Int>, to copy: File,
        while mayGoOn: () throws(QueueError) -> Void = {}
    ) throws(QueueError) {
        let source = try folder.system.open(path, .read)
        var offset = range.lowerBound
        var buffer: [UInt8] = []
        while offset < range.upperBound {
            try mayGoOn()
            buffer.removeAll(keepingCapacity: true)
            let count = min(range.upperBound - offset, 1 << 20)
            let got = try folder.system.read(source, at: offset, count: count, to: &buffer)
            if got == 0 { throw QueueError(.inputOutput, "copy of segment") }
            try folder.system.writeAll(copy, buffer)
            offset += got
        }
    }
}
