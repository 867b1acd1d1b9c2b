internal import CLinux
import Glibc

/// A system call that a test can make fail.
enum SystemCall: Sendable {
    case accept
    case receive
    case send
    case wait
    case watch
}

/// Every system call of the server: EINTR and -1 are dealt with here and nowhere else.
struct SystemCalls: Sendable {
    /// What a test wants instead of the call.
    enum Fault: Sendable, Equatable {
        /// It fails with this errno; EINTR is retried as the real one is.
        case error(Int32)
        /// It moves no more than this many bytes.
        case short(Int)
    }

    /// Asked before each of the calls above; nil outside of tests.
    var fault: (@Sendable (SystemCall) -> Fault?)?

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

    /// Repeats `body`, given how many bytes it may move, while it is interrupted.
    private func attempt(
        _ call: SystemCall, _ count: Int, _ body: (Int) -> Int
    ) -> (result: Int, code: Int32) {
        while true {
            var allowed = count
            switch fault?(call) {
            case .error(EINTR): continue
            case .error(let code): return (-1, code)
            case .short(let most): allowed = min(count, most)
            case nil: break
            }
            let result = body(allowed)
            let code = errno
            if result != -1 || code != EINTR { return (result, code) }
        }
    }

    private func transfer(_ call: SystemCall, _ count: Int, _ body: (Int) -> Int) -> Transfer {
        let (result, code) = attempt(call, count, body)
        if result >= 0 { return .bytes(result) }
        return code == EAGAIN || code == EWOULDBLOCK ? .wouldBlock : .failed(code)
    }

    func receive(_ fd: Int32, into buffer: inout [UInt8]) -> Transfer {
        // The kernel writes within the buffer's own bounds.
        unsafe buffer.withUnsafeMutableBytes { bytes in
            transfer(.receive, bytes.count) { unsafe recv(fd, bytes.baseAddress, $0, 0) }
        }
    }

    /// Sends `buffer[start...]` without raising SIGPIPE.
    func send(_ fd: Int32, _ buffer: [UInt8], from start: Int) -> Transfer {
        // The slice is checked against the buffer's bounds.
        unsafe buffer.withUnsafeBytes { bytes in
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[start...])
            return transfer(.send, rest.count) {
                unsafe CLinux.send(fd, rest.baseAddress, $0, Int32(MSG_NOSIGNAL))
            }
        }
    }

    /// Sends bytes without raising SIGPIPE.
    func send(_ fd: Int32, _ bytes: Span<UInt8>) -> Transfer {
        // The kernel reads within the span's own bounds.
        unsafe bytes.withUnsafeBytes { bytes in
            transfer(.send, bytes.count) {
                unsafe CLinux.send(fd, bytes.baseAddress, $0, Int32(MSG_NOSIGNAL))
            }
        }
    }

    /// A connection's descriptor, or -1 with errno.
    func accept(
        _ listener: Int32, _ address: inout sockaddr_storage
    ) -> (result: Int, code: Int32) {
        let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        return attempt(.accept, 0) { _ in
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            return Int(unsafe postern_accept4(listener, &address, &length, flags))
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

    /// What to do with a descriptor in an epoll set.
    enum Watch {
        case add
        /// Wakes one of the epoll sets that watch the same descriptor.
        case addExclusive
        case change
        case remove
    }

    func watch(
        _ epoll: Int32, _ fd: Int32, _ watch: Watch, events: UInt32, token: UInt64
    ) throws(SystemError) {
        var event = unsafe epoll_event()
        unsafe event.events = watch == .addExclusive ? events | EPOLLEXCLUSIVE.rawValue : events
        unsafe event.data.u64 = token
        let operation =
            switch watch {
            case .add, .addExclusive: EPOLL_CTL_ADD
            case .change: EPOLL_CTL_MOD
            case .remove: EPOLL_CTL_DEL
            }
        let (result, code) = attempt(.watch, 0) { _ in
            Int(unsafe epoll_ctl(epoll, operation, fd, &event))
        }
        guard result == 0 else { throw SystemError("epoll_ctl", code) }
    }

    /// Fills `events`; gives their number, 0 after a timeout or an interruption.
    func wait(_ epoll: Int32, _ events: inout [epoll_event], milliseconds: Int32) -> Int {
        let capacity = unsafe Int32(truncatingIfNeeded: events.count)
        if case .error? = fault?(.wait) { return 0 }
        let count = unsafe events.withUnsafeMutableBufferPointer {
            unsafe epoll_wait(epoll, $0.baseAddress, capacity, milliseconds)
        }
        return max(0, Int(count))
    }

    /// Another descriptor of the same open file.
    static func duplicate(_ fd: Int32) throws(SystemError) -> Int32 {
        let copy = postern_duplicate(fd)
        guard copy >= 0 else { throw SystemError("fcntl", errno) }
        return copy
    }

    static func makeNonBlocking(_ fd: Int32) { postern_set_nonblocking(fd) }

    // MARK: Time and threads

    /// Nanoseconds of the monotonic clock.
    static func monotonicNanoseconds() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    /// Seconds since 1970.
    static func realtimeSeconds() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec)
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
