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
    /// The keys, when they are the same for every request: those of secrets written out in the
    /// configuration, all of which can be used.
    let fixedKeys: [[UInt8]]?
    /// What those keys make codes with; nil for a digest, and when OpenSSL has no such algorithm.
    let fixedContexts: [HMAC]?

    init(
        isDigest: Bool, algorithm: DigestAlgorithm, secrets: [PlaceholderTemplate],
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
        let keys =
            literals.count == secrets.count
            ? try? SignatureVerifier.keys(of: literals, secretEncoding) : nil
        fixedKeys = keys
        fixedContexts =
            isDigest ? nil : try? keys?.map { try HMAC(algorithm, key: Secret($0)) }
    }
}
