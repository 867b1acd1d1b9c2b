import HTTPServer
import Synchronization

/// Answers that a commit finished, sent with one wake-up a loop.
package final class AnswerBatch: Sendable {
    private let waiting = Mutex<[(HTTPExchange, HTTPResponse)]>([])

    package init() {}

    func add(_ exchange: HTTPExchange, _ response: HTTPResponse) {
        waiting.withLock { $0.append((exchange, response)) }
    }

    /// Sends what has collected.
    package func flush() {
        let ready = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        if !ready.isEmpty { HTTPExchange.respond(ready) }
    }
}
