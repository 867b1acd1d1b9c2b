import Synchronization

/// Copies a long write-ahead log into the database on a thread of its own.
///
/// A checkpoint of many pages takes longer than a commit may. This thread copies nearly all of them
/// while commits go on. Because they go on, it never reaches the log's end, and a log that is never
/// copied whole grows for ever: so once it is done the committing thread copies the little rest.
final class SQLiteCheckpointer: Sendable {
    private struct State {
        var isRunning = false
        var isDone = false
        var isStopping = false
    }

    private let state = Mutex(State())
    private let signal = Semaphore()
    private let thread = Mutex<WorkerThread?>(nil)

    init(path: String, busyTimeoutMilliseconds: Int32) throws(QueueError) {
        let worker = try WorkerThread("checkpoint") { [self] in
            run(path: path, busyTimeoutMilliseconds: busyTimeoutMilliseconds)
        }
        thread.withLock { $0 = worker }
    }

    /// Told after every commit; true when the caller should copy the rest itself.
    func shouldFinish(logIsLong: Bool) -> Bool {
        let (finish, start) = state.withLock { state -> (Bool, Bool) in
            if state.isDone {
                state.isDone = false
                return (true, false)
            }
            guard logIsLong, !state.isRunning else { return (false, false) }
            state.isRunning = true
            return (false, true)
        }
        if start { signal.signal() }
        return finish
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
                try connection?.checkpoint()
            } catch {
                // The log keeps everything; the next long log tries again with a new connection.
                connection = nil
            }
            state.withLock { state in
                state.isRunning = false
                state.isDone = true
            }
        }
    }
}
