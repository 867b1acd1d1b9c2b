import Glibc

/// The signals that steer the server, taken by one thread with `sigtimedwait`.
enum Signals {
    enum Received {
        /// SIGTERM or SIGINT.
        case stop
        /// SIGHUP.
        case reload
        /// Nothing within the time.
        case none
    }

    /// Blocks them in this thread and all that it starts later; a write to a closed pipe, or
    /// beyond the limit on the size of files, is an error, not the end.
    static func block() {
        // unsafe: fills and reads the set given.
        var set = waited
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        _ = signal(SIGPIPE, SIG_IGN)
        // A write beyond RLIMIT_FSIZE then fails with EFBIG (setrlimit(2)).
        _ = signal(SIGXFSZ, SIG_IGN)
    }

    /// Waits for one, at most so long.
    static func wait(milliseconds: Int) -> Received {
        // unsafe: reads the set and the time given.
        var set = waited
        var time = timespec(
            tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
        switch unsafe sigtimedwait(&set, nil, &time) {
        case SIGTERM, SIGINT: return .stop
        case SIGHUP: return .reload
        default: return .none
        }
    }

    private static var waited: sigset_t {
        var set = sigset_t()
        // unsafe: fills the set given.
        unsafe sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { unsafe sigaddset(&set, number) }
        return set
    }
}
