import Cryptography

/// What lies between a connection's socket and HTTP where a listener asks for it: a PROXY header, then
/// TLS. Plain connections have none.
final class ConnectionLayers {
    /// Why nothing more comes.
    enum Failure: Equatable {
        case proxyHeader(String)
        case tls(TLSFailure)
    }

    private var proxy: ProxyHeaderParser?
    private let tls: TLSSession?
    /// The client's address from the PROXY header, until it is taken.
    private var announced: String?
    private var isAnnounced = false
    private var hasEnded = false
    private(set) var failure: Failure?

    /// - Returns: nil when memory is out.
    init?(_ listener: HTTPListener, fd: Int32, system: SystemCalls) {
        proxy = listener.expectsProxyHeader ? ProxyHeaderParser() : nil
        guard let slot = listener.tls else {
            tls = nil
            return
        }
        tls = TLSSession(slot.current) { bytes in
            switch system.send(fd, bytes) {
            case .bytes(let count): .bytes(count)
            case .wouldBlock: .wouldBlock
            case .failed: .failed
            }
        }
        if tls == nil { return nil }
    }

    /// HTTP can begin.
    var isReady: Bool { proxy == nil && tls?.isOpen ?? true }
    var hasTLS: Bool { tls != nil }
    /// Nothing is left to do: bytes pass as they are.
    var isTransparent: Bool { proxy == nil && tls == nil }
    /// Nothing can be read before the socket takes bytes.
    var needsOutput: Bool { tls?.needsOutput ?? false }
    /// There is something to receive without asking the socket.
    var hasMore: Bool { tls?.hasMore ?? false }

    /// The address that the PROXY header named, once.
    func takeClientAddress() -> String? {
        defer { announced = nil }
        return announced
    }

    /// What the handshake agreed on, once it is over and once.
    func takeSecurity() -> ConnectionSecurity? {
        guard let tls, tls.isOpen, !isAnnounced else { return nil }
        isAnnounced = true
        return ConnectionSecurity(
            version: tls.version, isResumed: tls.isResumed,
            clientCertificate: tls.clientCertificate)
    }

    /// One read of the socket through `wire`, and what it comes to in `plain`: `wouldBlock` also when the
    /// bytes were not HTTP's.
    func receive(
        _ system: SystemCalls, _ fd: Int32, into plain: inout [UInt8], wire: inout [UInt8]
    ) -> SystemCalls.Transfer {
        // What is whole in so much, and in a record that began before, fits into `plain`.
        if wire.isEmpty {
            wire = [UInt8](repeating: 0, count: plain.count - TLSSession.recordBytesMax)
        }
        var count = 0
        if !hasMore, !needsOutput {
            let transfer = system.receive(fd, into: &wire)
            guard case .bytes(let received) = transfer, received > 0 else {
                if transfer == .wouldBlock || isReady { return transfer }
                return fail(
                    tls == nil
                        ? .proxyHeader("the connection ended within a PROXY header")
                        : .tls(TLSFailure(.connectionLost)))
            }
            count = received
        }
        var start = 0
        if proxy != nil {
            do throws(ProxyHeaderParser.Malformed) {
                guard try readProxyHeader(wire.span.extracting(0..<count), &start) else {
                    return .wouldBlock
                }
            } catch { return fail(.proxyHeader(error.reason)) }
        }
        guard let tls else {
            guard start < count else { return .wouldBlock }
            plain.replaceSubrange(0..<(count - start), with: wire[start..<count])
            return .bytes(count - start)
        }
        switch tls.receive(wire.span.extracting(start..<count), into: &plain) {
        case .bytes(let count): return .bytes(count)
        case .needsInput, .needsOutput: return .wouldBlock
        case .failed(let failure): return fail(.tls(failure))
        }
    }

    private func readProxyHeader(
        _ bytes: Span<UInt8>, _ consumed: inout Int
    ) throws(ProxyHeaderParser.Malformed) -> Bool {
        guard case .done(let address)? = try proxy?.next(bytes, consumed: &consumed) else {
            return false
        }
        proxy = nil
        announced = address
        return true
    }

    private func fail(_ failure: Failure) -> SystemCalls.Transfer {
        self.failure = failure
        return .failed(0)
    }

    func send(
        _ system: SystemCalls, _ fd: Int32, _ bytes: [UInt8], from start: Int
    ) -> SystemCalls.Transfer {
        guard let tls else { return system.send(fd, bytes, from: start) }
        switch tls.send(bytes, from: start) {
        case .bytes(let count): return .bytes(count)
        case .wouldBlock: return .wouldBlock
        case .failed: return .failed(0)
        }
    }

    /// Tells the peer's TLS that nothing more comes.
    func end() {
        if !hasEnded { tls?.end() }
        hasEnded = true
    }
}
