import JSON

/// An integration's name as lines of requests hold it, written out once.
struct LoggedName: Sendable {
    let name: String
    /// ` integration=NAME status=`.
    let text: [UInt8]
    /// `","integration":"NAME"`, from the end of the identifier before it.
    let json: [UInt8]

    init(_ name: String) {
        self.name = name
        var writer = JSONWriter()
        LogRecord.append("integration", name, to: &writer)
        text = writer.bytes
        writer = JSONWriter()
        writer.raw("\",\"integration\":")
        writer.write(name)
        json = writer.bytes
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
        Timestamp.append(milliseconds, to: &bytes)
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
        var writer = JSONWriter()
        swap(&writer.bytes, &bytes)
        defer { swap(&writer.bytes, &bytes) }
        stamp.update(entry.timeMilliseconds)
        switch format {
        case .json: return appendJSON(to: &writer, level, stamp)
        case .text:
            writer.raw(stamp.bytes[...])
            LogRecord.append(level, to: &writer)
        case .journal: LogRecord.appendPriority(level, to: &writer)
        }
        writer.raw(text: entry.outcome.rawValue)
        // An identifier is 13 plain characters (`RequestIdentifiers`).
        writer.raw(" request=")
        writer.raw(text: entry.identifier)
        writer.raw(name.text[...])
        if let account = entry.account { LogRecord.append("account", account, to: &writer) }
        if !entry.reason.isEmpty { LogRecord.append("reason", entry.reason, to: &writer) }
        writer.raw(" status=")
        appendStatus(to: &writer)
        writer.raw("\n")
    }

    private func appendJSON(to writer: inout JSONWriter, _ level: LogLevel, _ stamp: LogStamp) {
        writer.raw("{\"time\":\"")
        writer.raw(stamp.bytes[...])
        writer.raw("\",\"level\":\"")
        writer.raw(text: level.rawValue)
        writer.raw("\",\"message\":\"")
        writer.raw(text: entry.outcome.rawValue)
        writer.raw("\",\"request\":\"")
        writer.raw(text: entry.identifier)
        writer.raw(name.json[...])
        if let account = entry.account {
            writer.raw(",\"account\":")
            writer.write(account)
        }
        if !entry.reason.isEmpty {
            writer.raw(",\"reason\":")
            writer.write(entry.reason)
        }
        writer.raw(",\"status\":\"")
        appendStatus(to: &writer)
        writer.raw("\"}\n")
    }

    /// Three digits (RFC 9110 §15).
    private func appendStatus(to writer: inout JSONWriter) {
        for unit in [100, 10, 1] {
            writer.bytes.append(
                UInt8(ascii: "0") + UInt8(truncatingIfNeeded: entry.status / unit % 10))
        }
    }
}
