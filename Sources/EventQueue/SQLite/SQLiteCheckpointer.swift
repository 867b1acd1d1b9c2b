import Synchronization

/// Copies the write-ahead log into the database on a thread of its own, as `CheckpointPlan` says.
final class SQLiteCheckpointer: Sendable {
    private struct State {
        var plan: CheckpointPlan
        var failure: QueueError?
        var isStopping = false
    }

    private let kept: KeptLog
    private let state: Mutex<State>
    private let signal = Semaphore()
    private let thread = Mutex<WorkerThread?>(nil)

    /// - Parameter longPages: the log's length at which it is to begin anew.
    init(path: String, longPages: Int, busyTimeoutMilliseconds: Int32) throws(QueueError) {
        kept = KeptLog(path: path)
        state = Mutex(State(plan: CheckpointPlan(longPages: longPages)))
        let worker = try WorkerThread("checkpoint") { [self] in
            run(path: path, busyTimeoutMilliseconds: busyTimeoutMilliseconds)
        }
        thread.withLock { $0 = worker }
    }

    /// Told after every commit; true when the caller should copy what is left.
    /// - Parameter pages: the log's length.
    func shouldFinish(pages: Int) -> Bool {
        let step = state.withLock { state -> CheckpointPlan.Step in
            state.failure == nil ? state.plan.committed(pages: pages) : .none
        }
        switch step {
        case .none: return false
        case .finish: return true
        case .copy:
            signal.signal()
            return false
        }
    }

    /// Set once the log is to be kept whole (`KeptLog`): it grows from then on, and nothing is copied.
    var failure: QueueError? { state.withLock { $0.failure } }

    /// Notes what kept the log from being copied; other failures than of a sync may pass.
    func note(_ error: QueueError) {
        guard error == SQLiteConnection.failedSync else { return }
        state.withLock { $0.failure = error }
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
            var copied: Int?
            do throws(QueueError) {
                // Another process has noted it.
                if kept.isKept { throw SQLiteConnection.failedSync }
                if connection == nil {
                    connection = try SQLiteConnection(
                        path: path, mode: .existing,
                        busyTimeoutMilliseconds: busyTimeoutMilliseconds)
                }
                copied = try connection?.copyLog()
            } catch {
                note(error)
                if failure != nil {
                    kept.keep()
                    connection?.keepLog()
                }
                // The log keeps everything; should it pass, the next copy has a new connection.
                connection = nil
            }
            state.withLock { $0.plan.copied(pages: copied) }
        }
    }
}
