extension FileQueue {
    package func stats(nowMilliseconds: Int64) throws(QueueError) -> QueueStatistics {
        try checkOpen()
        var statistics = QueueStatistics()
        var known: UInt64?
        if access == .readWrite {
            known = try withWriter { (writer) throws(QueueError) in
                writer.segments.last { $0.last >= $0.first }?.last ?? 0
            }
        }
        let last: UInt64
        if let known { last = known } else { last = try folder.lastSequence() }
        let (position, deliveries) = try positions.transaction("read of positions") {
            (positions) throws(QueueError) in
            (try positions.position(), try positions.deliveries())
        }
        statistics.lastSequence = last
        // Numbers, not lines: a gap that a failed append left counts until it is passed.
        let fresh = last >= position ? last - position + 1 : 0
        statistics.ready =
            Int(clamping: fresh) + deliveries.count { $0.state == .ready }
        statistics.leased = deliveries.count { $0.state == .leased }
        statistics.dead = deliveries.count { $0.state == .dead }
        let oldest = deliveries.first { $0.state != .dead }?.sequence ?? position
        if statistics.depth > 0 {
            try folder.forEachLine(from: min(oldest, position)) { _, _, header in
                statistics.oldestAgeMilliseconds = max(
                    nowMilliseconds &- header.receivedAtMilliseconds, 0)
                return false
            }
        }
        for first in try folder.segments() {
            guard let size = try size(of: first) else { continue }
            statistics.bytes &+= Int64(size)
        }
        return statistics
    }

    private func size(of first: UInt64) throws(QueueError) -> Int? {
        do throws(QueueError) {
            let file = try folder.system.open(folder.path(of: first), .read)
            return try folder.system.size(file)
        } catch {
            // Retention was faster.
            if error.code == .notFound { return nil }
            throw error
        }
    }

    /// Removes whole segments, oldest first, and never the one that is written to. A segment that
    /// only `doneAgeMillisecondsMax` lets go stays while deduplication needs it.
    package func prune(
        _ policy: RetentionPolicy, nowMilliseconds: Int64
    ) throws(QueueError) -> PruneResult {
        // Now and then, should a failure have left something and nobody append.
        catchUp()
        let (position, oldestDelivery) = try positions.transaction("read of positions") {
            (positions) throws(QueueError) in
            (try positions.position(), try positions.deliveries().first?.sequence)
        }
        let doneBelow = min(position, oldestDelivery ?? position)
        return try withWriter { (writer) throws(QueueError) in
            var result = PruneResult()
            while writer.segments.count > 1, let oldest = writer.segments.first,
                mayGo(oldest, policy, nowMilliseconds, doneBelow, writer)
            {
                do throws(QueueError) {
                    try folder.system.remove(folder.path(of: oldest.first))
                } catch {
                    guard error.code == .notFound else { throw error }
                }
                SegmentSummaries(folder: folder).remove(oldest.first)
                if oldest.last >= oldest.first {
                    result.events += Int(clamping: oldest.last - oldest.first + 1)
                }
                result.bytes += Int64(oldest.bytes)
                writer.segments.removeFirst()
            }
            guard result.bytes > 0, let oldest = writer.segments.first else { return result }
            try folder.system.syncFolder(folder.path)
            writer.keys.forget(below: oldest.first)
            try positions.transaction("positions after retention") {
                (positions) throws(QueueError) in
                try positions.remove(below: oldest.first)
            }
            return result
        }
    }

    private func mayGo(
        _ segment: Segment, _ policy: RetentionPolicy, _ nowMilliseconds: Int64,
        _ doneBelow: UInt64, _ writer: borrowing Writer
    ) -> Bool {
        if segment.last < segment.first { return true }
        if let age = policy.doneAgeMillisecondsMax, segment.last < doneBelow,
            nowMilliseconds &- age >= segment.newestMilliseconds,
            segment.deduplicateUntil <= nowMilliseconds
        {
            return true
        }
        if let age = policy.ageMillisecondsMax,
            nowMilliseconds &- age >= segment.newestMilliseconds
        {
            return true
        }
        if let count = policy.countMax,
            UInt64(clamping: count) <= writer.next - 1 - segment.last
        {
            return true
        }
        if let bytes = policy.bytesMax {
            return writer.segments.reduce(0) { $0 + Int64($1.bytes) } > bytes
        }
        return false
    }
}
