import Foundation
import JSON
import Testing

@testable import EventQueue

/// Lines of events whose parts hold newlines, and of names that take more room than was made for them.
@Suite struct EventLineBreakTests {
    /// Writes an event behind another and reads it again.
    private func roundTrip(_ event: QueuedEvent) throws -> (line: String, event: StoredEvent) {
        var bytes: [UInt8] = []
        let before = QueuedEvent(
            id: "before", integration: "x", account: nil, type: "t", timeMilliseconds: 1,
            document: Array("{\n}".utf8))
        _ = EventLine.append(before, sequence: 1, deduplicateUntil: nil, to: &bytes)
        let start = bytes.count
        let key = EventLine.append(event, sequence: 2, deduplicateUntil: 7, to: &bytes)
        let line = start..<bytes.count - 1
        #expect(bytes.last == 10)
        #expect(!bytes[line].contains(10), "a line is one line")
        let header = try #require(EventLine.header(bytes, line))
        #expect(header.key == key)
        #expect(header.sequence == 2 && header.deduplicateUntil == 7)
        // Another reader has to understand it.
        _ = try JSONSerialization.jsonObject(with: Data(bytes[line]))
        return (
            String(decoding: bytes[line], as: UTF8.self), EventLine.event(bytes, line, header)
        )
    }

    private static func event(
        _ document: String, _ request: String, name: String = "n", account: String? = nil
    ) -> QueuedEvent {
        QueuedEvent(
            id: name, integration: name, account: account, type: name, timeMilliseconds: 5,
            document: Array(document.utf8), request: Array(request.utf8))
    }

    private static let texts = [
        (#"{"a":1}"#, #"{"b":2}"#), (#"{"a":1}"#, "{\n\"b\": 2}"), (#"{"a":1}"#, "\n{\"b\":2}\n"),
        (#"{"a":1}"#, "\n\n{\n}\n\n"), ("{\"a\":\n1}", #"{"b":2}"#), ("{\n\"a\":1\n}", #"{"b":2}"#),
        ("{\n\n}\n", "{}"), ("{\"a\":1}\n", "\n{\"b\":2}"),
        ("{\n\"a\":1\n}\n", "\n{\n\"b\":2\n}\n"),
        ("{\n\"a\":1}", ""),
    ]

    @Test(arguments: texts)
    func `newlines come back where they were, in either part`(
        document: String, request: String
    ) throws {
        let event = Self.event(document, request)
        let (line, read) = try roundTrip(event)
        var expected: [UInt8] = []
        SequenceMember.splice(2, into: event.document, to: &expected)
        #expect(read.document == expected)
        #expect(read.request == event.request)
        #expect(line.contains("\"event_breaks\"") == document.contains("\n"))
        #expect(line.contains("\"request_breaks\"") == request.contains("\n"))
    }

    @Test func `a great many newlines come back`() throws {
        let newlines = String(repeating: "\n", count: 5000)
        let gap = newlines + String(repeating: " ", count: 100_000) + "\n"
        let event = Self.event("{\(gap)}", "{\(newlines)}")
        let (_, read) = try roundTrip(event)
        var expected: [UInt8] = []
        SequenceMember.splice(2, into: event.document, to: &expected)
        #expect(read.document == expected)
        #expect(read.request == event.request)
    }

    @Test(arguments: [1, 10, 63, 64, 65, 1000, 20_000])
    func `names of control characters find room, each six times its length`(count: Int) throws {
        let name = String(repeating: "\u{1}\n\u{1F}", count: count)
        let event = Self.event("{\n}", "{\n}", name: name, account: name)
        let (line, read) = try roundTrip(event)
        #expect(line.utf8.count > 4 * 14 * count)
        #expect(read.id == name && read.integration == name)
        #expect(read.account == name && read.type == name)
        var expected: [UInt8] = []
        SequenceMember.splice(2, into: event.document, to: &expected)
        #expect(read.document == expected)
        #expect(read.request == event.request)
        #expect(read.receivedAtMilliseconds == 5)
    }
}
