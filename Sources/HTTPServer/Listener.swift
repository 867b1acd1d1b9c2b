internal import CLinux
import Glibc

/// Makes listening sockets and accepts from them.
enum Listener {
    /// Connections that the system holds until they are accepted.
    static let backlog = 4096

    /// A bound, listening, non-blocking socket.
    /// `mustBeFree` is false for the further sockets of the same server at the same port.
    static func open(
        _ address: ListenAddress, _ access: SocketAccess, mustBeFree: Bool
    ) throws(SystemError) -> Int32 {
        switch address {
        case .unix(let path): return try openUnix(path, access)
        case .inherited(let descriptor):
            // Accept=yes, a datagram socket, a pipe: accepting would fail for ever.
            guard isListening(descriptor) else {
                throw SystemError("accepting from the inherited descriptor \(descriptor)", EINVAL)
            }
            let copy = try SystemCalls.duplicate(descriptor)
            SystemCalls.makeNonBlocking(copy)
            return copy
        case .activated(let name): throw SystemError("systemd socket \(name)", ENOENT)
        case .tcp(let host, let port):
            if port != 0 {
                // SO_REUSEPORT would let a second server take half of the connections of a running
                // one; without it the port must be free. The loops' own sockets come after this.
                if mustBeFree { SystemCalls.close(try openTCP(host, port, false)) }
            }
            return try openTCP(host, port, true)
        }
    }

    private static func openTCP(
        _ host: String, _ port: UInt16, _ sharesPort: Bool
    ) throws(SystemError) -> Int32 {
        host.contains(":")
            ? try openIPv6(host, port, sharesPort) : try openIPv4(host, port, sharesPort)
    }

