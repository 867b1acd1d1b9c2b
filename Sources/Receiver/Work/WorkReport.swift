import EventQueue
import JSON
import Synchronization
import Webhooks

/// Prints what a worker does: failures for people, a JSON object an event with `--json`, a progress line
/// on a terminal, and a summary at the end.
final class WorkReport: Sendable {
    private struct State {
        var done = 0
        var retried = 0
        var dead = 0
        var lost = 0
        /// The queue failed and has not worked since.
        var isFailing = false
        let terminal: Terminal
        let line: ProgressLine
    }

    private let state: Mutex<State>
    private let isJSON: Bool

    /// Writes to the process's own streams: a command's terminal belongs to its thread.
    init(json: Bool) {
        isJSON = json
        let terminal = Terminal()
        state = Mutex(State(terminal: terminal, line: ProgressLine(terminal: terminal)))
    }

    func add(_ handled: EventWorker.Handled) {
        state.withLock { state in
            state.isFailing = false
            let event = handled.event
            var object: JSONObject = [
                "sequence": .number(JSONNumber(Double(event.sequence))), "id": .string(event.id),
                "type": .string(event.type), "attempt": .number(JSONNumber(Double(event.attempts))),
                "milliseconds": .number(JSONNumber(Double(handled.milliseconds))),
            ]
            var text: String
            switch handled.result {
            case .done:
                state.done += 1
                text = "done"
            case .retry(let time):
                state.retried += 1
                text = "retry"
                object["retry_at"] = .string(TimeText.iso8601(time))
            case .dead:
                state.dead += 1
                text = "dead"
            case .lost:
                state.lost += 1
                text = "lost"
            }
            object["result"] = .string(text)
            object["error"] = handled.error.map(JSONValue.string)
            if isJSON {
                state.terminal.print(JSONValue.object(object).jsonString)
            } else if handled.result != .done {
                state.line.clear()
                text = "\(text): event \(event.sequence) (\(event.id)), attempt \(event.attempts)"
                if let error = handled.error { text += ": \(error)" }
                if let time = object["retry_at"]?.stringValue { text += "; again at \(time)" }
                state.terminal.errorLine(Table.plain(text))
            }
        }
    }

    func failed(_ error: QueueError) {
        state.withLock { state in
            // Said once, not at every try.
            if !state.isFailing { state.terminal.error("the queue failed: \(error); trying again") }
            state.isFailing = true
        }
    }

    var isWrong: Bool { state.withLock { $0.isFailing } }

    private static func summary(_ state: borrowing State) -> String {
        "\(state.done) done, \(state.retried) to be tried again, \(state.dead) dead, "
            + "\(state.lost) lost"
    }

    func progress() { state.withLock { state in state.line.update { Self.summary(state) } } }

    func finish() {
        state.withLock { state in
            state.line.clear()
            state.terminal.errorLine(Self.summary(state))
        }
    }
}
