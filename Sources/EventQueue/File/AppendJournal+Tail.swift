extension AppendJournal {
    /// Fewer bytes, or a single event, go to the segment at once while nothing waits for that: whoever
    /// looks at a queue that is not busy finds there what was acknowledged.
    static let behindBytesMin = 16 << 10

    /// Where the lines of a batch wait for their way to the segment; nil when they are written to it
    /// before the journal is.
    /// - Parameter offset: where in the segment they begin.
    func tail(
        of segment: UInt64, at offset: Int, events: Int, bytes: Int
    ) throws(QueueError) -> SegmentTail? {
        var found = tail
        if found?.segment != segment { found = nil }
        let isBusy = events > 1 && bytes >= Self.behindBytesMin
        // What follows lines that wait must wait.
        guard isBusy || found?.isClear == false else { return nil }
        if found == nil, isDirect { found = makeTail(of: segment) }
        guard let found else { return nil }
        if found.reserve(offset, to: offset + bytes) { return found }
        try catchUp()
        return nil
    }

    /// Whether the active segment lacks something.
    var isBehind: Bool { tail?.isClear == false }

    /// Writes to the active segment all that it lacks.
    func catchUp() throws(QueueError) {
        if let tail, !tail.isClear { try flush(tail, isWhole: true) }
    }

    /// As `catchUp`, when nothing more comes to this segment.
    func endTail() throws(QueueError) {
        try catchUp()
        dropTail()
    }

    /// How long the keeper waits for more before there is something to do for `rest`; nil for ever.
    /// - Parameter lag: how long a segment may lack something.
    func nanosecondsToRest(lag: UInt64) -> UInt64? {
        guard failure == nil, let tail else { return nil }
        if !tail.isClear { return lag }
        return tail.isSpacious ? Self.spaciousNanoseconds : nil
    }

    /// Memory that a second of rest does not need is given back.
    private static let spaciousNanoseconds: UInt64 = 1_000_000_000

    /// Writes what waits, and gives memory back once nothing does.
    func rest() {
        guard let tail else { return }
        if tail.isClear { return tail.shrink() }
        // A failure is kept for the next append.
        try? flush(tail, isWhole: true)
    }

    /// Hands over lines that are durable.
    /// - Returns: whether the keeper must hear of it.
    func add(_ lines: ArraySlice<UInt8>, at offset: Int, to tail: SegmentTail) -> Bool {
        do throws(QueueError) {
            return try tail.append(lines, at: offset)
        } catch {
            // They are stored all the same, and come to the segment when this is mended.
            fail(error, tail)
            return false
        }
    }

    func flush(_ tail: SegmentTail, isWhole: Bool) throws(QueueError) {
        do throws(QueueError) {
            try tail.flush(isWhole: isWhole)
        } catch {
            fail(error, tail)
            throw error
        }
    }
}
