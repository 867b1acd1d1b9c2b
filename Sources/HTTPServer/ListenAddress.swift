/// Where to listen.
package enum ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// A numeric IPv4 or IPv6 address and a port; port 0 lets the system choose.
    case tcp(host: String, port: UInt16)
    /// A path in the file system.
    case unix(path: String)
    /// A listening socket that was handed over, by systemd for one; it stays the caller's.
    case inherited(descriptor: Int32)
    /// A socket of systemd's, by its FileDescriptorName; its owner makes it `inherited` before use.
    case activated(name: String)

    /// Reads `127.0.0.1:8080`, `[::]:443`, `:8080` (all addresses), `unix:/run/postern.sock` or
    /// `systemd:NAME`; nil for anything else.
    package init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            // sockaddr_un holds 108 bytes with the terminating NUL.
            guard path.hasPrefix("/"), path.utf8.count < 108 else { return nil }
            self = .unix(path: path)
            return
        }
        if text.hasPrefix("systemd:") {
            guard text.utf8.count > 8 else { return nil }
            self = .activated(name: String(text.dropFirst(8)))
            return
        }
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard host.contains(":") else { return nil }
        } else if host.isEmpty {
            host = "0.0.0.0"
        } else if host == "localhost" {
            host = "127.0.0.1"
        } else if host.contains(":") {
            return nil
        }
        guard host.contains(":") || Self.isIPv4(host) else { return nil }
        self = .tcp(host: host, port: port)
    }

    private static func isIPv4(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    /// The form that `init` reads; a descriptor is not read.
    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        case .activated(let name): "systemd:\(name)"
        case .inherited(let descriptor): "descriptor:\(descriptor)"
        }
    }
}
