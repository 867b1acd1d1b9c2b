import Cryptography

/// PROXY headers and TLS: what a loop does until HTTP begins, and when it never does.
extension EventLoop {
    /// Gives an accepted connection its layers; false when it may not go on.
    func addLayers(_ connection: Connection, _ listener: HTTPListener) -> Bool {
        if listener.expectsProxyHeader, !handler.isTrustedProxy(connection.remoteAddress) {
            handler.protocolFailed(
                HTTPFailure(0, "not one of trusted_proxies"),
                remoteAddress: connection.remoteAddress)
            return false
        }
        connection.layers = ConnectionLayers(listener, fd: connection.fd, system: system)
        return connection.layers != nil
    }

    /// Notes what a read made known; false when the connection was closed for it.
    func layersAdvanced(_ connection: Connection) -> Bool {
        guard let layers = connection.layers else { return true }
        if let address = layers.takeClientAddress(), address != connection.remoteAddress {
            // From here on the limit on an address is the client's.
            guard shared.move(from: connection.remoteAddress, to: address, limits) else {
                handler.protocolFailed(
                    HTTPFailure(
                        0, "too many connections of a client", limit: "connections_per_address_max"),
                    remoteAddress: address)
                close(connection)
                return false
            }
            connection.remoteAddress = address
        }
        if let security = layers.takeSecurity() {
            connection.security = security
            handler.connectionSecured(security)
        }
        if layers.isTransparent { connection.layers = nil }
        return true
    }

    /// A layer, or the socket below it, has failed.
    func layersFailed(_ connection: Connection) {
        guard let layers = connection.layers, !layers.isReady, let failure = layers.failure else {
            return close(connection)
        }
        switch failure {
        case .proxyHeader(let reason):
            handler.protocolFailed(HTTPFailure(0, reason), remoteAddress: connection.remoteAddress)
            close(connection)
        case .tls(let failure):
            handler.handshakeFailed(failure, remoteAddress: connection.remoteAddress)
            switch failure.reason {
            case .connectionLost, .notTLS: close(connection)
            case .plainHTTP:
                connection.layers = nil
                refuse(connection, HTTPFailure(400, "HTTP without TLS on a TLS listener"))
                settle(connection)
                updateWatch(connection)
            default:
                // An alert is on its way: it must not be lost to a reset.
                connection.layers = nil
                connection.isLast = true
                connection.endOutput()
                setWaiting(connection, .linger)
                updateWatch(connection)
            }
        }
    }

    /// The handshake, or the PROXY header before it, took too long.
    func layersExpired(_ connection: Connection) {
        handler.protocolFailed(
            HTTPFailure(0, "handshake too slow", limit: "handshake_timeout"),
            remoteAddress: connection.remoteAddress)
        if connection.layers?.hasTLS == true {
            handler.handshakeFailed(
                TLSFailure(.timeout), remoteAddress: connection.remoteAddress)
        }
        close(connection)
    }
}
