import JSON
import Webhooks

/// Prints what became of captures, and counts them.
final class ReplayReport {
    private let terminal: Terminal
    private let isJSON: Bool
    private let progress: ProgressLine
    private var total = 0
    private var counts: [(name: String, count: Int)] = []
    private var changed = 0
    private(set) var isWrong = false

    init(terminal: Terminal, json: Bool) {
        self.terminal = terminal
        isJSON = json
        progress = ProgressLine(terminal: terminal)
    }

    /// A capture that could not be read.
    func add(unreadable failure: CaptureFailure) {
        count("unreadable")
        isWrong = true
        terminal.error(failure.description)
    }

    /// A capture's result, what differs (nil: nothing to compare with), and what was done with it.
    func add(_ result: ReplayResult, changes: [String]?, action: Action?) {
        count(result.isUndecidable ? "undecided" : result.outcome.name)
        if changes?.isEmpty == false { changed += 1 }
        if !result.outcome.isGood || action?.isDone == false { isWrong = true }
        if isJSON { printJSON(result, changes, action) } else { printText(result, changes, action) }
        progress.update { self.summary }
    }

    /// What `--store` or `--to` did.
    struct Action {
        /// `stored`, `duplicate`, `sent`, `not sent`.
        let name: String
        let detail: String
        let isDone: Bool
    }

    private func count(_ name: String) {
        total += 1
        if let index = counts.firstIndex(where: { $0.name == name }) {
            counts[index].count += 1
        } else {
            counts.append((name, 1))
        }
    }

    private var summary: String {
        var text = "\(total) request\(total == 1 ? "" : "s")"
        if !counts.isEmpty {
            text += ": " + counts.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
        }
        if changed > 0 { text += "; \(changed) would change" }
        return text
    }

    /// The last line: on standard output for people, on standard error beside JSON.
    func finish() {
        progress.clear()
        if isJSON { terminal.errorLine(summary) } else { terminal.print(summary) }
    }

    private func printText(_ result: ReplayResult, _ changes: [String]?, _ action: Action?) {
        let capture = result.capture
        let time = capture.receivedAtMilliseconds.map { "  " + TimeText.iso8601($0) } ?? ""
        var lines = ["\(capture.origin)  \(capture.method) \(capture.target)\(time)"]
        for entry in result.trace.entries {
            let stage = entry.stage.rawValue
            let pad = String(repeating: " ", count: max(0, 24 - stage.utf8.count))
            lines.append("  \(stage)\(pad)\(entry.outcome.rawValue): \(entry.detail)")
            if entry.stage == .signatureVerification, entry.outcome != .skipped {
                lines += result.explanation.map { "      \($0)" }
            }
        }
        for event in result.delivery?.events ?? [] {
            lines.append("  event                   \(event.type) \(event.id)")
        }
        var end = "  → \(result.outcome.text)"
        if result.isUndecidable {
            let names = result.missing.joined(separator: ", ")
            end += "; undecided: the capture does not hold \(names)"
        }
        if let changes { end += changes.isEmpty ? "; as before" : "" }
        lines.append(end)
        for change in changes ?? [] { lines.append("  ! \(change)") }
        if let action { lines.append("  \(action.name): \(action.detail)") }
        if result.capture.isIncomplete {
            lines.append("  ! the capture does not hold the whole body")
        }
        for line in lines { terminal.print(Table.plain(line)) }
    }

    private func printJSON(_ result: ReplayResult, _ changes: [String]?, _ action: Action?) {
        let capture = result.capture
        var object: JSONObject = [
            "origin": .string(capture.origin), "method": .string(capture.method),
            "target": .string(capture.target),
            "received_at": capture.receivedAtMilliseconds.map { .string(TimeText.iso8601($0)) }
                ?? .null,
            "integration": result.integration.map(JSONValue.string) ?? .null,
            "account": result.account.map(JSONValue.string) ?? .null,
            "outcome": .string(result.outcome.name),
            "reason": result.outcome.reason.map(JSONValue.string) ?? .null,
            "undecided": .bool(result.isUndecidable), "incomplete": .bool(capture.isIncomplete),
        ]
        object["stages"] = .array(
            result.trace.entries.map { entry in
                [
                    "stage": .string(entry.stage.rawValue),
                    "outcome": .string(entry.outcome.rawValue), "detail": .string(entry.detail),
                ]
            })
        object["signature"] = .array(result.explanation.map(JSONValue.string))
        object["events"] = .array(
            (result.delivery?.events ?? []).compactMap { try? JSONValue(parsing: $0.cloudEvent) })
        if let changes { object["changes"] = .array(changes.map(JSONValue.string)) }
        if let action {
            object["action"] = [
                "name": .string(action.name), "detail": .string(action.detail),
                "done": .bool(action.isDone),
            ]
        }
        terminal.print(JSONValue.object(object).jsonString)
    }
}
