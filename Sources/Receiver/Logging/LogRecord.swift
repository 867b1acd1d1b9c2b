import JSON
import Webhooks

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
        bytes.append(expecting: byteCount) { out in
            if format == .json { return writeJSON(to: &out) }
            let time = TimeText.iso8601(timeMilliseconds)
            Self.writeStart(format, level, time.utf8.span, to: &out)
            writeText(to: &out)
            out.byte("\n")
        }
    }

    /// What stands before the message in formats that are no JSON.
    static func writeStart(
        _ format: LogFormat, _ level: LogLevel, _ time: Span<UInt8>, to out: inout TextOutput
    ) {
        if format == .text {
            out.raw(time)
            out.byte(" ")
            out.raw(text: level.rawValue)
            out.byte(" ")
        } else {
            // By which journald knows the priority (sd-daemon(3)).
            out.byte("<")
            out.number(Int64(level.priority))
            out.byte(">")
        }
    }

    /// The message and its fields, as one line.
    var text: String {
        var bytes: [UInt8] = []
        bytes.append(expecting: byteCount) { writeText(to: &$0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func writeText(to out: inout TextOutput) {
        if message.utf8.contains(where: { $0 < 0x20 }) {
            out.string(message)
        } else {
            out.raw(text: message)
        }
        for (key, value) in fields { Self.write(key, value, to: &out) }
    }

    /// ` key=value`, the value quoted where it is not plain.
    static func write(_ key: String, _ value: String, to out: inout TextOutput) {
        out.byte(" ")
        out.raw(text: key)
        out.byte("=")
        if isPlain(value) { out.raw(text: value) } else { out.string(value) }
    }

    private func writeJSON(to out: inout TextOutput) {
        out.raw("{\"time\":\"")
        out.raw(text: TimeText.iso8601(timeMilliseconds))
        out.raw("\",\"level\":\"")
        out.raw(text: level.rawValue)
        out.raw("\",\"message\":")
        out.string(message)
        for (key, value) in fields {
            out.byte(",")
            out.string(key)
            out.byte(":")
            out.string(value)
        }
        out.raw("}\n")
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") && $0 != 0x7F
            }
    }
}
