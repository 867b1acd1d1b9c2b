extension FileQueue {
    /// A line of the batch that is being made.
    private struct Line {
        let sequence: UInt64
        let receivedAtMilliseconds: Int64
        let deduplicateUntil: Int64?
        let fingerprint: UInt64?
        /// Where its deduplication key is in the buffer.
        let key: Range<Int>
    }

    package func append(
        _ events: [QueuedEvent], nowMilliseconds: Int64
    ) throws(QueueError) -> [AppendOutcome] {
        try withWriter { (writer) throws(QueueError) in
            try mend(&writer)
            var buffer: [UInt8] = []
            swap(&buffer, &writer.buffer)
            buffer.removeAll(keepingCapacity: buffer.capacity <= 4 << 20)
            defer { swap(&buffer, &writer.buffer) }
            let room = events.reduce(2 * JournalRecord.blockBytes) {
                $0 + $1.byteCount + EventLine.membersRoom
            }
            // Before the place is chosen, since a buffer that grows is elsewhere.
            if buffer.capacity < room { buffer.reserveCapacity(max(room, 2 * buffer.capacity)) }
            // Room for the head of a record, so that one write takes both, at a place where the journal
            // can write from.
            let start = FileSystem.alignedStart(buffer, from: 0)
            buffer.append(contentsOf: repeatElement(0, count: start + JournalRecord.headBytes))
            var outcomes: [AppendOutcome] = []
            outcomes.reserveCapacity(events.count)
            let lines = try encode(events, nowMilliseconds, writer, &buffer, &outcomes)
            if lines.isEmpty { return outcomes }
            try commit(&buffer, from: start, lines, nowMilliseconds, &writer)
            for line in lines {
                guard let fingerprint = line.fingerprint else { continue }
                writer.keys.insert(
                    fingerprint, line.sequence, countMax: options.deduplicationCountMax)
            }
            return outcomes
        }
    }

    /// Makes the lines of the events that are not duplicates.
    private func encode(
        _ events: [QueuedEvent], _ nowMilliseconds: Int64, _ writer: borrowing Writer,
        _ buffer: inout [UInt8], _ outcomes: inout [AppendOutcome]
    ) throws(QueueError) -> [Line] {
        var lines: [Line] = []
        lines.reserveCapacity(events.count)
        var batchKeys: [UInt64: [Range<Int>]] = [:]
        var next = writer.next
        for event in events {
            guard event.document.first == UInt8(ascii: "{") else {
                throw QueueError(.invalid, "document that is not an object")
            }
            guard event.byteCount < EventLine.bytesMax / 2 else {
                throw QueueError(.tooLarge, "line of event")
            }
            guard next < UInt64(Int64.max) else { throw QueueError(.full, "numbering of events") }
            let start = buffer.count
            let window = event.deduplicationWindowMilliseconds.flatMap { $0 > 0 ? $0 : nil }
            let until = window.map { window -> Int64 in
                let (sum, overflow) = nowMilliseconds.addingReportingOverflow(window)
                return overflow ? .max : sum
            }
            let key = EventLine.append(
                event, sequence: next, deduplicateUntil: until, to: &buffer)
            var fingerprint: UInt64?
            if until != nil {
                let found = DeduplicationTable.fingerprint(buffer, key)
                fingerprint = found
                let isInBatch = batchKeys[found, default: []].contains { other in
                    buffer[other].elementsEqual(buffer[key])
                }
                var isKnown = isInBatch
                if !isKnown {
                    isKnown = try isStored(found, buffer, key, nowMilliseconds, writer)
                }
                if isKnown {
                    buffer.removeLast(buffer.count - start)
                    outcomes.append(.duplicate)
                    continue
                }
                batchKeys[found, default: []].append(key)
            }
            lines.append(
                Line(
                    sequence: next, receivedAtMilliseconds: event.timeMilliseconds,
                    deduplicateUntil: until, fingerprint: fingerprint, key: key))
            outcomes.append(.stored(sequence: next))
            next += 1
        }
        return lines
    }

    /// Whether an event with this key is stored, and inside its window.
    private func isStored(
        _ fingerprint: UInt64, _ bytes: [UInt8], _ key: Range<Int>, _ nowMilliseconds: Int64,
        _ writer: borrowing Writer
    ) throws(QueueError) -> Bool {
        guard let sequence = writer.keys[fingerprint] else { return false }
        func isSame(_ stored: [UInt8], _ line: Range<Int>, _ header: EventLine.Header) -> Bool {
            (header.deduplicateUntil ?? .min) > nowMilliseconds
                && stored[header.key].elementsEqual(bytes[key])
        }
        // Asked first, since the keeper may write meanwhile what then was not there to be read.
        let isBehind = writer.journal?.isBehind == true
        if let found = try folder.withLine(of: sequence, isSame) { return found }
        guard isBehind else { return false }
        try writer.journal?.catchUp()
        return try folder.withLine(of: sequence, isSame) ?? false
    }

    /// Writes the lines, and returns once they are on stable storage.
    /// - Parameter start: where the buffer's record begins.
    private func commit(
        _ buffer: inout [UInt8], from start: Int, _ lines: [Line], _ nowMilliseconds: Int64,
        _ writer: inout Writer
    ) throws(QueueError) {
        guard let first = lines.first, let last = lines.last else { return }
        let linesStart = start + JournalRecord.headBytes
        let count = buffer.count - linesStart
        let journal = try journal(&writer)
        // Nil for more than the journal takes.
        let place = try journal?.reserve(count)
        let isDue = isDue(byteCount: count, nowMilliseconds, writer)
        // What is written past the journal, and to the next segment, follows all that lies before.
        if place == nil { try journal?.catchUp() }
        if isDue {
            try journal?.endTail()
            writer.active = nil
        }
        // Whatever happens next, readers may see these numbers: they are used up.
        writer.next = last.sequence + 1
        if writer.active == nil { try begin(first.sequence, nowMilliseconds, &writer) }
        guard let active = writer.active, var segment = writer.segments.last else {
            throw QueueError(.closed, "append to segment")
        }
        var tail: SegmentTail?
        if place != nil, keeper.isRunning {
            tail = try journal?.tail(
                of: segment.first, at: segment.bytes, events: lines.count, bytes: count)
        }
        if tail == nil {
            do throws(QueueError) {
                try folder.system.writeAll(active, buffer, from: linesStart)
            } catch {
                // Nothing of this batch may stay: cut back to what is durable, or leave the segment.
                if (try? folder.system.truncate(active, to: segment.bytes)) == nil {
                    writer.active = nil
                }
                journal?.tail?.forgetReserve()
                throw error
            }
        }
        do throws(QueueError) {
            try makeDurable(
                &buffer, from: start, at: place, journal, active, tail, segment,
                last: last.sequence)
        } catch {
            // What the kernel holds of this file can no longer be trusted to reach the disk, and
            // asking again would report success. The next append begins a new segment; the next
            // start, or a check, reads this one from the disk, line by line.
            if tail == nil { _ = try? folder.system.truncate(active, to: segment.bytes) }
            writer.active = nil
            // Should it not be left, the next append does that first.
            if let journal, journal.isGivenUp { try? leave(journal, &writer) }
            throw error
        }
        segment.bytes += count
        for line in lines {
            segment.note(
                sequence: line.sequence, receivedAt: line.receivedAtMilliseconds,
                deduplicateUntil: line.deduplicateUntil)
        }
        writer.segments[writer.segments.count - 1] = segment
    }

    /// Whether so many bytes go to a new segment.
    private func isDue(
        byteCount: Int, _ nowMilliseconds: Int64, _ writer: borrowing Writer
    ) -> Bool {
        guard writer.active != nil, let segment = writer.segments.last, segment.bytes > 0 else {
            return false
        }
        return segment.bytes + byteCount > writer.segmentBytesMax
            || nowMilliseconds - writer.activeSince >= writer.segmentAgeMillisecondsMax
    }

    /// Begins a new segment; its name is durable before anything is written to it.
    private func begin(
        _ first: UInt64, _ nowMilliseconds: Int64, _ writer: inout Writer
    ) throws(QueueError) {
        let path = folder.path(of: first)
        let file = try folder.system.open(path, .create)
        do throws(QueueError) {
            try folder.system.sync(file)
            try folder.system.syncFolder(folder.path)
        } catch {
            // Empty, so nothing is lost; should it stay, the next start passes over it.
            _ = try? folder.system.remove(path)
            throw error
        }
        if let oldest = writer.segments.first(where: { $0.deduplicateUntil > nowMilliseconds }) {
            if oldest.first > writer.forgottenBelow {
                writer.forgottenBelow = oldest.first
                writer.keys.forget(below: oldest.first)
            }
        } else {
            writer.keys = DeduplicationTable()
        }
        if let left = writer.segments.last { writer.unchecked.add(finished: left) }
        writer.active = file
        writer.activeSince = nowMilliseconds
        writer.segments.append(Segment(first: first))
    }
}
