import Cryptography

/// `hmac`, `digest` (the same without a key) and `public_key` (keys instead of secrets).
final class HMACScheme: Sendable {
    enum TextEncoding: String, Sendable, CaseIterable {
        case hex
        case base64
        case base64url
    }
    enum SecretEncoding: String, Sendable, CaseIterable {
        case utf8
        case base64
        case base64url
        case hex
        case whsec
    }
    enum TimestampFormat: String, Sendable, CaseIterable {
        case unix
        case unixMilliseconds = "unix_ms"
        case iso8601
    }

    /// What says how old a delivery is, and how old it may be.
    struct Timestamp: Sendable {
        let template: PlaceholderTemplate
        let format: TimestampFormat
        let toleranceMilliseconds: Int64
    }

    let isDigest: Bool
    let algorithm: DigestAlgorithm
    let secrets: [PlaceholderTemplate]
    let secretEncoding: SecretEncoding
    let signedStrings: [PlaceholderTemplate]
    let compareWith: [PlaceholderTemplate]
    let encoding: TextEncoding
    let split: String?
    let prefix: String
    let timestamp: Timestamp?
    /// What makes the codes, when it is the same for every request: of secrets that are written out in the
    /// configuration, all of which can be used. Nil otherwise, for digests and public keys, and when
    /// OpenSSL has no such algorithm.
    let fixedContexts: [HMAC]?

    /// - Parameter isPublicKey: `secrets` are public keys.
    init(
        isDigest: Bool, isPublicKey: Bool, algorithm: DigestAlgorithm,
        secrets: [PlaceholderTemplate],
        secretEncoding: SecretEncoding, signedStrings: [PlaceholderTemplate],
        compareWith: [PlaceholderTemplate], encoding: TextEncoding, split: String?, prefix: String,
        timestamp: Timestamp?
    ) {
        self.isDigest = isDigest
        self.algorithm = algorithm
        self.secrets = secrets
        self.secretEncoding = secretEncoding
        self.signedStrings = signedStrings
        self.compareWith = compareWith
        self.encoding = encoding
        self.split = split
        self.prefix = prefix
        self.timestamp = timestamp
        let literals = secrets.compactMap(\.literal)
        if isDigest || isPublicKey || literals.count < secrets.count {
            fixedContexts = nil
        } else {
            fixedContexts = try? SignatureVerifier.checkedKeys(literals, secretEncoding)
                .map { try HMAC(algorithm, key: Secret($0)) }
        }
    }
}
