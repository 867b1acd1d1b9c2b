import JSON

/// What the next start needs to know of a segment, so that it need not read it: a file beside it.
///
/// The first line tells of the segment, each further one of a deduplication key:
///
/// ```
/// {"crc32c":"…","segment":"…1","last":"…9","bytes":…,"newest":…,"oldest":…,"deduplicate_until":…,"keys":…}
/// {"crc32c":"…","sequence":"…1","deduplicate_until":…,"integration":"github","id":"x"}
/// ```
///
/// Made only of a segment that was read from start to end, found intact and is on stable storage. It
/// can be removed at any time, and one that is not as it was written is not used: the segment is read
/// then. Hence nothing here is synchronised.
struct SegmentSummary: Equatable {
    var segment: Segment
    /// Keys that follow.
    var keys = 0

    /// The first line is filled with blanks up to this, since it is written last.
    static let headBytes = 512

    /// The first line, newline included.
    var head: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(expecting: Self.headBytes) { out in
            out.raw("{\"crc32c\":\"00000000\",\"segment\":\"")
            out.digits(segment.first, SequenceMember.digitCount)
            out.raw("\",\"last\":\"")
            out.digits(segment.last, SequenceMember.digitCount)
            out.raw("\",\"bytes\":")
            out.number(Int64(segment.bytes))
            out.raw(",\"newest\":")
            out.number(segment.newestMilliseconds)
            out.raw(",\"oldest\":")
            out.number(segment.oldestMilliseconds)
            out.raw(",\"deduplicate_until\":")
            out.number(segment.deduplicateUntil)
            out.raw(",\"keys\":")
            out.number(Int64(keys))
            while out.count < Self.headBytes - 2 { out.byte(" ") }
            out.raw("}\n")
        }
        EventLine.seal(&bytes, from: 0)
        return bytes
    }

    init(segment: Segment, keys: Int = 0) {
        self.segment = segment
        self.keys = keys
    }

    /// Reads a first line; nil for anything else.
    init?(_ bytes: [UInt8], _ line: Range<Int>) {
        guard var scanner = LineScanner(sealed: bytes, line),
            let first = scanner.sequence(after: ",\"segment\":"),
            let last = scanner.sequence(after: ",\"last\":"),
            let length = scanner.number(after: ",\"bytes\":"),
            let newest = scanner.number(after: ",\"newest\":"),
            let oldest = scanner.number(after: ",\"oldest\":"),
            let until = scanner.number(after: ",\"deduplicate_until\":"),
            let keys = scanner.number(after: ",\"keys\":")
        else { return nil }
        var segment = Segment(first: first)
        segment.note(sequence: last, receivedAt: newest, deduplicateUntil: until)
        segment.oldestMilliseconds = oldest
        segment.bytes = Int(length)
        self.init(segment: segment, keys: Int(keys))
    }

    /// Appends the line of a key.
    static func append(
        _ header: EventLine.Header, until: Int64, of stored: [UInt8], to bytes: inout [UInt8]
    ) {
        let start = bytes.count
        bytes.append(expecting: header.key.count + 128) { out in
            out.raw("{\"crc32c\":\"00000000\",\"sequence\":\"")
            out.digits(header.sequence, SequenceMember.digitCount)
            out.raw("\",\"deduplicate_until\":")
            out.number(until)
            out.raw(stored.span.extracting(header.key))
            out.raw("}\n")
        }
        EventLine.seal(&bytes, from: start)
    }

    /// A key and the number of its event.
    struct Key {
        let sequence: UInt64
        let deduplicateUntil: Int64
        /// Where the key is in the buffer.
        let range: Range<Int>

        /// Reads a key's line; nil for anything else.
        init?(_ bytes: [UInt8], _ line: Range<Int>) {
            guard var scanner = LineScanner(sealed: bytes, line),
                let sequence = scanner.sequence(after: ",\"sequence\":"),
                let until = scanner.number(after: ",\"deduplicate_until\":"),
                scanner.position < line.upperBound - 1
            else { return nil }
            self.sequence = sequence
            deduplicateUntil = until
            range = scanner.position..<line.upperBound - 1
        }
    }
}
