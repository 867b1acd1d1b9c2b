internal import CLinux

/// The machine's processors.
package enum Processors {
    /// Numbers of those that this thread may run on (sched_getaffinity(2)): systemd's `CPUAffinity`,
    /// `taskset` and containers leave fewer than are there. Empty when the system does not say.
    package static var allowed: [Int32] {
        // unsafe: the function writes no more numbers than there is room for.
        unsafe Array(unsafeUninitializedCapacity: 1024) { numbers, count in
            let found = unsafe postern_allowed_processors(
                numbers.baseAddress, Int32(numbers.count))
            count = Int(max(0, found))
        }
    }

    /// Keeps the calling thread on one of them.
    /// - Returns: false when the system refuses it; the thread then runs wherever it did.
    @discardableResult
    package static func stay(on processor: Int32) -> Bool { postern_stay_on(processor) == 0 }
}
