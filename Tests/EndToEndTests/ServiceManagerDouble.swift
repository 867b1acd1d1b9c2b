import Foundation
import Glibc
import TestSupport

/// Plays systemd to the real program: a socket that outlives it, a notification socket, a folder of
/// credentials, a watchdog.
final class ServiceManagerDouble {
    let folder: URL
    let port: UInt16
    let secondPort: UInt16
    private let listener: Int32
    private let secondListener: Int32
    private let notifications: Int32
    private var process: Process?

    init(configuration: String) throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-sd-\(UUID().uuidString)")
        for name in ["integrations.d", "credentials"] {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        try Data(ReceiverProcess.hmac.utf8).write(
            to: folder.appendingPathComponent("integrations.d/hmac.yaml"))
        try Data("\(ReceiverProcess.secret)\n".utf8).write(
            to: folder.appendingPathComponent("credentials/secret_hmac"))
        try Data(configuration.utf8).write(to: folder.appendingPathComponent("postern.yaml"))
        (listener, port) = try Self.listen()
        (secondListener, secondPort) = try Self.listen()
        notifications = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var local = sockaddr_un()
        local.sun_family = sa_family_t(AF_UNIX)
        let path = Array(folder.appendingPathComponent("notify").path.utf8)
        unsafe withUnsafeMutableBytes(of: &local.sun_path) { unsafe $0.copyBytes(from: path) }
        let receiver = notifications
        // unsafe: values on this stack, lent for the calls; the same below.
        let named = unsafe withUnsafePointer(to: &local) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(receiver, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard named == 0 else { throw ReceiverProcess.Trouble(description: "notify: \(errno)") }
        var wait = timeval(tv_sec: 20, tv_usec: 0)
        unsafe setsockopt(
            notifications, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
    }

    /// A socket that listens on a port of its own.
    private static func listen() throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // unsafe: values on this stack, lent for the calls.
        let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, length) == 0 && Glibc.listen(descriptor, 4096) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw ReceiverProcess.Trouble(description: "bind: \(errno)") }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    deinit {
        process?.terminate()
        process?.waitUntilExit()
        close(listener)
        close(secondListener)
        close(notifications)
        try? FileManager.default.removeItem(at: folder)
    }

    var processIdentifier: Int32 { process?.processIdentifier ?? 0 }

    /// Starts the program with sockets as descriptors 3 and, where there are two, 4, as systemd would.
    ///
    /// - Parameters:
    ///   - names: nil where the socket units are older than names.
    ///   - process: whom they are said to be for, in the words of a shell.
    func start(
        watchdogMicroseconds: Int = 0, sockets: Int = 1, names: String? = "webhooks",
        process: String = "$$"
    ) throws {
        let program = Process()
        program.executableURL = URL(fileURLWithPath: "/bin/sh")
        program.arguments = [
            "-c",
            "exec 3<&0 4>&1 </dev/null >/dev/null; "
                + "LISTEN_PID=\(process) WATCHDOG_PID=$$ exec \"$@\"", "sh",
            ReceiverProcess.binary, "serve", "--config",
            folder.appendingPathComponent("postern.yaml").path,
        ]
        var environment = ProcessInfo.processInfo.environment
        environment["LISTEN_FDS"] = "\(sockets)"
        environment["LISTEN_FDNAMES"] = names
        environment["NOTIFY_SOCKET"] = folder.appendingPathComponent("notify").path
        environment["CREDENTIALS_DIRECTORY"] = folder.appendingPathComponent("credentials").path
        if watchdogMicroseconds > 0 { environment["WATCHDOG_USEC"] = "\(watchdogMicroseconds)" }
        program.environment = environment
        program.standardInput = FileHandle(fileDescriptor: listener, closeOnDealloc: false)
        program.standardOutput = FileHandle(
            fileDescriptor: secondListener, closeOnDealloc: false)
        program.standardError = FileHandle.nullDevice
        try program.run()
        self.process = program
    }

    /// The next notification, or nil after 20 s of silence.
    func notification() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe recv(notifications, $0.baseAddress, $0.count, 0)
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    /// Reads notifications up to one that has the line; nil when it does not come.
    func wait(for line: String) -> String? {
        while let text = notification() {
            if text.split(separator: "\n").contains(where: { $0.hasPrefix(line) }) { return text }
        }
        return nil
    }

    func signal(_ number: Int32) { kill(processIdentifier, number) }

    /// Waits for the program's end; gives its exit status.
    func waitForExit() -> Int32 {
        process?.waitUntilExit()
        return process?.terminationStatus ?? -1
    }
}
