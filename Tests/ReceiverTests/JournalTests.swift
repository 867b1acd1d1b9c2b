import Foundation
import Testing

@testable import Receiver

/// Records for systemd's journal.
struct JournalTests {
    @Test func `a record goes to the journal with fields of their own`() throws {
        let record = LogRecord(
            level: .warning, message: "refused",
            fields: [("request", "abc"), ("key-path", "a\nPRIORITY=0")], timeMilliseconds: 0)
        var rest = Journal.datagram(record)[...]
        var fields: [String: String] = [:]
        while let end = rest.firstIndex(of: 0x0A) {
            let name = String(decoding: rest[..<end], as: UTF8.self)
            let start = end + 9
            let length = rest[(end + 1)..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
            fields[name] = String(decoding: rest[start..<(start + length)], as: UTF8.self)
            rest = rest[(start + length + 1)...]
        }
        #expect(fields["PRIORITY"] == "4")
        #expect(fields["POSTERN_REQUEST"] == "abc")
        // A line break of request data begins no field of its own.
        #expect(fields["POSTERN_KEY_PATH"] == "a\nPRIORITY=0")
        #expect(fields["MESSAGE"]?.hasPrefix("refused request=abc") == true)
        #expect(fields.count == 5)
    }

    @Test func `without a journal the line goes to standard error`() {
        #expect(Journal(path: "/nonexistent/socket") == nil)
    }
}
