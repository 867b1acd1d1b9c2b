import Foundation

/// Takes from the segments of a file queue what a power cut might: whatever only the journal has on
/// stable storage. It shares no code with the program.
struct PowerCut {
    private struct Record {
        let number: UInt64
        let horizon: UInt64
        let segment: UInt64
        let start: Int
        let end: Int
    }

    /// A queue's folder, whose server is gone.
    let folder: URL

    /// What becomes of the bytes.
    enum Loss: CaseIterable {
        case gone
        case zeros
        case garbage
        case half
    }

    /// The journal's records by number, and the number below which segments have them for good.
    private func records() -> (records: [Record], horizon: UInt64) {
        guard
            let journal = try? Data(contentsOf: folder.appendingPathComponent("journal")),
            journal.count > 4096
        else { return ([], 0) }
        var records: [Record] = []
        for place in stride(from: 4096, to: journal.count, by: 4096) {
            if let record = Self.record(journal, place) { records.append(record) }
        }
        records.sort { $0.number < $1.number }
        // Behind the title and the length of the first block.
        return (records, max(records.last?.horizon ?? 0, Self.number(journal, 72)))
    }

    /// How many bytes the newest segment lacks, which the journal has.
    func behind() throws -> Int {
        guard let newest = records().records.last, let content = try read(newest.segment) else {
            return 0
        }
        return max(newest.end - content.count, 0)
    }

    /// - Returns: how many bytes were at stake.
    func lose(_ loss: Loss) throws -> Int {
        let (records, horizon) = records()
        var from: [UInt64: (start: Int, content: Data)] = [:]
        for record in records.reversed() where record.number >= horizon {
            guard let content = try from[record.segment]?.content ?? read(record.segment) else {
                continue
            }
            // What is in no record was synchronised, with all that lies before it. The newest may be
            // in the journal alone.
            let next = from[record.segment]?.start
            if let next = next ?? (record.end >= content.count ? record.end : nil),
                record.end == next
            {
                from[record.segment] = (record.start, content)
            }
        }
        for (segment, (start, content)) in from where start > content.count {
            from[segment] = (content.count, content)
        }
        for (segment, (start, content)) in from {
            let rest = Data(content[start...])
            let left =
                switch loss {
                case .gone: Data()
                case .zeros: Data(count: rest.count)
                case .garbage: Data(rest.map { $0 ^ 0x55 })
                case .half: rest.prefix(rest.count / 2) + Data(count: rest.count / 4)
                }
            try (content[..<start] + left).write(to: file(segment))
        }
        return from.values.reduce(0) { $0 + $1.content.count - $1.start }
    }

    private func file(_ segment: UInt64) -> URL {
        let digits = String(segment)
        let name = String(repeating: "0", count: 20 - digits.count) + digits
        return folder.appendingPathComponent("events-\(name).jsonl")
    }

    /// Nil for one that is no more.
    private func read(_ segment: UInt64) throws -> Data? {
        let file = file(segment)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        return try Data(contentsOf: file)
    }

    private static func record(_ journal: Data, _ place: Int) -> Record? {
        guard journal[place..<place + 8] == Data([10, 80, 83, 84, 78, 82, 0, 1]) else { return nil }
        let start = Int(number(journal, place + 32))
        return Record(
            number: number(journal, place + 8), horizon: number(journal, place + 16),
            segment: number(journal, place + 24), start: start,
            end: start + Int(number(journal, place + 48)))
    }

    private static func number(_ data: Data, _ place: Int) -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(data[place + $1]) << UInt64(8 * $1) }
    }
}
