import Glibc

/// What the fuzz drivers ask of the system. `unsafe`: C takes and fills its arguments by pointer.
enum FuzzSystem {
    /// Processor time of the calling thread.
    static var threadNanoseconds: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    /// Writes the case that is about to run, so that a crash leaves it behind.
    static func keep(_ bytes: [UInt8], in file: String) {
        let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard descriptor >= 0 else { return }
        _ = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
    }
}
