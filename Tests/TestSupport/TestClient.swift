import Foundation

/// A blocking TCP client of the tests: plain text in and out, with a time limit on reads.
public final class TestClient {
    private var fd: Int32

    /// Connects to a port of this machine, from another of its IPv4 addresses if one is given.
    public init(port: UInt16, from source: UInt32? = nil) throws {
        fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let descriptor = fd
        func call(
            _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ host: UInt32,
            _ port: UInt16
        ) -> Int32 {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = host.bigEndian
            return unsafe withUnsafePointer(to: &address) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        if let source { unsafe _ = call(bind, source, 0) }
        let result = unsafe call(connect, 0x7F00_0001, port)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        unsafe setsockopt(
            fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        // `deinit` closes the socket.
        guard result == 0 else { throw POSIXError(.ECONNREFUSED) }
    }

    /// Connects to a socket in the file system.
    public init(path: String) throws {
        fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            for (index, byte) in path.utf8.enumerated() where index < bytes.count - 1 {
                unsafe bytes[index] = byte
            }
        }
        let descriptor = fd
        let result = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        setReadTimeout(milliseconds: 20_000)
        // `deinit` closes the socket.
        guard result == 0 else { throw POSIXError(.ECONNREFUSED) }
    }

    deinit { if fd >= 0 { close(fd) } }

    /// How long a read waits at most.
    public func setReadTimeout(milliseconds: Int) {
        var limit = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
        unsafe setsockopt(
            fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// How long a send waits for room at most; what finds none is dropped.
    public func setSendTimeout(milliseconds: Int) {
        var limit = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
        unsafe setsockopt(
            fd, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Ends the connection with a reset.
    public func reset() {
        var value = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
        close(fd)
        fd = -1
    }

    /// Returns when the peer's system has taken everything that was sent.
    public func waitUntilSent() {
        for _ in 0..<20_000 {
            var left: Int32 = 0
            unsafe withUnsafeMutablePointer(to: &left) {
                unsafe _ = ioctl(fd, UInt(TIOCOUTQ), $0)
            }
            if left == 0 { return }
            var time = timespec(tv_sec: 0, tv_nsec: 1_000_000)
            unsafe nanosleep(&time, nil)
        }
    }

    /// Sends text; a peer that has gone is not an error here.
    public func send(_ text: String) { send(Array(text.utf8)) }

    /// Sends bytes.
    public func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes {
                unsafe Foundation.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            sent += count
        }
    }

    /// What has come, at least a byte; empty when the peer has ended or nothing comes in time.
    public func receive() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe recv(fd, $0.baseAddress, $0.count, 0)
        }
        return Array(buffer.prefix(max(0, count)))
    }

    /// True when the peer ends the connection, cleanly or with a reset, before anything else comes; false
    /// when something comes, or nothing in time.
    public func readsEnd() -> Bool {
        var byte: UInt8 = 0
        let count = unsafe recv(fd, &byte, 1, 0)
        return count == 0 || (count < 0 && errno == ECONNRESET)
    }

    /// Sends the end of the input and stays readable.
    public func endInput() { shutdown(fd, Int32(SHUT_WR)) }

    /// Reads until what has come holds `until`, the peer ends, or nothing comes in time; gives all that has
    /// come.
    public func read(until: String?) -> String {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        let mark = until
        while true {
            if let mark, String(decoding: text, as: UTF8.self).contains(mark) { break }
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe recv(fd, $0.baseAddress, $0.count, 0)
            }
            if count <= 0 { break }
            text += buffer[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }
}
