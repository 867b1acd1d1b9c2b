import Foundation

/// What a server writes to its log, for whoever waits for a line.
final class LogCollector: @unchecked Sendable {
    // Sendable: everything is behind the condition's lock.
    private let condition = NSCondition()
    private var text = ""

    func add(_ more: String) {
        condition.lock()
        text += more
        condition.broadcast()
        condition.unlock()
    }

    func contains(_ part: String) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        return text.contains(part)
    }

    /// The first whole line that holds all texts; nil when none comes for 20 seconds.
    func line(_ texts: [String]) -> String? {
        condition.lock()
        defer { condition.unlock() }
        let patience = Date(timeIntervalSinceNow: 20)
        while true {
            let whole = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            if let line = whole.first(where: { line in texts.allSatisfy { line.contains($0) } }) {
                return String(line)
            }
            guard condition.wait(until: patience) else { return nil }
        }
    }
}
