import Cryptography
import HTTPServer
import Synchronization

/// How TLS handshakes end.
final class TLSMetrics: Sendable {
    private struct State {
        var secured: [String: UInt64] = [:]
        var failed: [TLSFailure.Reason: UInt64] = [:]
    }
    private let state = Mutex(State())

    func count(_ security: ConnectionSecurity) {
        let labels = "version=\"\(security.version.rawValue)\",resumed=\"\(security.isResumed)\""
        state.withLock { $0.secured[labels, default: 0] &+= 1 }
    }

    func count(_ failure: TLSFailure) {
        state.withLock { $0.failed[failure.reason, default: 0] &+= 1 }
    }

    func write(to text: inout String) {
        let (secured, failed) = state.withLock { ($0.secured, $0.failed) }
        text += "# HELP postern_tls_connections_total TLS handshakes that succeeded.\n"
        text += "# TYPE postern_tls_connections_total counter\n"
        for (labels, count) in secured.sorted(by: { $0.key < $1.key }) {
            text += "postern_tls_connections_total{\(labels)} \(count)\n"
        }
        text += "# HELP postern_tls_handshake_failures_total TLS handshakes that failed.\n"
        text += "# TYPE postern_tls_handshake_failures_total counter\n"
        for reason in TLSFailure.Reason.allCases {
            guard let count = failed[reason] else { continue }
            text += "postern_tls_handshake_failures_total{reason=\"\(reason.rawValue)\"} \(count)\n"
        }
    }
}
