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

    private var rank: Int {
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

    /// The line, its line break included. Line breaks and control characters in values are escaped, so
    /// that request data cannot write lines of its own.
    package func line(_ format: LogFormat) -> String {
        switch format {
        case .json: return jsonLine
        case .text: return "\(Timestamp.text(timeMilliseconds)) \(level.rawValue) \(text)\n"
        case .journal: return "<\(level.priority)>\(text)\n"
        }
    }

    /// The message and its fields, as one line.
    var text: String {
        var line =
            Self.isPlain(message) || !message.utf8.contains(where: { $0 < 0x20 })
            ? message : Self.quoted(message)
        for (key, value) in fields {
            line += " \(key)=" + (Self.isPlain(value) ? value : Self.quoted(value))
        }
        return line
    }

    private var jsonLine: String {
        var object: JSONObject = [
            "time": .string(Timestamp.text(timeMilliseconds)),
            "level": .string(level.rawValue), "message": .string(message),
        ]
        for (key, value) in fields { object[key] = .string(value) }
        return JSONValue.object(object).jsonString + "\n"
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") && $0 != 0x7F
            }
    }

    private static func quoted(_ text: String) -> String { JSONValue.string(text).jsonString }
}
