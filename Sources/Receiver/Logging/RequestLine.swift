import JSON
import Webhooks

/// An integration's name as lines of requests hold it, written out once.
final class LoggedName: Sendable {
    let name: String
    /// ` integration=NAME status=`.
    let text: [UInt8]
    /// `","integration":"NAME"`, from the end of the identifier before it.
    let json: [UInt8]

    init(_ name: String) {
        self.name = name
        var text: [UInt8] = []
        text.append(expecting: 64) { LogRecord.write("integration", name, to: &$0) }
        self.text = text
        var json: [UInt8] = []
        json.append(expecting: 64) { out in
            out.raw("\",\"integration\":")
            out.string(name)
        }
        self.json = json
    }
}

/// A time written out, kept for the next line of the same millisecond.
struct LogStamp {
    private var milliseconds = Int64.min
    private(set) var bytes: [UInt8] = []

    /// `2026-01-31T12:00:00.123Z`.
    mutating func update(_ milliseconds: Int64) {
        if milliseconds == self.milliseconds { return }
        self.milliseconds = milliseconds
        bytes.removeAll(keepingCapacity: true)
        TimeText.appendISO8601(milliseconds, to: &bytes)
    }
}

/// What the log says of an accepted request. There is one a request, so that it is appended without a
/// record in between; it looks as a record of `fields` would.
struct RequestLine {
    let entry: RecentRequests.Entry
    let name: LoggedName

    /// The same as a record, for the journal.
    func record(_ level: LogLevel) -> LogRecord {
        var fields = [("request", entry.identifier), ("integration", name.name)]
        if let account = entry.account { fields.append(("account", account)) }
        if !entry.reason.isEmpty { fields.append(("reason", entry.reason)) }
        fields.append(("status", String(entry.status)))
        return LogRecord(
            level: level, message: entry.outcome.rawValue,
            fields: fields.map { (key: $0.0, value: $0.1) },
            timeMilliseconds: entry.timeMilliseconds)
    }

    /// Appends the line, its line break included.
    func append(
        to bytes: inout [UInt8], _ level: LogLevel, _ format: LogFormat, _ stamp: inout LogStamp
    ) {
        stamp.update(entry.timeMilliseconds)
        let stamp = stamp.bytes.span
        bytes.append(expecting: 160 + name.text.count) { out in
            if format == .json { return writeJSON(to: &out, level, stamp) }
            LogRecord.writeStart(format, level, stamp, to: &out)
            writeText(to: &out)
        }
    }

    private func writeText(to out: inout TextOutput) {
        out.raw(text: entry.outcome.rawValue)
        // An identifier is 13 plain characters (`RequestIdentifiers`).
        out.raw(" request=")
        out.raw(text: entry.identifier)
        let integration = name.text
        out.raw(integration.span)
        if let account = entry.account { LogRecord.write("account", account, to: &out) }
        if !entry.reason.isEmpty { LogRecord.write("reason", entry.reason, to: &out) }
        out.raw(" status=")
        // Three digits (RFC 9110 §15).
        out.digits(UInt64(max(0, entry.status)), 3)
        out.byte("\n")
    }

    private func writeJSON(to out: inout TextOutput, _ level: LogLevel, _ stamp: Span<UInt8>) {
        out.raw("{\"time\":\"")
        out.raw(stamp)
        out.raw("\",\"level\":\"")
        out.raw(text: level.rawValue)
        out.raw("\",\"message\":\"")
        out.raw(text: entry.outcome.rawValue)
        out.raw("\",\"request\":\"")
        out.raw(text: entry.identifier)
        let integration = name.json
        out.raw(integration.span)
        if let account = entry.account {
            out.raw(",\"account\":")
            out.string(account)
        }
        if !entry.reason.isEmpty {
            out.raw(",\"reason\":")
            out.string(entry.reason)
        }
        out.raw(",\"status\":\"")
        out.digits(UInt64(max(0, entry.status)), 3)
        out.raw("\"}\n")
    }
}
