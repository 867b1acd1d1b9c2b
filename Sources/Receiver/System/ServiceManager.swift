import Glibc

/// Tells systemd how the service is doing (sd_notify(3)); nothing when it did not ask.
enum ServiceManager {
    static func ready(_ status: String = "receiving") { notify("READY=1\nSTATUS=\(status)") }

    /// Everything that must move has moved.
    static func alive(_ status: String? = nil) {
        notify("WATCHDOG=1" + (status.map { "\nSTATUS=\($0)" } ?? ""))
    }

    static func status(_ text: String) { notify("STATUS=\(text)") }

    /// How often systemd wants to hear that the service is alive, in milliseconds; nil: never.
    static var watchdogMilliseconds: Int? {
        guard let text = SystemText.environment("WATCHDOG_USEC"), let time = Int(text), time > 0
        else { return nil }
        if let process = SystemText.environment("WATCHDOG_PID"), process != String(getpid()) {
            return nil
        }
        return max(1, time / 1000)
    }

    /// The sockets that were handed over, with their names (sd_listen_fds(3)); they begin at 3. Children
    /// do not get them.
    static let sockets: [(name: String, descriptor: Int32)] = {
        guard SystemText.environment("LISTEN_PID") == String(getpid()),
            let count = SystemText.environment("LISTEN_FDS").flatMap({ Int32($0) }),
            (1...1024).contains(count)
        else { return [] }
        let names =
            SystemText.environment("LISTEN_FDNAMES")?
            .split(separator: ":", omittingEmptySubsequences: false).map(String.init) ?? []
        return (0..<count).map { place in
            let descriptor = 3 + place
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            let name = names.indices.contains(Int(place)) ? names[Int(place)] : "unknown"
            return (name, descriptor)
        }
    }()
    static func stopping() { notify("STOPPING=1\nSTATUS=draining") }

    /// `Type=notify-reload` wants the time at which the reload began.
    static func reloading() {
        notify("RELOADING=1\nMONOTONIC_USEC=\(Clock.monotonicNanoseconds / 1000)")
    }

    private static func notify(_ text: String) {
        guard let path = SystemText.environment("NOTIFY_SOCKET"), !path.isEmpty else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        // A leading @ stands for the abstract namespace's NUL.
        if name.first == UInt8(ascii: "@") { name[0] = 0 }
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard name.count < capacity else { return }
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // unsafe: the name fits the field by the check above; the address lives for the call.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
        let offset = MemoryLayout<sockaddr_un>.size - capacity
        let length = socklen_t(offset + name.count)
        let bytes = Array(text.utf8)
        _ = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
                unsafe bytes.withUnsafeBytes {
                    unsafe sendto(
                        descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL), target,
                        length)
                }
            }
        }
    }
}
