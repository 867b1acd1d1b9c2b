import Synchronization

extension FileQueue {
    /// How many bytes `checkSegment` should be let read in this minute.
    package func takeCheckBytesMax() throws(QueueError) -> Int {
        try withWriter { writer in writer.unchecked.takeBytesMax() }
    }

    /// Reads back a segment that nothing is written to any more, each once in a process's life. An intact
    /// one gets a summary, so that the next start need not read it; a damaged one is set aside whole, and
    /// its good lines take its place.
    ///
    /// Closing the queue cuts it short, and waits for that.
    /// - Parameter report: what had to be repaired is added, also when it throws.
    /// - Returns: the bytes of the segment; nil when none is left to be read.
    /// - Throws: what kept it from being read or repaired. A segment that the device does not give is not
    ///   tried again.
    package func checkSegment(_ report: inout RecoveryReport) throws(QueueError) -> Int? {
        try checking.withLock { _ throws(QueueError) in
            guard let segment = try nextUnchecked() else { return nil }
            do throws(QueueError) {
                try check(segment, &report)
            } catch {
                if error.code != .inputOutput {
                    try withWriter { $0.unchecked.putBack(segment.first) }
                }
                throw error
            }
            return segment.bytes
        }
    }

    /// Takes the next segment; nil when there is none, its bytes are not all on stable storage yet, or what
    /// little space is left is for events.
    private func nextUnchecked() throws(QueueError) -> Segment? {
        try checkOpen()
        if try folder.system.spaceLeft(folder.path) < options.spaceBytesMin { return nil }
        return try withWriter { (writer) throws(QueueError) in
            try mend(&writer)
            while let first = writer.unchecked.first {
                if let journal = writer.journal, !journal.isDurable(first) { return nil }
                writer.unchecked.removeFirst()
                if let segment = writer.segments.first(where: { $0.first == first }) {
                    return segment
                }
            }
            return nil
        }
    }

    private func check(
        _ known: Segment, _ report: inout RecoveryReport
    ) throws(QueueError) {
        let summaries = SegmentSummaries(folder: folder)
        let scan: SegmentRecovery.Scan
        let draft: SegmentSummaries.Draft
        do throws(QueueError) {
            (scan, draft) = try summaries.draft(known.first, while: checkOpen)
        } catch {
            guard error.code == .notFound else { throw error }
            return try withWriter { writer in
                // Else retention was faster.
                guard writer.remove(known.first) else { return }
                report.missingBytes += known.bytes
            }
        }
        // Not there any more once it is published.
        defer { summaries.discard(draft) }
        if scan.isWhole, scan.segment == known {
            return try withWriter { (writer) throws(QueueError) in
                guard writer.segments.contains(where: { $0.first == known.first }) else { return }
                try summaries.publish(draft)
            }
        }
        let good = scan.good.reduce(0) { $0 + $1.clamped(to: 0..<known.bytes).count }
        // What follows is of an append that failed: the next start looks at it.
        guard good < known.bytes else { return }
        try replace(known, scan, &report)
        report.damagedLines += scan.damagedLines
        report.missingBytes += known.bytes - good
    }

    /// Puts the good lines of a segment in its place. Appends wait while names change, not while bytes are
    /// copied: nobody writes to a segment that was left.
    private func replace(
        _ known: Segment, _ scan: SegmentRecovery.Scan, _ report: inout RecoveryReport
    ) throws(QueueError) {
        let left = try folder.system.spaceLeft(folder.path) - known.bytes
        guard left >= options.spaceBytesMin else {
            throw QueueError(.diskFull, "repair of segment")
        }
        // Its lines move: the journal must not be read for where they were.
        try withWriter { (writer) throws(QueueError) in try writer.journal?.settle() }
        let recovery = SegmentRecovery(folder: folder)
        let copy = try recovery.copyGood(scan, while: checkOpen)
        defer { if let copy { _ = try? folder.system.remove(copy) } }
        try withWriter { (writer) throws(QueueError) in
            guard let index = writer.segments.firstIndex(where: { $0.first == known.first }) else {
                return
            }
            SegmentSummaries(folder: folder).remove(known.first)
            try recovery.replace(known.first, by: copy, &report)
            if copy == nil {
                writer.segments.remove(at: index)
            } else {
                writer.segments[index] = scan.segment
            }
        }
    }
}
