extension FileQueue {
    /// The bytes of records in a journal of so many bytes: two halves of whole blocks.
    static func journalAreaBytes(_ options: FileQueueOptions) -> Int {
        guard options.journalBytes > 0 else { return 0 }
        let half = options.journalBytes / 2 / JournalRecord.blockBytes
        return 2 * max(half, 1) * JournalRecord.blockBytes
    }

    /// The journal for the next append; nil when its segment is to be synchronised instead. Repairs
    /// first what an earlier failure left.
    func journal(_ writer: inout Writer) throws(QueueError) -> AppendJournal? {
        if let journal = writer.journal {
            if journal.isGivenUp {
                try leave(journal, &writer)
                return nil
            }
            if journal.failure != nil {
                try journal.mend()
                // A disk that failed here once may do so again.
                writer.active = nil
            }
            return journal
        }
        guard options.journalBytes > 0 else { return nil }
        if !writer.isJournalWanted {
            writer.commitsUntilJournal -= 1
            guard writer.commitsUntilJournal < 0 else { return nil }
            writer.isJournalWanted = true
            keeper.want()
        }
        guard let made = keeper.take() else { return nil }
        writer.isJournalWanted = false
        guard case .journal(let journal) = made else {
            writer.commitsUntilJournal = options.journalRetryCommits
            return nil
        }
        writer.journal = journal
        return journal
    }

    /// Goes on without a journal, for long.
    func leave(_ journal: AppendJournal, _ writer: inout Writer) throws(QueueError) {
        try journal.leave()
        keeper.forget()
        writer.journal = nil
        writer.commitsUntilJournal = options.journalRetryCommits
    }

    /// Makes the batch durable, which its segment has already, or else will have by way of its tail.
    func makeDurable(
        _ buffer: inout [UInt8], from start: Int, at place: AppendJournal.Place?,
        _ journal: AppendJournal?, _ active: File, _ tail: SegmentTail?, _ segment: Segment,
        last: UInt64
    ) throws(QueueError) {
        guard let journal else { return try folder.system.syncData(active) }
        guard let place else { return try journal.syncSegment(active) }
        let isWorkDue = try journal.write(
            &buffer, from: start, at: place, segment: segment.first, offset: segment.bytes,
            last: last, file: active, tail: tail)
        if isWorkDue { keeper.wake(journal) }
    }

    /// Repairs what a failure left in the segments, before anybody asks what they hold.
    func mend(_ writer: inout Writer) throws(QueueError) {
        guard let known = writer.journal, known.failure != nil || known.isGivenUp else { return }
        _ = try journal(&writer)
    }

    /// Writes to the active segment what only the journal has, for whoever reads it next.
    func catchUp() {
        // A failure is kept for the next append; what is in the segments can be read.
        _ = try? withWriter { (writer) throws(QueueError) in
            try mend(&writer)
            do throws(QueueError) {
                try writer.journal?.catchUp()
            } catch {
                try mend(&writer)
            }
        }
    }

    /// Leaves nothing to do for the next start, as far as the disk lets it.
    func settle(_ writer: borrowing Writer) {
        guard let journal = writer.journal else { return }
        if journal.isGivenUp { try? journal.leave() } else { try? journal.settle() }
    }
}
