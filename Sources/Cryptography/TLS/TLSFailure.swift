private import COpenSSL

/// Why a TLS connection came to nothing.
package struct TLSFailure: Error, Sendable, Equatable {
    /// A closed set, for metrics.
    package enum Reason: String, Sendable, CaseIterable {
        /// HTTP without TLS.
        case plainHTTP = "plain_http"
        /// Something else without TLS.
        case notTLS = "not_tls"
        case noSharedVersion = "no_shared_version"
        case noSharedCipher = "no_shared_cipher"
        /// The client speaks no HTTP/1.1 (ALPN).
        case noSharedProtocol = "no_shared_protocol"
        case clientCertificateMissing = "client_certificate_missing"
        case clientCertificateRefused = "client_certificate_refused"
        /// The client refused our certificate or something else, with an alert.
        case refusedByClient = "refused_by_client"
        case connectionLost = "connection_lost"
        case timeout
        case other
    }

    package let reason: Reason
    /// OpenSSL's words, for the log.
    package let detail: String

    package init(_ reason: Reason, _ detail: String = "") {
        self.reason = reason
        self.detail = detail
    }

    /// From the thread's queue, which is left empty, and from what became of the client's certificate.
    init(of ssl: OpaquePointer) {
        let code = ERR_peek_error()
        let number = ERR_GET_REASON(code)
        let words = CryptographyError.draining(.libraryFailure, operation: "").reasons
        var detail = words.joined(separator: "; ")
        let reason: Reason
        switch number {
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_UNKNOWN_PROTOCOL,
            SSL_R_NO_PROTOCOLS_AVAILABLE, SSL_R_INAPPROPRIATE_FALLBACK:
            reason = .noSharedVersion
        case SSL_R_WRONG_VERSION_NUMBER: reason = .notTLS
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_NO_SHARED_GROUPS,
            SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
            reason = .noSharedCipher
        case SSL_R_NO_APPLICATION_PROTOCOL: reason = .noSharedProtocol
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: reason = .clientCertificateMissing
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            reason = .clientCertificateRefused
            let result = unsafe SSL_get_verify_result(ssl)
            // unsafe: static text, NUL-terminated.
            if let text = unsafe X509_verify_cert_error_string(result) {
                unsafe detail += "; " + String(cString: text)
            }
        // Alerts of the peer: their number from RFC 8446 §6 behind an offset.
        case 1001..<1256: reason = .refusedByClient
        default: reason = .other
        }
        self.init(reason, detail)
    }
}
