package import Cryptography
internal import Synchronization

/// A place to listen, and what is spoken there before HTTP.
package struct HTTPListener: Sendable {
    package var address: ListenAddress
    /// TLS, when there is some.
    package var tls: TLSSlot?
    /// Each connection begins with a PROXY header; whoever `HTTPHandler.isTrustedProxy` does not name is
    /// turned away.
    package var expectsProxyHeader = false
    /// Who may connect to a `unix:` address.
    package var access = SocketAccess()

    package init(_ address: ListenAddress) { self.address = address }
}

/// The TLS context of new connections. Those that are open keep theirs when it is replaced.
package final class TLSSlot: Sendable {
    private let context: Mutex<TLSContext>

    package init(_ context: TLSContext) { self.context = Mutex(context) }

    package var current: TLSContext { context.withLock { $0 } }

    package func replace(with new: TLSContext) { context.withLock { $0 = new } }
}

/// Mode and owners of a socket in the file system; nil leaves what the process gives.
package struct SocketAccess: Sendable, Equatable {
    package var mode: UInt32?
    package var owner: UInt32?
    package var group: UInt32?

    package init(mode: UInt32? = nil, owner: UInt32? = nil, group: UInt32? = nil) {
        self.mode = mode
        self.owner = owner
        self.group = group
    }
}

/// What TLS made known of a connection.
package final class ConnectionSecurity: Sendable {
    package let version: TLSVersion
    package let isResumed: Bool
    /// Checked against the listener's authorities; nil when the client sent none.
    package let clientCertificate: ClientCertificate?

    package init(
        version: TLSVersion, isResumed: Bool = false, clientCertificate: ClientCertificate? = nil
    ) {
        self.version = version
        self.isResumed = isResumed
        self.clientCertificate = clientCertificate
    }
}
