/// Segments that nothing is written to any more, and that this process has not read back.
struct UncheckedSegments {
    /// Without a summary, oldest first: the next start would read them.
    private var finished: [UInt64] = []
    /// With one that an earlier process made, oldest first.
    private var summarised: [UInt64] = []
    /// Bytes of segments that were finished since `takeBytesMax` was called.
    private var newBytes = 0

    /// So much is read back in a minute at least.
    static let bytesMin = 256 << 20

    /// Adds one that was there when the queue was opened.
    mutating func add(_ first: UInt64, isSummarised: Bool) {
        if isSummarised { summarised.append(first) } else { finished.append(first) }
    }

    /// Adds one that has just been finished.
    mutating func add(finished segment: Segment) {
        finished.append(segment.first)
        newBytes += segment.bytes
    }

    /// Adds one whose check failed for a reason that may pass, behind all others.
    mutating func putBack(_ first: UInt64) { summarised.append(first) }

    /// The next to be read.
    var first: UInt64? { finished.first ?? summarised.first }

    /// Takes the next.
    mutating func removeFirst() {
        if finished.isEmpty { summarised.removeFirst() } else { finished.removeFirst() }
    }

    /// How much to read back now: with twice what came since the last time, checks keep up with
    /// appends, however many there are.
    mutating func takeBytesMax() -> Int {
        defer { newBytes = 0 }
        return max(Self.bytesMin, 2 * newBytes)
    }
}
