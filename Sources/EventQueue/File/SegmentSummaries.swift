/// Reads and writes the summaries of a folder's segments.
struct SegmentSummaries {
    let folder: SegmentFolder

    /// The path of a segment's summary.
    func path(of first: UInt64) -> String { folder.path + "/" + Self.name(of: first) }

    /// `events-00000000000000000001.summary`
    static func name(of first: UInt64) -> String {
        SegmentFolder.stem(of: first) + ".summary"
    }

    /// A summary that is being made.
    struct Draft {
        let file: File
        let path: String
        let first: UInt64
    }

    /// What a segment's summary tells, and the keys whose windows have not ended.
    /// - Returns: nil when there is none that can be relied on; the segment is to be read then.
    func known(
        _ first: UInt64, nowMilliseconds: Int64
    ) -> (segment: Segment, keys: [(fingerprint: UInt64, sequence: UInt64)])? {
        // Whatever keeps it from being read: the segment tells all that it does.
        try? read(first, nowMilliseconds)
    }

    private func read(
        _ first: UInt64, _ nowMilliseconds: Int64
    ) throws(QueueError) -> (segment: Segment, keys: [(fingerprint: UInt64, sequence: UInt64)])? {
        let system = folder.system
        var cursor = SegmentCursor(file: try system.open(path(of: first), .read), system: system)
        guard let line = try cursor.next(), let summary = SegmentSummary(cursor.bytes, line),
            summary.segment.first == first
        else { return nil }
        let segment = summary.segment
        // Written on, cut or replaced since by somebody else.
        let size = try system.size(try system.open(folder.path(of: first), .read))
        guard size == segment.bytes else { return nil }
        var keys: [(fingerprint: UInt64, sequence: UInt64)] = []
        guard segment.deduplicateUntil > nowMilliseconds else { return (segment, keys) }
        var count = 0
        while let line = try cursor.next() {
            guard let key = SegmentSummary.Key(cursor.bytes, line) else { return nil }
            count += 1
            guard key.deduplicateUntil > nowMilliseconds else { continue }
            keys.append((DeduplicationTable.fingerprint(cursor.bytes, key.range), key.sequence))
        }
        return count == summary.keys ? (segment, keys) : nil
    }

    /// Reads a segment from start to end, and makes its summary under a name that nobody looks for.
    /// - Parameter mayGoOn: asked again and again; what it throws ends it.
    func draft(
        _ first: UInt64, while mayGoOn: () throws(QueueError) -> Void
    ) throws(QueueError) -> (scan: SegmentRecovery.Scan, draft: Draft) {
        let path = path(of: first) + ".new"
        // Left by a process that was interrupted.
        _ = try? folder.system.remove(path)
        let draft = Draft(
            file: try folder.system.open(path, .createUpdated), path: path, first: first)
        do throws(QueueError) {
            return (try write(draft, mayGoOn), draft)
        } catch {
            discard(draft)
            throw error
        }
    }

    private func write(
        _ draft: Draft, _ mayGoOn: () throws(QueueError) -> Void
    ) throws(QueueError) -> SegmentRecovery.Scan {
        let system = folder.system
        let first = draft.first
        // What is on the disk, not what the kernel remembers of having written; and others' pages are not
        // to give way to these.
        let segment = try system.open(folder.path(of: first), .read)
        system.forgetPages(segment)
        defer { system.forgetPages(segment) }
        var buffer = [UInt8](repeating: UInt8(ascii: " "), count: SegmentSummary.headBytes)
        var (offset, count) = (0, 0)
        let scan = try SegmentRecovery(folder: folder).scan(first, after: first - min(first, 1)) {
            (bytes, header) throws(QueueError) in
            try mayGoOn()
            // Those of ended windows, too: the clock may have been wrong.
            guard let until = header.deduplicateUntil else { return }
            SegmentSummary.append(header, until: until, of: bytes, to: &buffer)
            count += 1
            guard buffer.count >= 256 << 10 else { return }
            try system.writeAll(draft.file, buffer, at: offset, .writeSummary)
            offset += buffer.count
            buffer.removeAll(keepingCapacity: true)
        }
        try system.writeAll(draft.file, buffer, at: offset, .writeSummary)
        let head = SegmentSummary(segment: scan.segment, keys: count).head
        try system.writeAll(draft.file, head, at: 0, .writeSummary)
        return scan
    }

    /// Gives a draft the name under which the next start finds it.
    func publish(_ draft: Draft) throws(QueueError) {
        try folder.system.rename(draft.path, to: path(of: draft.first))
    }

    /// Removes a draft; one that is not there is as good.
    func discard(_ draft: Draft) { _ = try? folder.system.remove(draft.path) }

    /// Removes a segment's summary, likewise.
    func remove(_ first: UInt64) { _ = try? folder.system.remove(path(of: first)) }

    /// Removes summaries of segments that are gone, and drafts.
    func tidy(segments: [UInt64]) throws(QueueError) {
        let kept = Set(segments.map(Self.name))
        for name in try folder.system.names(in: folder.path)
        where name.hasPrefix("events-") && !kept.contains(name) {
            guard name.hasSuffix(".summary") || name.hasSuffix(".summary.new") else { continue }
            _ = try? folder.system.remove(folder.path + "/" + name)
        }
    }
}
