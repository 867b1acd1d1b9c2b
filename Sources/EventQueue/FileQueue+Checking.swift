extension FileQueue {
    /// Reads the oldest segment that nothing is written to any more, each once in a process's life. An
    /// intact one gets a summary, so that the next start need not read it; a damaged one is repaired as a
    /// start would, and nothing of it is deleted.
    /// - Parameter nowMilliseconds: deduplication windows that ended before are not remembered.
    /// - Returns: how many bytes it had, and what had to be repaired; nil when none is left to be read.
    /// - Throws: what kept it from being read or repaired. It is not tried again.
    package func checkSegment(
        nowMilliseconds: Int64
    ) throws(QueueError) -> (bytes: Int, report: RecoveryReport)? {
        guard let segment = try nextUnchecked() else { return nil }
        var report = RecoveryReport()
        try check(segment.first, nowMilliseconds, &report)
        return (segment.bytes, report)
    }

    /// Takes the oldest segment that was not checked; nil when there is none, its bytes are not all on
    /// stable storage yet, or what little space is left is for events.
    private func nextUnchecked() throws(QueueError) -> Segment? {
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
        _ first: UInt64, _ nowMilliseconds: Int64, _ report: inout RecoveryReport
    ) throws(QueueError) {
        let summaries = SegmentSummaries(folder: folder)
        let scan: SegmentRecovery.Scan
        let draft: SegmentSummaries.Draft
        do throws(QueueError) {
            (scan, draft) = try summaries.draft(first, nowMilliseconds: nowMilliseconds)
        } catch {
            // Retention was faster.
            if error.code == .notFound { return }
            throw error
        }
        // Not there any more once it is published.
        defer { summaries.discard(draft) }
        var repaired = report
        try withWriter { (writer) throws(QueueError) in
            guard let index = writer.segments.firstIndex(where: { $0.first == first }) else {
                return
            }
            if scan.isWhole, scan.segment == writer.segments[index] {
                return try summaries.publish(draft)
            }
            try repair(at: index, &writer, &repaired)
        }
        report = repaired
    }

    /// Repairs a segment that lacks something that the writer knows to be in it. What follows that is of
    /// an append that failed: the next start looks at it.
    private func repair(
        at index: Int, _ writer: inout Writer, _ report: inout RecoveryReport
    ) throws(QueueError) {
        let known = writer.segments[index]
        let recovery = SegmentRecovery(folder: folder)
        let scan = try recovery.scan(known.first, after: known.first - min(known.first, 1)) {
            _, _ in
        }
        let good = scan.good.reduce(0) { $0 + $1.clamped(to: 0..<known.bytes).count }
        guard good < known.bytes else { return }
        SegmentSummaries(folder: folder).remove(known.first)
        if try recovery.repair(scan, isLast: false, &report) {
            writer.segments[index] = scan.segment
        } else {
            writer.segments.remove(at: index)
        }
    }
}
