import Cryptography
package import JSON
package import JSONata

/// An Integration object, checked and compiled.
package struct Integration: Sendable {
    /// The object's own id, when it has one.
    package let id: String?
    package let name: String
    package let label: String?
    /// The whole object as it was given, unknown members included.
    package let source: JSONValue
    package let payloadTransform: CompiledExpression?
    package let handleVerification: CompiledExpression?
    package let fanOut: CompiledExpression?
    /// nil when the object does not say: every delivery is misconfigured then.
    let verification: SignatureScheme?
    package let signatureScope: Set<ResultType>
    package let queues: [String]?
    let eventID: PlaceholderTemplate?
    let eventType: PlaceholderTemplate?
    package let deduplicationWindowMilliseconds: Int64?
    package let accepted: ResponseTemplate?
    package let rejected: ResponseTemplate?
    /// False: a failed signature is reported, the event stored all the same.
    package let isEnforced: Bool
    package let isEnabled: Bool
    package let mayOverwriteContext: Bool
    package let bodyBytesMax: Int?
    /// Who may send; nil for anybody.
    package let allowedAddresses: [AddressRange]?
    /// How often; nil for no bound.
    package let rateLimit: RateLimit?
    /// What is not captured beside the usual headers.
    package let redaction: Redaction

    /// A steady rate and how far a burst may run ahead of it.
    package struct RateLimit: Sendable, Equatable {
        /// More than 0, at most a million.
        package let requestsPerSecond: Double
        /// Requests that may come at once after a pause, at least 1.
        package let burst: Int

        package init(requestsPerSecond: Double, burst: Int) {
            self.requestsPerSecond = requestsPerSecond
            self.burst = burst
        }
    }

    /// What `handle_verification` may give.
    package enum ResultType: String, Sendable, CaseIterable {
        case verify
        case payload
        case meta
    }

    /// An expression and the text it came from.
    package struct CompiledExpression: Sendable {
        package let expression: Expression
        package var source: String { expression.source }
    }

    /// The expression of a member.
    func expression(_ key: String) -> CompiledExpression? {
        switch key {
        case "payload_transform": payloadTransform
        case "handle_verification": handleVerification
        case "fan_out": fanOut
        default: nil
        }
    }

    /// A configured answer.
    package struct ResponseTemplate: Sendable {
        package let statusCode: Int
        package let headers: [(String, String)]
        package let body: [UInt8]
    }

    /// Addresses of key sets that are written out in the configuration: `https://…` or `file:PATH`.
    package var keySetAddresses: [String] {
        (verification?.keySets ?? []).filter(\.placeholders.isEmpty).map(\.source)
            .filter { !$0.hasPrefix("{") }
    }

    /// True when deliveries may be checked with a key set that is kept outside the configuration.
    package var mayFetchKeySets: Bool {
        (verification?.keySets ?? []).contains { !$0.source.hasPrefix("{\"") }
    }

    /// True when a document is a key set with a key to check tokens with.
    package static func isKeySet(_ document: [UInt8]) -> Bool {
        JSONWebKeySet(document: document) != nil
    }
}

/// What a signature is checked with.
indirect enum SignatureScheme: Sendable {
    case none
    case hmac(HMACScheme)
    case basic(
        usernames: [PlaceholderTemplate], passwords: [PlaceholderTemplate], PlaceholderTemplate)
    case bearer(secrets: [PlaceholderTemplate], PlaceholderTemplate)
    case token(secrets: [PlaceholderTemplate], [PlaceholderTemplate])
    case jwt(JWTScheme)
    case publicKey(HMACScheme, SignatureAlgorithm, isRaw: Bool)
    case all([SignatureScheme])
    case any([SignatureScheme])

    /// The configuration's name of the format.
    var name: String {
        switch self {
        case .none: "none"
        case .hmac(let scheme): scheme.isDigest ? "digest" : "hmac"
        case .basic: "basic"
        case .bearer: "bearer"
        case .token: "token"
        case .jwt: "jwt"
        case .publicKey: "public_key"
        case .all: "all"
        case .any: "any"
        }
    }

    /// What a credential itself is taken from, not a signature made with one.
    var credentials: [PlaceholderTemplate] {
        switch self {
        case .none, .hmac, .publicKey: []
        case .token(let secrets, let compare):
            // A literal stands in the configuration for all to read (Box's signature version).
            secrets.contains { !$0.placeholders.isEmpty } ? compare : []
        case .basic(_, _, let compare), .bearer(_, let compare): [compare]
        case .jwt(let scheme): [scheme.compareWith]
        case .all(let schemes), .any(let schemes): schemes.flatMap(\.credentials)
        }
    }

    /// The `jwks` of every token scheme.
    var keySets: [PlaceholderTemplate] {
        switch self {
        case .jwt(let scheme): [scheme.keySet].compactMap { $0 }
        case .all(let schemes), .any(let schemes): schemes.flatMap(\.keySets)
        case .none, .hmac, .basic, .bearer, .token, .publicKey: []
        }
    }

    /// Every template of the configuration.
    var templates: [PlaceholderTemplate] {
        switch self {
        case .none: []
        case .hmac(let scheme), .publicKey(let scheme, _, _):
            scheme.secrets + scheme.signedStrings + scheme.compareWith
                + [scheme.timestamp?.template].compactMap { $0 }
        case .basic(let usernames, let passwords, let compare): usernames + passwords + [compare]
        case .bearer(let secrets, let compare): secrets + [compare]
        case .token(let secrets, let compare): secrets + compare
        case .jwt(let scheme):
            scheme.secrets + scheme.publicKeys + scheme.issuers + scheme.audiences
                + scheme.claims.map(\.value) + [scheme.compareWith]
                + [scheme.keySet].compactMap { $0 }
        case .all(let schemes), .any(let schemes): schemes.flatMap(\.templates)
        }
    }
}

/// `jwt` (RFC 7519, RFC 7515).
struct JWTScheme: Sendable {
    struct Claim: Sendable {
        let name: String
        let value: PlaceholderTemplate
        /// Set when the configuration gives a literal that is no string.
        let literal: JSONValue?
    }

    var secrets: [PlaceholderTemplate] = []
    /// Set instead of `secrets` for RS, PS, ES and EdDSA.
    var publicKeys: [PlaceholderTemplate] = []
    var secretEncoding = HMACScheme.SecretEncoding.utf8
    var algorithms: Set<String> = ["HS256"]
    /// Set instead of both: a JSON Web Key Set, or the address of one.
    var keySet: PlaceholderTemplate?
    var issuers: [PlaceholderTemplate] = []
    var audiences: [PlaceholderTemplate] = []
    var leewayMilliseconds: Int64 = 0
    var maxAgeMilliseconds: Int64?
    var claims: [Claim] = []
    var requiredClaims: [String] = []
    var compareWith = PlaceholderTemplate(literal: "")

    /// The algorithms that a shared secret can check.
    static let digests: [String: DigestAlgorithm] = [
        "HS256": .sha256, "HS384": .sha384, "HS512": .sha512,
    ]
}
