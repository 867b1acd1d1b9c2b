import Foundation
import Synchronization
import Testing

@testable import Receiver

/// Records on their way to whoever reads them.
struct LogTests {
    /// Takes lines when it is let.
    private final class Reader: Sendable {
        let taken = Mutex<[UInt8]>([])
        let gate: DispatchSemaphore?
        let began = DispatchSemaphore(value: 0)

        init(gated: Bool = false) { gate = gated ? DispatchSemaphore(value: 0) : nil }

        func take(_ bytes: [UInt8]) {
            began.signal()
            gate?.wait()
            taken.withLock { $0 += bytes }
        }

        var lines: [Substring] {
            String(decoding: taken.withLock { $0 }, as: UTF8.self).split(separator: "\n")
        }
    }

    private static func settings(_ format: LogFormat = .text) -> LogSettings {
        var settings = LogSettings()
        settings.format = format
        return settings
    }

    @Test func `records of many threads are whole lines, each thread's in order, none lost`() {
        let reader = Reader()
        let log = Log(Self.settings(.json), journal: nil, sink: reader.take)
        #expect(log.start())
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for number in 0..<500 {
                log.write(.info, "m", [("thread", "\(thread)"), ("number", "\(number)")])
            }
        }
        log.stop()
        var last = [Int](repeating: -1, count: 4)
        for line in reader.lines {
            let object = try? JSONSerialization.jsonObject(with: Data(line.utf8))
            let fields = object as? [String: String] ?? [:]
            let thread = Int(fields["thread"] ?? "") ?? 0
            #expect(Int(fields["number"] ?? "") == last[thread] + 1)
            last[thread] += 1
        }
        #expect(last == [499, 499, 499, 499])
    }

    @Test func `parts of the log lose nothing, and each keeps its order and its room`() {
        let reader = Reader(gated: true)
        let log = Log(Self.settings(.journal), journal: nil, bytesMax: 12, sink: reader.take)
        let parts = [log.addPart(), log.addPart()]
        #expect(log.start())
        log.write(.info, "a")
        reader.began.wait()
        log.write(.info, "d")
        for (part, name) in zip(parts, ["b", "c"]) {
            part.write(.info, name)
            part.write(.warning, name)
            part.write(.warning, name + name)
            part.write(.error, "no room")
        }
        #expect(log.dropped == 2 && parts.map(\.dropped) == [1, 1])
        for _ in 0..<4 { reader.gate?.signal() }
        log.stop()
        #expect(
            reader.lines == [
                "<6>a", "<6>b", "<4>b", "<4>bb", "<6>c", "<4>c", "<4>cc", "<6>d",
                "<4>log records dropped count=2",
            ])
    }

    @Test func `a line wakes a thread that has nothing to do`() {
        let reader = Reader()
        let log = Log(Self.settings(.journal), journal: nil, sink: reader.take)
        let parts = [log.addPart(), log.addPart()]
        #expect(log.start())
        for (number, part) in (parts + parts).enumerated() {
            while !log.isResting { sched_yield() }
            part.write(.info, "\(number)")
            #expect(reader.began.wait(timeout: .now() + 20) == .success)
        }
        log.stop()
        #expect(reader.lines == ["<6>0", "<6>1", "<6>2", "<6>3"])
    }

    @Test func `a part has the settings of the moment, whenever it was made`() {
        let reader = Reader()
        var settings = Self.settings(.journal)
        let log = Log(settings, journal: nil, sink: reader.take)
        let before = log.addPart()
        settings.level = .debug
        settings.requests = .debug
        settings.format = .text
        log.update(settings)
        for part in [before, log.addPart()] {
            #expect(part.isEnabled(.debug) && part.requestLevel == .debug)
        }
        settings.format = .journal
        log.update(settings)
        before.write(.debug, "a")
        #expect(log.start())
        log.stop()
        #expect(reader.lines == ["<7>a"])
    }

    @Test
    func `who logs does not wait for a reader that stands still; what does not fit is counted`() {
        let reader = Reader(gated: true)
        let log = Log(Self.settings(.journal), journal: nil, bytesMax: 12, sink: reader.take)
        #expect(log.start())
        log.write(.info, "a")
        reader.began.wait()
        // "<6>bcd\n" and another: there is room while less than 9 bytes wait, and less than 12 for
        // what is worse than information.
        log.write(.info, "bcd")
        log.write(.info, "efg")
        #expect(log.dropped == 0)
        log.write(.info, "h")
        #expect(log.dropped == 1)
        for _ in 0..<4 { reader.gate?.signal() }
        log.stop()
        #expect(reader.lines == ["<6>a", "<6>bcd", "<6>efg", "<4>log records dropped count=1"])
    }

    @Test func `a flood of requests leaves room for what is wrong`() {
        let reader = Reader(gated: true)
        let log = Log(Self.settings(.journal), journal: nil, bytesMax: 12, sink: reader.take)
        #expect(log.start())
        log.write(.info, "a")
        reader.began.wait()
        log.write(.info, "bcdef")
        log.write(.info, "g")
        #expect(log.dropped == 1)
        log.write(.warning, "h")
        #expect(log.dropped == 1)
        log.write(.error, "i")
        #expect(log.dropped == 2)
        for _ in 0..<4 { reader.gate?.signal() }
        log.stop()
        #expect(reader.lines == ["<6>a", "<6>bcdef", "<4>h", "<4>log records dropped count=2"])
    }

    @Test(arguments: LogFormat.allCases, [nil, "plain", "a \"b\" = \n"])
    func `the line of a request looks as a record would`(format: LogFormat, account: String?) {
        for (name, reason) in [("github", ""), ("a b", "signature_mismatch")] {
            let entry = RecentRequests.Entry(
                timeMilliseconds: 1_769_860_800_123, identifier: "0123456789abc",
                integration: name, account: account, outcome: .stored, reason: reason, status: 200)
            let line = RequestLine(entry: entry, name: LoggedName(name))
            var (bytes, stamp): ([UInt8], LogStamp) = ([], LogStamp())
            line.append(to: &bytes, .info, format, &stamp)
            line.append(to: &bytes, .info, format, &stamp)
            let once = line.record(.info).line(format)
            #expect(String(decoding: bytes, as: UTF8.self) == once + once)
            #expect(once.contains("0123456789abc") && once.contains("200"))
        }
    }

    @Test func `the end does not wait for ever for a reader that stands still`() {
        let reader = Reader(gated: true)
        let log = Log(Self.settings(), journal: nil, sink: reader.take)
        #expect(log.start())
        log.write(.info, "a")
        reader.began.wait()
        log.stop()
        #expect(reader.lines == [])
        reader.gate?.signal()
    }

    @Test func `levels hold, and change at once`() {
        let reader = Reader()
        var settings = Self.settings(.journal)
        let log = Log(settings, journal: nil, sink: reader.take)
        #expect(log.start())
        log.write(.debug, "a")
        #expect(log.requestLevel == .info && !log.isEnabled(.debug))
        settings.level = .debug
        settings.requests = .debug
        log.update(settings)
        log.write(.debug, "b")
        #expect(log.requestLevel == .debug)
        log.stop()
        #expect(reader.lines == ["<7>b"])
    }
}
