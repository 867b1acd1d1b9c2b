/// Something wrong, or doubtful, in the configuration: where, what, and what would be right.
package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Severity: String, Sendable {
        case error
        case warning
    }

    /// The file as it was named; empty when the problem lies in no file.
    package var file: String
    /// Where in the file; nil for the file as a whole.
    package var mark: SourceMark?
    /// The keys that lead there: `limits.body_bytes_max`, `queues[1].path`; empty at the top.
    package var keyPath: String
    /// What is wrong; what would be right.
    package var message: String
    package var severity: Severity

    package init(
        file: String = "", mark: SourceMark? = nil, keyPath: String = "", message: String,
        severity: Severity = .error
    ) {
        self.file = file
        self.mark = mark
        self.keyPath = keyPath
        self.message = message
        self.severity = severity
    }

    /// `postern.yaml:3:19: limits.body_bytes_max: "1MB" is not a size; write 1MiB (…)`.
    package var description: String {
        var text = file
        if let mark {
            text += "\(text.isEmpty ? "" : ":")\(mark.line):\(mark.column)"
        }
        if !text.isEmpty { text += ": " }
        if severity == .warning { text += "warning: " }
        if !keyPath.isEmpty { text += "\(keyPath): " }
        return text + message
    }

    /// `limits` + `body` → `limits.body`; `queues` + 1 → `queues[1]`.
    package static func join(_ path: String, _ component: String) -> String {
        if !component.isEmpty, component.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
            return "\(path)[\(component)]"
        }
        return path.isEmpty ? component : "\(path).\(component)"
    }
}
