import Glibc

/// Waiting for time to pass.
enum SystemWait {
    /// Waits; a signal may cut it short.
    static func milliseconds(_ count: Int32) {
        _ = poll(nil, 0, count)
    }
}
