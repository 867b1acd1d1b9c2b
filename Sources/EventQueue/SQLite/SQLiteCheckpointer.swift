import Synchronization

/// Copies the write-ahead log into the database on a thread of its own, as `CheckpointPlan` says.
final class SQLiteCheckpointer: Sendable {
    private struct State {
        var plan: CheckpointPlan
        var isStopping = false
    }

    private let state: Mutex<State>
    private let signal = Semaphore()
    private let thread = Mutex<WorkerThread?>(nil)

    /// - Parameter longPages: the log's length at which it is to begin anew.
    init(path: String, longPages: Int, busyTimeoutMilliseconds: Int32) throws(QueueError) {
        state = Mutex(State(plan: CheckpointPlan(longPages: longPages)))
        let worker = try WorkerThread("checkpoint") { [self] in
            run(path: path, busyTimeoutMilliseconds: busyTimeoutMilliseconds)
        }
        thread.withLock { $0 = worker }
    }

    /// Told after every commit; true when the caller should copy what is left.
    /// - Parameter pages: the log's length.
    func shouldFinish(pages: Int) -> Bool {
        switch state.withLock({ $0.plan.committed(pages: pages) }) {
        case .none: return false
        case .finish: return true
        case .copy:
            signal.signal()
            return false
        }
    }

    /// Ends the thread.
    func stop() {
        state.withLock { $0.isStopping = true }
        signal.signal()
        thread.withLock { $0 }?.join()
    }

    private func run(path: String, busyTimeoutMilliseconds: Int32) {
        var connection: SQLiteConnection?
        while true {
            signal.wait()
            if state.withLock({ $0.isStopping }) { return }
            do throws(QueueError) {
                if connection == nil {
                    connection = try SQLiteConnection(
                        path: path, mode: .existing,
                        busyTimeoutMilliseconds: busyTimeoutMilliseconds)
                }
                try connection?.copyLog()
            } catch {
                // The log keeps everything; the next copy tries again with a new connection.
                connection = nil
            }
            state.withLock { $0.plan.copied() }
        }
    }
}
