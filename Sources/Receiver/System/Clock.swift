import Glibc

/// The only place that reads a clock.
package enum Clock {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    package static var nowMilliseconds: Int64 {
        let time = read(CLOCK_REALTIME)
        return Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000
    }

    /// Nanoseconds that only go forward.
    package static var monotonicNanoseconds: UInt64 {
        let time = read(CLOCK_MONOTONIC)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        // unsafe: fills the value given; these clocks exist on every Linux.
        unsafe clock_gettime(clock, &time)
        return time
    }
}
