/// Something wrong, or doubtful, in an integration's configuration.
package struct ConfigurationProblem: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Severity: String, Sendable {
        case error
        case warning
    }

    /// Members and array indexes from the top of the object, such as
    /// `["config", "webhook", "payload_transform"]`.
    package let keyPath: [String]
    package let message: String
    package let severity: Severity
    /// Where inside the text at the key path (an expression), in UTF-16 code units.
    package let position: Int?

    package init(
        keyPath: [String], message: String, severity: Severity, position: Int? = nil
    ) {
        self.keyPath = keyPath
        self.message = message
        self.severity = severity
        self.position = position
    }

    package var description: String {
        let path = keyPath.isEmpty ? "(top)" : keyPath.joined(separator: ".")
        let place = position.map { " (at character \($0))" } ?? ""
        return "\(severity.rawValue): \(path): \(message)\(place)"
    }
}
