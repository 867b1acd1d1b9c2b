import JSON

/// The folder of a file queue and the names in it.
struct SegmentFolder: Sendable {
    let path: String
    let system: FileSystem

    /// A segment as its name tells.
    struct Name: Sendable, Equatable {
        /// The number of its first event; every number in it is at least that.
        let first: UInt64
    }

    /// The journal's path.
    var journalPath: String { path + "/journal" }

    /// The path of a segment's file.
    func path(of first: UInt64) -> String {
        path + "/" + Self.name(of: first)
    }

    /// `events-00000000000000000001.jsonl`
    static func name(of first: UInt64) -> String { stem(of: first) + ".jsonl" }

    /// `events-00000000000000000001`, which the names of all files of a segment begin with.
    static func stem(of first: UInt64) -> String {
        var digits: [UInt8] = []
        digits.append(expecting: 20) { $0.digits(first, SequenceMember.digitCount) }
        return "events-" + String(decoding: digits, as: UTF8.self)
    }

    /// Numbers of the first events of all segments, rising.
    func segments() throws(QueueError) -> [UInt64] {
        var found: [UInt64] = []
        for name in try system.names(in: path) {
            let bytes = Array(name.utf8)
            guard bytes.count == 33, name.hasPrefix("events-"), name.hasSuffix(".jsonl"),
                let first = SequenceMember.number(bytes[7..<27])
            else { continue }
            found.append(first)
        }
        return found.sorted()
    }

    /// Opens a segment for reading; nil when retention removed it meanwhile.
    func cursor(_ first: UInt64) throws(QueueError) -> SegmentCursor? {
        do throws(QueueError) {
            return SegmentCursor(
                file: try system.open(path(of: first), .read), system: system)
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }

    /// Calls the body with every intact event whose number is `from` or more, oldest first, until
    /// it returns false.
    ///
    /// Damaged lines are passed over here; recovery sets them aside.
    func forEachLine(
        from: UInt64, _ body: ([UInt8], Range<Int>, EventLine.Header) throws(QueueError) -> Bool
    ) throws(QueueError) {
        let all = try segments()
        // The last segment that may begin at or before `from`.
        let start = (all.lastIndex { $0 <= from }) ?? 0
        for first in all.dropFirst(start) {
            guard var cursor = try cursor(first) else { continue }
            try cursor.seek(to: from)
            while let line = try cursor.next() {
                guard let header = EventLine.header(cursor.bytes, line), header.sequence >= from
                else { continue }
                if try !body(cursor.bytes, line, header) { return }
            }
        }
    }

    /// Calls the body with the intact line of one event; nil when it is not there.
    func withLine<Result>(
        of sequence: UInt64, _ body: ([UInt8], Range<Int>, EventLine.Header) -> Result
    ) throws(QueueError) -> Result? {
        var result: Result?
        try forEachLine(from: sequence) { (bytes, line, header) throws(QueueError) in
            if header.sequence == sequence { result = body(bytes, line, header) }
            return false
        }
        return result
    }

    /// The number of the last intact event, and 0 when there is none.
    func lastSequence() throws(QueueError) -> UInt64 {
        for first in try segments().reversed() {
            guard var cursor = try cursor(first) else { continue }
            try cursor.seek(to: .max)
            var last: UInt64?
            while let line = try cursor.next() {
                if let header = EventLine.header(cursor.bytes, line) { last = header.sequence }
            }
            if let last { return last }
            // Nothing near the end: from the start.
            guard var whole = try self.cursor(first) else { continue }
            while let line = try whole.next() {
                if let header = EventLine.header(whole.bytes, line) { last = header.sequence }
            }
            if let last { return last }
        }
        return 0
    }
}
