import Foundation
import Testing

@testable import EventQueue

/// What every queue keeps of its promise, whatever it is made of.
@Suite struct QueueContractTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test(arguments: QueueKind.allCases)
    func `events come back in order with rising numbers`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        let first = try queue.append([.make("a"), .make("b")], nowMilliseconds: now)
        let second = try queue.append([.make("c")], nowMilliseconds: now)
        #expect(first == [.stored(sequence: 1), .stored(sequence: 2)])
        #expect(second == [.stored(sequence: 3)])
        #expect(try queue.list(EventFilter()).map(\.sequence) == [1, 2, 3])
        #expect(try queue.ids() == ["a", "b", "c"])
    }

    @Test(arguments: QueueKind.allCases)
    func `the number is the first member of the document`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        let empty = QueuedEvent.make("b", document: "{ }")
        _ = try queue.append([.make("a"), empty], nowMilliseconds: now)
        let events = try queue.list(EventFilter())
        #expect(
            String(decoding: events[0].document, as: UTF8.self)
                == #"{"sequence":"00000000000000000001","id":"a","data":{}}"#)
        #expect(
            String(decoding: events[1].document, as: UTF8.self)
                == #"{"sequence":"00000000000000000002" }"#)
    }

    @Test(arguments: QueueKind.allCases)
    func `documents and requests keep every byte`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        let body = "{\n  \"a\": 1.00,\r\n\t\"b\": \"\u{e9}\u{65}\u{301}\\u0000\"\n}"
        let request = "{\"headers\":[\n[\"A\",\"1\"],\n\n[\"a\",\"2\"]]}"
        _ = try queue.append(
            [.make("a", account: "x", body: body, request: request)], nowMilliseconds: now)
        let event = try #require(try queue.show(sequence: 1))
        #expect(Array(event.document.suffix(body.utf8.count + 1)) == Array((body + "}").utf8))
        #expect(event.request == Array(request.utf8))
        #expect(event.account == "x")
        #expect(event.integration == "github")
        #expect(event.type == "push")
        #expect(event.receivedAtMilliseconds == now)
    }

    @Test(arguments: QueueKind.allCases)
    func `names may hold quotes, control characters and other scripts`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        let odd = "a\"\\\n\u{1}\u{0}\u{7f}ünï\u{1F600}"
        let event = QueuedEvent.make(
            odd, integration: odd, account: odd, type: odd, window: hour, document: "{}")
        _ = try queue.append([event], nowMilliseconds: now)
        queue.close()
        let reopened = try kind.open(folder)
        let stored = try #require(try reopened.show(sequence: 1))
        for name in [stored.id, stored.integration, stored.account ?? "", stored.type] {
            #expect(Array(name.utf8) == Array(odd.utf8))
        }
        #expect(try reopened.append([event], nowMilliseconds: now) == [.duplicate])
    }

    @Test(arguments: QueueKind.allCases)
    func `everything is there after reopening, and numbers go on`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        try queue.appendEach(["a", "b"])
        queue.close()
        let reopened = try kind.open(folder)
        #expect(try reopened.ids() == ["a", "b"])
        #expect(
            try reopened.append([.make("c")], nowMilliseconds: now) == [.stored(sequence: 3)])
    }

    @Test(arguments: QueueKind.allCases)
    func `numbers are not given again after everything was pruned`(kind: QueueKind) throws {
        let queue = try kind.open(folder, segmentBytesMax: 1)
        try queue.appendEach(["a", "b", "c"])
        _ = try queue.prune(
            RetentionPolicy(ageMillisecondsMax: 0, countMax: 0), nowMilliseconds: now + 1)
        queue.close()
        let reopened = try kind.open(folder)
        #expect(
            try reopened.append([.make("d")], nowMilliseconds: now) == [.stored(sequence: 4)])
    }

    @Test(arguments: QueueKind.allCases)
    func `a second event with the same key is a duplicate`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        let event = QueuedEvent.make("a", window: hour)
        #expect(try queue.append([event], nowMilliseconds: now) == [.stored(sequence: 1)])
        #expect(try queue.append([event], nowMilliseconds: now + hour - 1) == [.duplicate])
        #expect(try queue.ids() == ["a"])
    }

    @Test(arguments: QueueKind.allCases)
    func `duplicates inside one commit are seen`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        let event = QueuedEvent.make("a", window: hour)
        let outcomes = try queue.append([event, .make("b"), event], nowMilliseconds: now)
        #expect(outcomes == [.stored(sequence: 1), .stored(sequence: 2), .duplicate])
    }

    @Test(arguments: QueueKind.allCases)
    func `outside the window the event is stored again`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        let event = QueuedEvent.make("a", window: hour)
        _ = try queue.append([event], nowMilliseconds: now)
        #expect(
            try queue.append([event], nowMilliseconds: now + hour) == [.stored(sequence: 2)])
        #expect(try queue.append([event], nowMilliseconds: now + hour + 1) == [.duplicate])
    }

    @Test(arguments: QueueKind.allCases)
    func `the window survives a restart`(kind: QueueKind) throws {
        let event = QueuedEvent.make("a", account: "x", window: hour)
        let queue = try kind.open(folder)
        _ = try queue.append([event], nowMilliseconds: now)
        queue.close()
        let reopened = try kind.open(folder, nowMilliseconds: now + 1)
        #expect(try reopened.append([event], nowMilliseconds: now + 1) == [.duplicate])
        #expect(try reopened.append([event], nowMilliseconds: now + hour) == [.stored(sequence: 2)])
    }

    @Test(arguments: QueueKind.allCases)
    func `a clock that is set back keeps duplicates out`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        let event = QueuedEvent.make("a", window: hour)
        _ = try queue.append([event], nowMilliseconds: now)
        #expect(try queue.append([event], nowMilliseconds: now - 10 * hour) == [.duplicate])
        let other = QueuedEvent.make("b", time: now - 10 * hour)
        #expect(
            try queue.append([other], nowMilliseconds: now - 10 * hour) == [.stored(sequence: 2)])
        #expect(try queue.ids() == ["a", "b"])
    }

    @Test(arguments: QueueKind.allCases)
    func `two accounts and two integrations may use one id`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        let outcomes = try queue.append(
            [
                .make("a", account: "x", window: hour), .make("a", account: "y", window: hour),
                .make("a", window: hour), .make("a", integration: "zoom", window: hour),
            ], nowMilliseconds: now)
        #expect(!outcomes.contains(.duplicate))
    }

    @Test(arguments: QueueKind.allCases)
    func `without a window nothing is a duplicate`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        let outcomes = try queue.append([.make("a"), .make("a")], nowMilliseconds: now)
        #expect(!outcomes.contains(.duplicate))
    }

    @Test(arguments: QueueKind.allCases)
    func `a document that is no object fails the whole append`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        let bad = QueuedEvent.make("b", document: "[]")
        let failing = [QueuedEvent.make("a", window: hour), bad]
        #expect(throws: QueueError(.invalid, "document that is not an object")) {
            try queue.append(failing, nowMilliseconds: now)
        }
        #expect(try queue.ids().isEmpty)
        #expect(
            try queue.append([failing[0]], nowMilliseconds: now) == [.stored(sequence: 1)])
    }

    @Test(arguments: QueueKind.allCases)
    func `lists are filtered, paged and turned round`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        for number in 1...10 {
            let account = number.isMultiple(of: 2) ? "even" : nil
            _ = try queue.append([.make("\(number)", account: account)], nowMilliseconds: now)
        }
        #expect(try queue.list(EventFilter(account: "even", limit: 2)).map(\.id) == ["2", "4"])
        #expect(
            try queue.list(EventFilter(account: "even", afterSequence: 4, limit: 2)).map(\.id)
                == ["6", "8"])
        #expect(
            try queue.list(EventFilter(limit: 2, newestFirst: true)).map(\.id) == ["10", "9"])
        #expect(
            try queue.list(EventFilter(afterSequence: 9, limit: 2, newestFirst: true)).map(\.id)
                == ["8", "7"])
        #expect(try queue.list(EventFilter(id: "7")).map(\.sequence) == [7])
        #expect(try queue.list(EventFilter(integration: "none")).isEmpty)
        #expect(try queue.show(sequence: 11) == nil)
        #expect(try queue.show(sequence: .max) == nil)
        #expect(try queue.show(sequence: 0) == nil)
    }

    @Test(arguments: QueueKind.allCases)
    func `a closed queue says so`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        queue.close()
        queue.close()
        #expect { try queue.append([.make("a")], nowMilliseconds: now) } throws: {
            ($0 as? QueueError)?.code == .closed
        }
        #expect { try queue.checkWritable() } throws: { ($0 as? QueueError)?.code == .closed }
        #expect { try queue.list(EventFilter()) } throws: { ($0 as? QueueError)?.code == .closed }
    }

    @Test(arguments: QueueKind.allCases)
    func `a queue that is not there is not found by a consumer`(kind: QueueKind) throws {
        #expect { try kind.open(folder, access: .consumer) } throws: {
            ($0 as? QueueError)?.code == .notFound
        }
    }

    @Test(arguments: QueueKind.allCases)
    func `a consumer reads while the server appends, and cannot append`(kind: QueueKind) throws {
        let queue = try kind.open(folder)
        try queue.appendEach(["a"])
        let consumer = try kind.open(folder, access: .consumer)
        #expect(try consumer.ids() == ["a"])
        try queue.appendEach(["b"])
        #expect(try consumer.ids() == ["a", "b"])
        #expect { try consumer.append([.make("c")], nowMilliseconds: now) } throws: {
            ($0 as? QueueError)?.code == .readOnly
        }
        #expect(try queue.ids() == ["a", "b"])
        try queue.checkWritable()
    }

    @Test(arguments: QueueKind.allCases)
    func `retention by count keeps the newest`(kind: QueueKind) throws {
        let queue = try kind.open(folder, segmentBytesMax: 1)
        try queue.appendEach((1...10).map(String.init))
        let result = try queue.prune(RetentionPolicy(countMax: 3), nowMilliseconds: now)
        #expect(result.events == 7)
        #expect(try queue.ids() == ["8", "9", "10"])
    }

    @Test(arguments: QueueKind.allCases)
    func `retention by age keeps the young`(kind: QueueKind) throws {
        let queue = try kind.open(folder, segmentBytesMax: 1)
        for number in 0..<5 {
            let time = now + Int64(number) * hour
            _ = try queue.append([.make("\(number)", time: time)], nowMilliseconds: time)
        }
        let policy = RetentionPolicy(ageMillisecondsMax: 2 * hour)
        let result = try queue.prune(policy, nowMilliseconds: now + 4 * hour)
        #expect(result.events == 3)
        #expect(try queue.ids() == ["3", "4"])
    }

    @Test(arguments: QueueKind.allCases)
    func `retention by bytes removes the oldest`(kind: QueueKind) throws {
        let queue = try kind.open(folder, segmentBytesMax: 1)
        let body = "\"" + String(repeating: "x", count: 50_000) + "\""
        for number in 0..<40 {
            _ = try queue.append([.make("\(number)", body: body)], nowMilliseconds: now)
        }
        let policy = RetentionPolicy(bytesMax: 1_000_000)
        let result = try queue.prune(policy, nowMilliseconds: now)
        let left = try queue.ids()
        #expect(left.count < 22)
        #expect(left.count > 4)
        #expect(left.last == "39")
        #expect(result.events == 40 - left.count)
        #expect(try queue.stats(nowMilliseconds: now).bytes <= 1_100_000)
    }

    @Test(arguments: QueueKind.allCases)
    func `acknowledged events go first, and only when old enough`(kind: QueueKind) throws {
        let queue = try kind.open(folder, segmentBytesMax: 1)
        try queue.appendEach(["a", "b", "c"])
        let leased = try queue.lease(count: 2, durationMilliseconds: 1000, nowMilliseconds: now)
        _ = try queue.ack(leased.map(\.lease), nowMilliseconds: now)
        let policy = RetentionPolicy(doneAgeMillisecondsMax: hour)
        #expect(try queue.prune(policy, nowMilliseconds: now + hour - 1).events == 0)
        #expect(try queue.prune(policy, nowMilliseconds: now + hour).events == 2)
        #expect(try queue.ids() == ["c"])
    }
}
