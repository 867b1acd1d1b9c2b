import Glibc

/// How many files and connections the process may have open.
enum Descriptors {
    /// Raises the soft limit to the hard one: 1,024 is what most systems begin with, for programs that use
    /// select(2), and fewer than the connections that a server may have.
    ///
    /// - Returns: the limit from now on; nil when the system does not tell.
    @discardableResult
    static func raiseLimit() -> Int? {
        var limit = rlimit()
        // unsafe: C reads and fills the structure, which lives through the calls.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return nil
        }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = raised.rlim_max
            // A refusal leaves what was.
            if unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 {
                limit = raised
            }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
