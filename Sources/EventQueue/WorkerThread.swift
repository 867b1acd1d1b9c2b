import CLinux
import Glibc
import Synchronization

/// A counting semaphore: the only thing a worker thread of this module waits on.
///
/// `sem_post` makes a system call only when somebody waits.
@safe
final class Semaphore: @unchecked Sendable {
    // Unchecked: a `sem_t` is made to be shared by threads; its address never changes.
    private let handle: UnsafeMutablePointer<sem_t>

    init() {
        unsafe handle = .allocate(capacity: 1)
        // Fails only for a value above SEM_VALUE_MAX.
        unsafe sem_init(handle, 0, 0)
    }

    deinit {
        unsafe sem_destroy(handle)
        unsafe handle.deallocate()
    }

    /// Lets one waiter go on.
    func signal() {
        // Fails only beyond SEM_VALUE_MAX signals that nobody waited for.
        unsafe sem_post(handle)
    }

    /// Waits for a signal, at most so long. A signal that comes later stays for the next to wait.
    /// - Returns: false when none came.
    @discardableResult
    func wait(nanoseconds: UInt64) -> Bool {
        var end = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &end)
        let all = UInt64(end.tv_nsec) &+ nanoseconds
        end.tv_sec += Int(all / 1_000_000_000)
        end.tv_nsec = Int(all % 1_000_000_000)
        while unsafe sem_clockwait(handle, CLOCK_MONOTONIC, &end) != 0 {
            if errno != EINTR { return false }
        }
        return true
    }

    /// Waits for a signal.
    func wait() {
        // EINTR is the only failure of a valid semaphore.
        while unsafe sem_wait(handle) != 0 {}
    }
}

/// A thread that runs one closure, and is joined by its owner.
final class WorkerThread: Sendable {
    private final class Body {
        let name: String
        let turnNanoseconds: UInt64
        let run: @Sendable () -> Void
        init(_ name: String, _ turnNanoseconds: UInt64, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.turnNanoseconds = turnNanoseconds
            self.run = run
        }
    }

    private let thread: Mutex<pthread_t?>

    /// Starts the thread; tools such as `top -H` show the first 15 bytes of its name.
    ///
    /// - Parameter turnNanoseconds: how long it is to run in one go: the shorter, the sooner it runs once
    ///   something woke it. 0 leaves that to the system; Linux takes 100,000 to 100,000,000, since 6.12.
    init(
        _ name: String, turnNanoseconds: UInt64 = 0, _ run: @escaping @Sendable () -> Void
    ) throws(QueueError) {
        let body = unsafe Unmanaged.passRetained(Body(name, turnNanoseconds, run: run))
        var thread = pthread_t()
        // The start routine takes back the reference that was passed in.
        let result = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                // Signals belong to the thread that reads the signalfd.
                var all = sigset_t()
                unsafe sigfillset(&all)
                unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
                unsafe postern_set_thread_name(String(body.name.prefix(15)))
                // A loop that stays on its processor may have started it.
                postern_run_anywhere()
                if body.turnNanoseconds > 0 {
                    _ = postern_take_short_turns(body.turnNanoseconds)
                }
                body.run()
                return nil
            }, body.toOpaque())
        guard result == 0 else {
            unsafe body.release()
            throw QueueError(.system, "start of thread", .system(result))
        }
        self.thread = Mutex(thread)
    }

    /// Waits for the end of the closure. Later calls return at once.
    func join() {
        let thread = self.thread.withLock { (thread) -> pthread_t? in
            defer { thread = nil }
            return thread
        }
        if let thread { pthread_join(thread, nil) }
    }
}
