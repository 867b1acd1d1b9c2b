import JSON

/// How log lines look.
package enum LogFormat: String, Sendable, CaseIterable {
    /// `2026-01-31T12:00:00.123Z info message key=value`.
    case text
    /// One JSON object a line.
    case json
    /// Fields of their own in systemd's journal; where none listens, text without a time, with the
    /// priority prefix of sd-daemon(3).
    case journal
}

/// How important a record is.
package enum LogLevel: String, Sendable, CaseIterable, Comparable {
    case debug
    case info
    case warning
    case error

    var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }

    /// syslog's severity (RFC 5424 §6.2.1).
    var priority: Int {
        switch self {
        case .debug: 7
        case .info: 6
        case .warning: 4
        case .error: 3
        }
    }
}

/// One line of the log.
package struct LogRecord: Sendable {
    package var level: LogLevel
    package var message: String
    package var fields: [(key: String, value: String)]
    package var timeMilliseconds: Int64

    package init(
        level: LogLevel, message: String, fields: [(key: String, value: String)],
        timeMilliseconds: Int64
    ) {
        self.level = level
        self.message = message
        self.fields = fields
        self.timeMilliseconds = timeMilliseconds
    }

    /// What it takes in memory, nearly.
    var byteCount: Int {
        fields.reduce(64 + message.utf8.count) { $0 + $1.key.utf8.count + $1.value.utf8.count + 32 }
    }

    /// The line, its line break included.
    package func line(_ format: LogFormat) -> String {
        var bytes: [UInt8] = []
        append(to: &bytes, format)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the line, its line break included. Line breaks and control characters in values are
    /// escaped, so that request data cannot write lines of its own.
    func append(to bytes: inout [UInt8], _ format: LogFormat) {
        var writer = JSONWriter()
        swap(&writer.bytes, &bytes)
        defer { swap(&writer.bytes, &bytes) }
        switch format {
        case .json: return appendJSON(to: &writer)
        case .text:
            Timestamp.append(timeMilliseconds, to: &writer.bytes)
            Self.append(level, to: &writer)
        case .journal: Self.appendPriority(level, to: &writer)
        }
        appendText(to: &writer)
        writer.raw("\n")
    }

    /// The level behind the time of a text line.
    static func append(_ level: LogLevel, to writer: inout JSONWriter) {
        writer.raw(" ")
        writer.raw(text: level.rawValue)
        writer.raw(" ")
    }

    /// `<6>`, by which journald knows the priority (sd-daemon(3)).
    static func appendPriority(_ level: LogLevel, to writer: inout JSONWriter) {
        writer.raw("<")
        writer.raw(text: String(level.priority))
        writer.raw(">")
    }

    /// The message and its fields, as one line.
    var text: String {
        var writer = JSONWriter()
        appendText(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func appendText(to writer: inout JSONWriter) {
        if message.utf8.contains(where: { $0 < 0x20 }) {
            writer.write(message)
        } else {
            writer.raw(text: message)
        }
        for (key, value) in fields { Self.append(key, value, to: &writer) }
    }

    /// ` key=value`, the value quoted where it is not plain.
    static func append(_ key: String, _ value: String, to writer: inout JSONWriter) {
        writer.raw(" ")
        writer.raw(text: key)
        writer.raw("=")
        if isPlain(value) { writer.raw(text: value) } else { writer.write(value) }
    }

    private func appendJSON(to writer: inout JSONWriter) {
        writer.raw("{\"time\":\"")
        Timestamp.append(timeMilliseconds, to: &writer.bytes)
        writer.raw("\",\"level\":\"")
        writer.raw(text: level.rawValue)
        writer.raw("\",\"message\":")
        writer.write(message)
        for (key, value) in fields {
            writer.raw(",")
            writer.write(key)
            writer.raw(":")
            writer.write(value)
        }
        writer.raw("}\n")
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") && $0 != 0x7F
            }
    }
}