    private static let streamType =
        Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)

    private static func makeSocket(_ family: Int32) throws(SystemError) -> Int32 {
        let fd = socket(family, streamType, 0)
        guard fd >= 0 else { throw SystemError("socket", errno) }
        return fd
    }

    private static func set(_ fd: Int32, _ level: Int32, _ option: Int32, to value: Int32 = 1) {
        var value = value
        unsafe _ = setsockopt(fd, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Binds and listens, or closes the socket again.
    private static func finish(
        _ fd: Int32, _ bind: () -> Int32
    ) throws(SystemError) -> Int32 {
        guard bind() == 0 else {
            let code = errno
            SystemCalls.close(fd)
            throw SystemError("bind", code)
        }
        guard listen(fd, Int32(backlog)) == 0 else {
            let code = errno
            SystemCalls.close(fd)
            throw SystemError("listen", code)
        }
        return fd
    }

    private static func openIPv4(
        _ host: String, _ port: UInt16, _ sharesPort: Bool
    ) throws(SystemError) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
            throw SystemError("inet_pton \(host)", EINVAL)
        }
        let fd = try makeSocket(AF_INET)
        set(fd, SOL_SOCKET, SO_REUSEADDR)
        if sharesPort { set(fd, SOL_SOCKET, SO_REUSEPORT) }
        return try finish(fd) {
            unsafe withUnsafePointer(to: &address) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe bind(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
    }

    private static func openIPv6(
        _ host: String, _ port: UInt16, _ sharesPort: Bool
    ) throws(SystemError) -> Int32 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        guard unsafe inet_pton(AF_INET6, host, &address.sin6_addr) == 1 else {
            throw SystemError("inet_pton \(host)", EINVAL)
        }
        let fd = try makeSocket(AF_INET6)
        // `[::]` is every address, IPv4's too, whatever net.ipv6.bindv6only says.
        set(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY, to: 0)
        set(fd, SOL_SOCKET, SO_REUSEADDR)
        if sharesPort { set(fd, SOL_SOCKET, SO_REUSEPORT) }
        return try finish(fd) {
            unsafe withUnsafePointer(to: &address) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe bind(fd, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
    }

    /// Takes the place of a socket that an earlier run left behind, but not of one that answers.
    private static func openUnix(
        _ path: String, _ access: SocketAccess
    ) throws(SystemError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            for (index, byte) in path.utf8.enumerated() where index < bytes.count - 1 {
                unsafe bytes[index] = byte
            }
        }
        let fd = try makeSocket(AF_UNIX)
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        return try unsafe withUnsafePointer(to: &address) { pointer throws(SystemError) in
            try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                target throws(SystemError) in
                let probe = try makeSocket(AF_UNIX)
                let answered = unsafe connect(probe, target, length) == 0
                let refused = errno == ECONNREFUSED
                SystemCalls.close(probe)
                // What is no socket refuses too, and is not ours to remove.
                if !answered, refused, isSocket(path) { unsafe _ = unlink(path) }
                return try finish(fd) {
                    // Nobody can connect before `listen`, so that nobody finds it too open.
                    unsafe bind(fd, target, length) == 0 ? open(path, to: access) : -1
                }
            }
        }
    }

    private static func isListening(_ fd: Int32) -> Bool {
        var (flag, length): (Int32, socklen_t) = (0, socklen_t(MemoryLayout<Int32>.size))
        // unsafe: writes the flag, of the length given.
        return unsafe getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &flag, &length) == 0 && flag == 1
    }

    private static func isSocket(_ path: String) -> Bool {
        var status = stat()
        // unsafe: fills the value given.
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    /// Gives the path of an open socket other owners and another mode.
    static func change(_ path: String, to access: SocketAccess) throws(SystemError) {
        guard isSocket(path) else { throw SystemError("chmod", ENOENT) }
        guard set(path, access) else { throw SystemError("chmod", errno) }
    }

    /// Removes the path of a socket that is no longer listened on.
    static func remove(_ path: String) {
        // unsafe: the path is lent for the call.
        if isSocket(path) { unsafe _ = unlink(path) }
    }

    /// 0, or -1 with errno and without the socket.
    private static func open(_ path: String, to access: SocketAccess) -> Int32 {
        if set(path, access) { return 0 }
        let code = errno
        unsafe unlink(path)
        errno = code
        return -1
    }

    private static func set(_ path: String, _ access: SocketAccess) -> Bool {
        let (owner, group) = (access.owner ?? .max, access.group ?? .max)
        // unsafe: the path is lent for the calls; an id of -1 leaves what is there (chown(2)).
        let isOwned =
            unsafe (access.owner == nil && access.group == nil) || chown(path, owner, group) == 0
        return isOwned && access.mode.map { unsafe chmod(path, $0) == 0 } ?? true
    }

    /// The address a socket is bound to, with the port the system chose; nil for what is neither TCP nor a
    /// path.
    static func boundAddress(_ fd: Int32) -> ListenAddress? {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(fd, $0, &length)
            }
        }
        guard result == 0 else { return nil }
        let bytes = unsafe withUnsafeBytes(of: &address) { unsafe Array($0[..<Int(length)]) }
        switch Int32(address.ss_family) {
        case AF_INET, AF_INET6:
            // The port lies at 2, sin_addr at 4, sin6_addr at 8.
            let isIPv4 = Int32(address.ss_family) == AF_INET
            let port = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
            let host = isIPv4 ? bytes[4..<8] : bytes[8..<24]
            return NumericAddress.text(Array(host)).map { .tcp(host: $0, port: port) }
        case AF_UNIX:
            // sun_path lies at 2; a name that begins with NUL is in no file system.
            let path = bytes.dropFirst(2).prefix { $0 != 0 }
            return path.isEmpty ? nil : .unix(path: String(decoding: path, as: UTF8.self))
        default: return nil
        }
    }

    enum Accepted {
        case connection(Int32, address: String)
        case none
        /// The connection ended before it was accepted.
        case aborted
        /// Out of descriptors or memory: accepting must pause.
        case exhausted(Int32)
    }

    static func accept(_ system: SystemCalls, _ listener: Int32) -> Accepted {
        var address = sockaddr_storage()
        let (result, code) = system.accept(listener, &address)
        guard result >= 0 else {
            switch code {
            case EAGAIN, EWOULDBLOCK: return .none
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted(code)
            // accept(2): errors of the connection itself, which is gone; the next may be well.
            default: return .aborted
            }
        }
        let fd = Int32(truncatingIfNeeded: result)
        if Int32(address.ss_family) != AF_UNIX { set(fd, Int32(IPPROTO_TCP), TCP_NODELAY) }
        return .connection(fd, address: text(of: &address))
    }

    /// The numeric address without port; IPv4-mapped IPv6 as IPv4.
    private static func text(of address: inout sockaddr_storage) -> String {
        let family = Int32(address.ss_family)
        guard family == AF_INET || family == AF_INET6 else { return "unix" }
        // sin_addr lies at 4, sin6_addr at 8.
        let place = family == AF_INET ? 4..<8 : 8..<24
        let bytes = unsafe withUnsafeBytes(of: &address) { unsafe Array($0[place]) }
        return NumericAddress.text(bytes) ?? "unknown"
    }

    /// The first 64 bits of an IPv6 address as text; nil for anything else.
    static func networkPrefix(_ address: String) -> String? {
        var bytes = in6_addr()
        // unsafe: C fills the structure, and its first half is read within its bounds.
        guard unsafe inet_pton(AF_INET6, address, &bytes) == 1 else { return nil }
        let prefix = unsafe withUnsafeBytes(of: &bytes) { unsafe $0.loadUnaligned(as: UInt64.self) }
        return String(UInt64(bigEndian: prefix), radix: 16) + "::/64"
    }
}
