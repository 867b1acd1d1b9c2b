import Foundation

/// What a server writes to its log, for whoever waits for a line.
final class LogCollector: @unchecked Sendable {
    // Sendable: everything is behind the condition's lock.
    private let condition = NSCondition()
    private var text = ""
    /// Lines that `nextLine` has passed.
    private var passed = 0

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
    func line(_ texts: [String]) -> String? { find(texts, from: 0)?.line }

    /// The first one after the last that this has given.
    func nextLine(_ text: String) -> String? {
        guard let found = find([text], from: passed) else { return nil }
        passed = found.place + 1
        return found.line
    }

    private func find(_ texts: [String], from start: Int) -> (place: Int, line: String)? {
        condition.lock()
        defer { condition.unlock() }
        let patience = Date(timeIntervalSinceNow: 20)
        while true {
            let whole = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            let place = whole.dropFirst(start).firstIndex { line in
                texts.allSatisfy { line.contains($0) }
            }
            if let place { return (place, String(whole[place])) }
            guard condition.wait(until: patience) else { return nil }
        }
    }
}
