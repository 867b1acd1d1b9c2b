internal import CLinux
import Glibc

/// Every system call of the server: EINTR and -1 are dealt with here and nowhere else.
enum SystemCalls {
    /// What a read or a write came to.
    enum Transfer: Equatable {
        case bytes(Int)
        case wouldBlock
        /// The peer is gone: reset, closed or unreachable.
        case failed(Int32)
    }

    /// Repeats `body` while it is interrupted.
    private static func retry(_ body: () -> Int) -> (result: Int, code: Int32) {
        while true {
            let result = body()
            let code = errno
            if result != -1 || code != EINTR { return (result, code) }
        }
    }

    private static func transfer(_ body: () -> Int) -> Transfer {
        let (result, code) = retry(body)
        if result >= 0 { return .bytes(result) }
        return code == EAGAIN || code == EWOULDBLOCK ? .wouldBlock : .failed(code)
    }

    static func receive(_ fd: Int32, into buffer: inout [UInt8]) -> Transfer {
        unsafe buffer.withUnsafeMutableBytes { bytes in
            transfer { unsafe recv(fd, bytes.baseAddress, bytes.count, 0) }
        }
    }

    /// Sends `buffer[start...]` without raising SIGPIPE.
    static func send(_ fd: Int32, _ buffer: [UInt8], from start: Int) -> Transfer {
        unsafe buffer.withUnsafeBytes { bytes in
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[start...])
            return transfer {
                unsafe CLinux.send(fd, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
        }
    }

    static func close(_ fd: Int32) { _ = CLinux.close(fd) }

    static func shutdownWrite(_ fd: Int32) { _ = CLinux.shutdown(fd, Int32(SHUT_WR)) }

    // MARK: epoll and eventfd

    static func makeEpoll() throws(SystemError) -> Int32 {
        let fd = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard fd >= 0 else { throw SystemError("epoll_create1", errno) }
        return fd
    }

    static func makeEventDescriptor() throws(SystemError) -> Int32 {
        let fd = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        guard fd >= 0 else { throw SystemError("eventfd", errno) }
        return fd
    }

    static func wake(_ fd: Int32) {
        var one: UInt64 = 1
        unsafe withUnsafeBytes(of: &one) { bytes in
            _ = retry { unsafe CLinux.write(fd, bytes.baseAddress, 8) }
        }
    }

    static func drainEvent(_ fd: Int32) {
        var count: UInt64 = 0
        unsafe withUnsafeMutableBytes(of: &count) { bytes in
            _ = retry { unsafe CLinux.read(fd, bytes.baseAddress, 8) }
        }
    }

    /// Adds, changes or (with no events) removes what is watched.
    static func watch(
        _ epoll: Int32, _ fd: Int32, events: UInt32, token: UInt64, isNew: Bool
    ) throws(SystemError) {
        var event = unsafe epoll_event()
        unsafe event.events = events
        unsafe event.data.u64 = token
        let operation = isNew ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD
        guard unsafe epoll_ctl(epoll, operation, fd, &event) == 0 else {
            throw SystemError("epoll_ctl", errno)
        }
    }

    /// Fills `events`; gives their number, 0 after a timeout or an interruption.
    static func wait(_ epoll: Int32, _ events: inout [epoll_event], milliseconds: Int32) -> Int {
        let capacity = unsafe Int32(truncatingIfNeeded: events.count)
        let count = unsafe events.withUnsafeMutableBufferPointer {
            unsafe epoll_wait(epoll, $0.baseAddress, capacity, milliseconds)
        }
        return max(0, Int(count))
    }

    // MARK: Time and threads

    /// Nanoseconds of the monotonic clock.
    static func monotonicNanoseconds() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    /// Starts a thread of its own name and stack; joined by `join`.
    static func startThread(
        name: String, stackBytes: Int, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) -> pthread_t {
        final class Body: Sendable {
            let name: String
            let run: @Sendable () -> Void
            init(_ name: String, _ run: @escaping @Sendable () -> Void) {
                self.name = name
                self.run = run
            }
        }
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setstacksize(&attributes, stackBytes)
        var thread = pthread_t()
        let box = unsafe Unmanaged.passRetained(Body(name, body))
        let code = unsafe pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                unsafe postern_set_thread_name(body.name)
                body.run()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            unsafe box.release()
            throw SystemError("pthread_create", code)
        }
        return thread
    }

    static func join(_ thread: pthread_t) { _ = pthread_join(thread, nil) }
}
