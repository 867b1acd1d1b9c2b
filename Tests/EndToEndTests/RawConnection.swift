import Foundation
import Glibc

/// A TCP connection that sends exactly the bytes it is given.
final class RawConnection {
    private var descriptor: Int32
    private var buffer: [UInt8] = []
    private var hasEnded = false

    /// Connects to 127.0.0.1, or to another address as a number.
    init(port: UInt16, host: UInt32 = 0x7F00_0001) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = host.bigEndian
        var wait = timeval(tv_sec: 20, tv_usec: 0)
        // unsafe: values on this stack, lent for the calls.
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        let result = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let code = errno
            finish()
            throw ReceiverProcess.Trouble(description: "connect: \(code)")
        }
    }

    deinit { finish() }

    /// Closes the connection; nothing may follow.
    func finish() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    @discardableResult
    func send(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        // unsafe: lends the array for the call.
        return unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        } == bytes.count
    }

    /// True when something has come that was not read yet.
    var hasInput: Bool {
        var byte: UInt8 = 0
        // unsafe: looks at one byte on this stack.
        return unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) > 0
    }

    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    private func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65536)
        // unsafe: reads into the array.
        let count = unsafe chunk.withUnsafeMutableBytes {
            unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
        }
        let code = errno
        hasEnded = count == 0 || count < 0 && code == ECONNRESET
        guard count > 0 else { return false }
        buffer += chunk[..<count]
        return true
    }

    /// True when the server ends the connection, cleanly or with a reset, before anything else comes;
    /// false when something comes, or nothing in time.
    func readsEnd() -> Bool {
        guard buffer.isEmpty else { return false }
        var byte: UInt8 = 0
        // unsafe: reads one byte on this stack.
        let count = unsafe recv(descriptor, &byte, 1, 0)
        return count == 0 || (count < 0 && errno == ECONNRESET)
    }

    /// The status and body of the next answer; nil when the connection ends first, or nothing comes in
    /// time.
    func answer() -> (status: Int, head: String, body: String)? {
        let mark = Array("\r\n\r\n".utf8)
        while true {
            if let end = buffer.indices.first(where: { buffer[$0...].starts(with: mark) }) {
                let head = String(decoding: buffer[..<end], as: UTF8.self)
                let length = head.split(separator: "\r\n").first {
                    $0.lowercased().hasPrefix("content-length:")
                }
                let count = length?.split(separator: " ").last.flatMap { Int($0) } ?? 0
                while buffer.count < end + 4 + count { guard fill() else { return nil } }
                let body = String(decoding: buffer[(end + 4)..<(end + 4 + count)], as: UTF8.self)
                buffer.removeFirst(end + 4 + count)
                let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) }
                return (status ?? 0, head, body)
            }
            guard fill() else { return nil }
        }
    }

    /// Reads on until the server ends the connection; false when nothing comes for 20 seconds.
    func ends() -> Bool {
        while fill() {}
        return hasEnded
    }

    /// One request on a connection of its own.
    static func post(
        _ port: UInt16, _ path: String, _ body: String, _ fields: [String] = [],
        method: String = "POST"
    ) throws -> (status: Int, head: String, body: String)? {
        let connection = try RawConnection(port: port)
        connection.send(request(path, body, fields, method: method))
        return connection.answer()
    }

    static func request(
        _ path: String, _ body: String, _ fields: [String] = [], method: String = "POST"
    ) -> String {
        let lines = fields.map { "\($0)\r\n" }.joined()
        return "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\(lines)"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
}
