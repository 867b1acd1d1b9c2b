package import Cryptography
package import HTTPServer

/// One place to listen, as the configuration says it.
package struct ListenSettings: Sendable, Equatable {
    package var address: ListenAddress
    package var tls: TLSSettings?
    /// Connections begin with a PROXY header of one of `trusted_proxies`.
    package var expectsProxyHeader = false
    /// Who may connect to a `unix:` address.
    package var access = SocketAccess()

    package init(_ address: ListenAddress) { self.address = address }

    /// True when a running listener can be used as the other says: all but TLS's files and rules.
    func isSamePlace(as other: ListenSettings) -> Bool {
        address == other.address && (tls == nil) == (other.tls == nil)
            && expectsProxyHeader == other.expectsProxyHeader && access == other.access
    }

    /// How this machine reaches it, without a path; nil for other addresses than TCP's.
    func localURL(_ bound: ListenAddress? = nil) -> String? {
        guard case .tcp(let host, let port) = bound ?? address, port != 0 else { return nil }
        let scheme = tls == nil ? "http" : "https"
        switch host {
        case "0.0.0.0": return "\(scheme)://127.0.0.1:\(port)"
        case "::": return "\(scheme)://[::1]:\(port)"
        default: return "\(scheme)://\(bound ?? address)"
        }
    }
}

/// TLS of one listener: files and rules.
package struct TLSSettings: Sendable, Equatable {
    /// A file, and where the configuration names it.
    package struct File: Sendable, Equatable {
        package var path: String
        package var keyPath: String
        package var mark: SourceMark
    }

    package struct Identity: Sendable, Equatable {
        package var certificate: File
        /// Named by its key path.
        package var privateKey: EnvironmentVariable
    }

    /// `listen.tls`; tells the listeners of a configuration apart.
    package var keyPath: String
    package var mark: SourceMark
    package var identities: [Identity] = []
    package var clientAuthorities: File?
    package var clientCertificates = TLSMaterial.ClientCertificates.none
    package var minimumVersion = TLSVersion.tls12
    package var usesTickets = true
}
