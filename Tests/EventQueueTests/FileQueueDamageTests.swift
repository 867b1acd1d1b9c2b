import Foundation
import Testing

@testable import EventQueue

/// What crashes and bad media do to a file queue.
@Suite struct FileQueueDamageTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private var path: String { folder.path + "/queue" }

    private func open(
        segmentBytesMax: Int = 64 << 20, at time: Int64 = now
    ) throws -> FileQueue {
        var options = FileQueueOptions()
        options.segmentBytesMax = segmentBytesMax
        return try FileQueue(name: "q", path: path, options: options, nowMilliseconds: time)
    }

    private func files(_ part: String = "events-") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path)
            .filter { $0.hasPrefix("events-") && $0.contains(part) }.sorted()
    }

    private func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
    }

    private func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    }

    private func removeSegments() throws {
        for name in try files() {
            try FileManager.default.removeItem(atPath: path + "/" + name)
        }
    }

    /// A segment with these events, and where its lines end.
    private func segment(_ ids: [String]) throws -> (bytes: [UInt8], ends: [Int]) {
        let queue = try open()
        try queue.appendEach(ids)
        queue.close()
        let bytes = try read(SegmentFolder.name(of: 1))
        let ends = bytes.indices.filter { bytes[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
        #expect(ends.count == ids.count)
        return (bytes, ends)
    }

    @Test func `every line is a JSON object that holds the event`() throws {
        let queue = try open()
        _ = try queue.append(
            [.make("a", body: "{\n\"x\":\n1}"), .make("b", account: "y", request: "{}")],
            nowMilliseconds: now)
        let text = String(decoding: try read(SegmentFolder.name(of: 1)), as: UTF8.self)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 2)
        for (line, id) in zip(lines, ["a", "b"]) {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            let event = (object as? [String: Any])?["event"] as? [String: Any]
            #expect(event?["id"] as? String == id)
        }
    }

    @Test func `a tail torn at any byte is cut, kept aside, and written on`() throws {
        let (bytes, ends) = try segment(["a", "b"])
        for cut in 0..<bytes.count {
            try removeSegments()
            try write(Array(bytes[..<cut]), SegmentFolder.name(of: 1))
            let whole = ends.count { $0 <= cut }
            let end = whole == 0 ? 0 : ends[whole - 1]
            let queue = try open()
            #expect(try queue.ids() == Array(["a", "b"][..<whole]), "cut at \(cut)")
            #expect(try files(".torn").count == (cut == end ? 0 : 1), "cut at \(cut)")
            if let torn = try files(".torn").first {
                #expect(try read(torn) == Array(bytes[end..<cut]))
                #expect(queue.recovery.tornTails.count == 1)
            }
            try queue.appendEach(["c"])
            queue.close()
            let reopened = try open()
            #expect(try reopened.ids() == Array(["a", "b"][..<whole]) + ["c"])
            #expect(reopened.recovery == RecoveryReport())
            reopened.close()
        }
    }

    @Test func `a flipped byte anywhere costs its line only, and the original is kept`() throws {
        let ids = ["a", "b", "c"]
        let (bytes, ends) = try segment(ids)
        for index in bytes.indices {
            try removeSegments()
            var damaged = bytes
            damaged[index] ^= 1 << UInt8(index % 8)
            try write(damaged, SegmentFolder.name(of: 1))
            let line = ends.count { $0 <= index }
            var lost: Set = [line]
            // Without its newline a line runs into the next.
            if bytes[index] == UInt8(ascii: "\n") { lost.insert(line + 1) }
            let left = ids.indices.filter { !lost.contains($0) }.map { ids[$0] }
            let queue = try open()
            #expect(try queue.ids() == left, "flip at \(index)")
            #expect(queue.recovery.damagedLines > 0)
            let aside = try files(".bad") + files(".torn")
            #expect(aside.count == 1)
            let kept = try read(aside.first ?? "")
            #expect(kept.contains(damaged[index]))
            if aside.first?.hasSuffix(".bad") == true { #expect(kept == damaged) }
            let outcome = try queue.append([.make("d")], nowMilliseconds: now)
            queue.close()
            let reopened = try open()
            #expect(try reopened.ids() == left + ["d"])
            #expect(reopened.recovery == RecoveryReport())
            if case .stored(let number) = outcome.first { #expect(number > UInt64(left.count)) }
            reopened.close()
        }
    }

    @Test func `a damaged segment in the middle is set aside whole`() throws {
        let queue = try open(segmentBytesMax: 1)
        try queue.appendEach(["a", "b", "c"])
        queue.close()
        let name = SegmentFolder.name(of: 2)
        try write(Array("garbage\nmore".utf8), name)
        let reopened = try open()
        #expect(try reopened.ids() == ["a", "c"])
        #expect(try files(".bad") == [name + ".bad"])
        #expect(try read(name + ".bad") == Array("garbage\nmore".utf8))
    }

    @Test func `a name for a damaged segment is never used twice`() throws {
        let (bytes, _) = try segment(["a", "b"])
        var damaged = bytes
        damaged[60] ^= 1
        for count in 1...3 {
            try write(damaged, SegmentFolder.name(of: 1))
            try open().close()
            #expect(try files(".bad").count == count)
        }
    }

    @Test func `one process writes at a time`() throws {
        let queue = try open()
        #expect { try open() } throws: { ($0 as? QueueError)?.code == .locked }
        queue.close()
        try open().close()
    }

    /// As a process has it that was forked while the queue was open.
    @Test func `a closed queue can be opened again although its lock file has another descriptor`()
        throws
    {
        let queue = try open()
        let path = queue.folder.path + "/lock"
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        let own = descriptors.compactMap { Int32($0) }.first {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))
                == path
        }
        let copy = dup(try #require(own))
        defer { close(copy) }
        #expect(copy >= 0)
        queue.close()
        try open().close()
    }

    @Test func `segments turn over by size and by age`() throws {
        let queue = try open(segmentBytesMax: 500)
        try queue.appendEach((1...6).map(String.init))
        #expect(try files(".jsonl").count > 1)
        #expect(try queue.ids() == (1...6).map(String.init))
        queue.close()
        let aged = try open()
        let before = try files(".jsonl").count
        let day: Int64 = 86_400_000
        _ = try aged.append([.make("7")], nowMilliseconds: now + day - 1)
        #expect(try files(".jsonl").count == before)
        _ = try aged.append([.make("8")], nowMilliseconds: now + 2 * day)
        #expect(try files(".jsonl").count == before + 1)
        #expect(try files(".jsonl").last == SegmentFolder.name(of: 8))
        aged.rotate(bytesMax: 1, ageMillisecondsMax: day)
        _ = try aged.append([.make("9")], nowMilliseconds: now + 2 * day)
        #expect(try files(".jsonl").last == SegmentFolder.name(of: 9))
    }

    @Test func `a number that a consumer saw is never given again`() throws {
        let queue = try open()
        try queue.appendEach(["a", "b"])
        let leased = try queue.lease(count: 2, durationMilliseconds: 1000, nowMilliseconds: now)
        #expect(leased.count == 2)
        _ = try queue.ack(leased.map(\.lease), nowMilliseconds: now)
        queue.close()
        // As if the last batch had never reached the disk.
        let bytes = try read(SegmentFolder.name(of: 1))
        let newline = try #require(bytes.firstIndex(of: UInt8(ascii: "\n")))
        try write(Array(bytes[...newline]), SegmentFolder.name(of: 1))
        let reopened = try open()
        #expect(
            try reopened.append([.make("c")], nowMilliseconds: now) == [.stored(sequence: 3)])
        #expect(
            try reopened.lease(count: 5, durationMilliseconds: 1000, nowMilliseconds: now)
                .map(\.event.id) == ["c"])
    }

    @Test func `events in a large segment are found by halving`() throws {
        let queue = try open()
        let body = "\"" + String(repeating: "x", count: 3000) + "\""
        for batch in 0..<10 {
            _ = try queue.append(
                (0..<60).map { .make("\(batch * 60 + $0 + 1)", body: body) }, nowMilliseconds: now)
        }
        for sequence: UInt64 in [1, 2, 299, 300, 301, 599, 600] {
            #expect(try queue.show(sequence: sequence)?.id == "\(sequence)")
        }
        #expect(try queue.show(sequence: 601) == nil)
        #expect(try queue.folder.lastSequence() == 600)
    }

    @Test func `a key outside the kept segments is forgotten, others are not`() throws {
        let queue = try open(segmentBytesMax: 1)
        for id in ["a", "b", "c"] {
            _ = try queue.append([.make(id, window: hour)], nowMilliseconds: now)
        }
        _ = try queue.prune(RetentionPolicy(countMax: 2), nowMilliseconds: now)
        let again = try queue.append(
            ["a", "b", "c"].map { .make($0, window: hour) }, nowMilliseconds: now)
        #expect(again == [.stored(sequence: 4), .duplicate, .duplicate])
    }

    @Test func `the table of keys grows, replaces and forgets the oldest`() {
        var table = DeduplicationTable()
        for number: UInt64 in 1...10_000 {
            table.insert(number &* 0x9E37_79B9_7F4A_7C15, number, countMax: 100_000)
        }
        #expect(table.count == 10_000)
        for number: UInt64 in 1...10_000 {
            #expect(table[number &* 0x9E37_79B9_7F4A_7C15] == number)
        }
        #expect(table[12345] == nil)
        table.insert(0x9E37_79B9_7F4A_7C15, 10_001, countMax: 100_000)
        #expect(table[0x9E37_79B9_7F4A_7C15] == 10_001)
        #expect(table.count == 10_000)
        table.forget(below: 9_000)
        #expect(table.count == 1002)
        table.insert(7, 10_002, countMax: 1002)
        #expect(table.count < 1002)
        #expect(table[7] == 10_002)
    }
}
