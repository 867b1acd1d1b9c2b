import CLinux
import Glibc
import Synchronization

/// A thread that runs jobs in order; a bounded number may wait.
package final class SerialWorker: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var isStopping = false
    }
    private let state = Mutex(State())
    private let semaphore = WaitingSemaphore()
    private let thread = Mutex<pthread_t?>(nil)
    private let waitingMax: Int

    package init(waitingMax: Int) { self.waitingMax = waitingMax }

    /// Starts the thread; false when the system gives none.
    package func start() -> Bool {
        final class Box: Sendable {
            let worker: SerialWorker
            init(_ worker: SerialWorker) { self.worker = worker }
        }
        // unsafe: the start routine takes back the reference that is passed in.
        let box = unsafe Unmanaged.passRetained(Box(self))
        var handle = pthread_t()
        let code = unsafe pthread_create(
            &handle, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                // A loop that stays on its processor may have started it.
                postern_run_anywhere()
                unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().worker.run()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            unsafe box.release()
            return false
        }
        thread.withLock { $0 = handle }
        return true
    }

    /// Adds a job; false when too many wait or the worker stops.
    package func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        let isAccepted = state.withLock { state in
            guard !state.isStopping, state.jobs.count < waitingMax else { return false }
            state.jobs.append(job)
            return true
        }
        if isAccepted { semaphore.signal() }
        return isAccepted
    }

    /// Runs what waits, then ends the thread. Idempotent.
    package func stop() {
        state.withLock { $0.isStopping = true }
        semaphore.signal()
        let handle = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        if let handle { pthread_join(handle, nil) }
    }

    private func run() {
        while true {
            semaphore.wait()
            let (jobs, isStopping) = state.withLock { state in
                defer { state.jobs = [] }
                return (state.jobs, state.isStopping)
            }
            for job in jobs { job() }
            if isStopping, jobs.isEmpty { return }
            if isStopping { semaphore.signal() }
        }
    }
}

/// A counting semaphore.
@safe final class WaitingSemaphore: @unchecked Sendable {
    // Sendable: a sem_t is made to be shared by threads; its address never changes.
    private let handle: UnsafeMutablePointer<sem_t>

    init() {
        // unsafe: owned memory, released in deinit.
        unsafe handle = .allocate(capacity: 1)
        unsafe sem_init(handle, 0, 0)
    }

    deinit {
        // unsafe: nobody waits on it any more.
        unsafe sem_destroy(handle)
        unsafe handle.deallocate()
    }

    func signal() {
        // unsafe: valid until deinit.
        unsafe sem_post(handle)
    }

    func wait() {
        // unsafe: valid until deinit; only EINTR makes it fail.
        while unsafe sem_wait(handle) != 0 {}
    }
}
