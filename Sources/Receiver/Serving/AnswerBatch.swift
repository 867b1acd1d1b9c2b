import HTTPServer
import Synchronization

/// Requests that a commit finished, handed to their loops with one wake-up a loop.
final class AnswerBatch: Sendable {
    private let waiting = Mutex<[any LoopTask]>([])

    func add(_ answer: any LoopTask) {
        waiting.withLock { $0.append(answer) }
    }

    /// Hands over what has collected.
    func flush() {
        var ready: [any LoopTask] = []
        waiting.withLock { swap(&$0, &ready) }
        if !ready.isEmpty { HTTPExchange.perform(consume ready) }
    }
}
