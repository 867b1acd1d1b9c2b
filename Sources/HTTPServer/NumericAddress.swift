import Glibc

/// IP addresses as text and as the bytes of the network.
enum NumericAddress {
    /// Of 4 or 16 bytes; an IPv4 address mapped into IPv6 (RFC 4291 §2.5.5.2) as IPv4. Nil for any other
    /// number of bytes.
    static func text(_ bytes: [UInt8]) -> String? {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        // unsafe: the family tells how many bytes are read; the buffer is of the length given.
        guard unsafe inet_ntop(family, bytes, &buffer, socklen_t(buffer.count)) != nil else {
            return nil
        }
        let end = buffer.firstIndex(of: 0) ?? buffer.count
        let text = String(decoding: buffer[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.hasPrefix("::ffff:") && text.contains(".") ? String(text.dropFirst(7)) : text
    }

    /// Four bytes of a dotted address, four numbers without leading zeros; nil for anything else.
    static func ipv4(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 4)
        // unsafe: writes the 4 bytes of an IPv4 address.
        guard unsafe inet_pton(AF_INET, text, &bytes) == 1, self.text(bytes) == text else {
            return nil
        }
        return bytes
    }

    /// Sixteen bytes of an IPv6 address (RFC 4291 §2.2); nil for anything else.
    static func ipv6(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        // unsafe: writes the 16 bytes of an IPv6 address.
        return unsafe inet_pton(AF_INET6, text, &bytes) == 1 ? bytes : nil
    }
}
