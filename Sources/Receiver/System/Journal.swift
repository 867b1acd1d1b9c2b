import Glibc
import Synchronization

/// The journal's own socket: records arrive with their fields, not as text to be taken apart
/// (https://systemd.io/JOURNAL_NATIVE_PROTOCOL).
package final class Journal: Sendable {
    private let descriptor: Int32

    /// - Returns: nil where no journal listens.
    package init?(path: String = "/run/systemd/journal/socket") {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array(path.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        descriptor = socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        // unsafe: the name fits the field by the check above; the address lives for the call.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
        let descriptor = descriptor
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard descriptor >= 0, result == 0 else { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Sends one record; false when the journal did not take it.
    package func send(_ record: LogRecord) -> Bool {
        let bytes = Self.datagram(record)
        // unsafe: lends the array for the call.
        return unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(
                descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        } == bytes.count
    }

    /// `MESSAGE`, `PRIORITY`, and `POSTERN_` with each key; every value by its length, so that none can
    /// begin another field.
    package static func datagram(_ record: LogRecord) -> [UInt8] {
        var bytes: [UInt8] = []
        func add(_ name: String, _ value: String) {
            bytes += Array(name.utf8) + [0x0A]
            let length = UInt64(value.utf8.count)
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: length >> shift))
            }
            bytes += Array(value.utf8) + [0x0A]
        }
        add("MESSAGE", record.text)
        add("PRIORITY", String(record.level.priority))
        add("SYSLOG_IDENTIFIER", "postern")
        for (key, value) in record.fields {
            // journald takes A-Z, 0-9 and _ only.
            let name = key.utf8.map { byte -> UInt8 in
                switch byte {
                case 0x61...0x7A: byte - 0x20
                case 0x41...0x5A, 0x30...0x39: byte
                default: UInt8(ascii: "_")
                }
            }
            add("POSTERN_" + String(decoding: name, as: UTF8.self), value)
        }
        return bytes
    }
}
