/// What a listener needs to speak TLS, as its files hold it.
package struct TLSMaterial: Sendable {
    /// A certificate with its chain, and its key.
    package struct Identity: Sendable {
        /// PEM: the server's own certificate first, then those that lead to its root.
        package var chain: [UInt8]
        /// PEM, not encrypted.
        package var privateKey: Secret

        package init(chain: [UInt8], privateKey: Secret) {
            self.chain = chain
            self.privateKey = privateKey
        }
    }

    /// Whether clients are asked for a certificate.
    package enum ClientCertificates: String, Sendable, CaseIterable {
        case none
        /// One that is sent must be right; none may be sent.
        case optional
        case required
    }

    /// The first is for clients that name no server, or none that a certificate has.
    package var identities: [Identity]
    /// PEM: whose certificates clients may have.
    package var clientAuthorities: [UInt8]?
    package var clientCertificates = ClientCertificates.none
    package var minimumVersion = TLSVersion.tls12
    /// Sessions are resumed through tickets.
    package var usesTickets = true

    package init(identities: [Identity]) { self.identities = identities }
}

/// The versions that are spoken (RFC 8996 ends the older ones).
package enum TLSVersion: String, Sendable, CaseIterable {
    case tls12 = "1.2"
    case tls13 = "1.3"
}

/// What is wrong with a `TLSMaterial`.
package struct TLSMaterialError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The part that has to be put right; the number is the identity's.
    package enum Part: Sendable, Equatable {
        case certificate(Int)
        case privateKey(Int)
        case clientAuthorities
        case settings
    }

    package let part: Part
    /// What is wrong and what would be right. Never holds key material.
    package let description: String

    init(_ part: Part, _ description: String) {
        self.part = part
        self.description = description
    }

    /// With OpenSSL's own reasons, taken from the thread's queue.
    static func draining(_ part: Part, _ description: String) -> TLSMaterialError {
        let reasons = CryptographyError.draining(.libraryFailure, operation: "").reasons
        let detail = reasons.isEmpty ? "" : " (" + reasons.joined(separator: "; ") + ")"
        return TLSMaterialError(part, description + detail)
    }
}
