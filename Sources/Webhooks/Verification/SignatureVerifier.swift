import Cryptography
import JSON
import Synchronization

/// What came of checking a signature.
enum VerificationOutcome {
    case passed(format: String)
    case refused(RefusalReason)
    case misconfigured(Misconfiguration)
}

/// Checks requests against one scheme. Nothing it gives back holds a secret or an expected value.
final class SignatureVerifier: Sendable {
    let scheme: SignatureScheme
    /// Keyed contexts of secrets seen before, so that a key is set up once, not once a request.
    let keys = KeyCache()
    /// Public keys read before.
    let publicKeys = PublicKeyCache()
    /// Key sets read before.
    let keySets = ParsedKeySets()

    init(_ scheme: SignatureScheme) { self.scheme = scheme }

    func verify(_ scope: PlaceholderScope, nowMilliseconds: Int64) -> VerificationOutcome {
        verify(scheme, scope, nowMilliseconds)
    }

    private func verify(
        _ scheme: SignatureScheme, _ scope: PlaceholderScope, _ now: Int64
    ) -> VerificationOutcome {
        switch scheme {
        case .none: return .passed(format: "none")
        case .hmac(let hmac): return verifyHMAC(hmac, scope, now)
        case .basic(let usernames, let passwords, let compare):
            return verifyBasic(usernames, passwords, compare, scope)
        case .bearer(let secrets, let compare):
            return verifyText(secrets, [compare], scope, format: "bearer", takesSecondWord: true)
        case .token(let secrets, let compare):
            return verifyText(secrets, compare, scope, format: "token", takesSecondWord: false)
        case .jwt(let jwt): return verifyJWT(jwt, scope, now)
        case .publicKey(let scheme, let algorithm, let isRaw):
            return verifyPublicKey(scheme, algorithm, isRaw, scope, now)
        case .all(let schemes):
            for scheme in schemes {
                let outcome = verify(scheme, scope, now)
                guard case .passed = outcome else { return outcome }
            }
            return .passed(format: "all")
        case .any(let schemes): return verifyAny(schemes, scope, now)
        }
    }

    /// One that passes is enough. One whose secret is merely missing does not count while another is
    /// configured.
    private func verifyAny(
        _ schemes: [SignatureScheme], _ scope: PlaceholderScope, _ now: Int64
    ) -> VerificationOutcome {
        var refusal: RefusalReason?
        var missing: Misconfiguration?
        var unavailable: Misconfiguration?
        for scheme in schemes {
            switch verify(scheme, scope, now) {
            case .passed(let format): return .passed(format: format)
            case .refused(let reason):
                if refusal == nil || reason != .missingSignature { refusal = reason }
            case .misconfigured(let problem):
                switch problem.reason {
                case .secretMissing: missing = problem
                // Another branch may pass; if none does, this one could have.
                case .keyUnavailable: unavailable = problem
                default: return .misconfigured(problem)
                }
            }
        }
        if let unavailable { return .misconfigured(unavailable) }
        if let refusal { return .refused(refusal) }
        return missing.map(VerificationOutcome.misconfigured) ?? .refused(.missingSignature)
    }

    // MARK: Secrets and values

    /// The bytes of every configured secret.
    ///
    /// - Throws: `Misconfiguration` when one is missing (and not optional), empty or still a placeholder.
    func secrets(
        _ templates: [PlaceholderTemplate], _ scope: PlaceholderScope, key: String = "secret",
        mayBeEmpty: Bool = false
    ) throws(Misconfiguration) -> [[UInt8]] {
        var secrets: [[UInt8]] = []
        // The request and what a transform made of it can never supply what it is judged by.
        let scope = scope.trusted
        for template in templates {
            switch scope.render(template) {
            case .missing(isOptional: true): continue
            case .missing(isOptional: false): throw Misconfiguration(.secretMissing, key: key)
            case .value(let bytes): secrets.append(bytes)
            case .list(let items): secrets.append(contentsOf: items)
            }
        }
        try Self.check(secrets, key: key)
        if secrets.isEmpty, !mayBeEmpty { throw Misconfiguration(.secretMissing, key: key) }
        return secrets
    }

    private static func check(_ secrets: [[UInt8]], key: String) throws(Misconfiguration) {
        for secret in secrets {
            if secret.isEmpty { throw Misconfiguration(.secretEmpty, key: key) }
            // An unresolved `{{…}}` in a value would be a key that anybody can read in the file.
            if secret.starts(with: "{{".utf8), secret.suffix(2).elementsEqual("}}".utf8) {
                throw Misconfiguration(.secretIsPlaceholder, key: key)
            }
        }
    }

    /// The keys of secrets that are written out.
    ///
    /// - Throws: `Misconfiguration` when there is none, or when one cannot be used.
    static func checkedKeys(
        _ secrets: [[UInt8]], _ encoding: HMACScheme.SecretEncoding
    ) throws(Misconfiguration) -> [[UInt8]] {
        try check(secrets, key: "secret")
        if secrets.isEmpty { throw Misconfiguration(.secretMissing, key: "secret") }
        return try decode(secrets, encoding)
    }

    /// The keys that checked secrets' texts stand for.
    static func decode(
        _ secrets: [[UInt8]], _ encoding: HMACScheme.SecretEncoding
    ) throws(Misconfiguration) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        for secret in secrets {
            guard let key = key(secret, encoding), !key.isEmpty else {
                throw Misconfiguration(.secretMalformed, key: "secret")
            }
            keys.append(key)
        }
        return keys
    }

    /// The values to compare with; empty when every one is missing or empty.
    func values(_ templates: [PlaceholderTemplate], _ scope: PlaceholderScope) -> [[UInt8]] {
        var values: [[UInt8]] = []
        for template in templates {
            switch scope.render(template) {
            case .value(let bytes): if !bytes.isEmpty { values.append(bytes) }
            case .list(let items): values.append(contentsOf: items.filter { !$0.isEmpty })
            case .missing: continue
            }
        }
        return values
    }

    /// The second of two words: `Bearer TOKEN`.
    static func secondWord(_ value: [UInt8]) -> [UInt8]? {
        let words = value.split(separator: 0x20)
        return words.count == 2 ? Array(words[1]) : nil
    }

    // MARK: Static values

    private func verifyText(
        _ templates: [PlaceholderTemplate], _ compare: [PlaceholderTemplate],
        _ scope: PlaceholderScope, format: String, takesSecondWord: Bool
    ) -> VerificationOutcome {
        do throws(Misconfiguration) {
            let secrets = try secrets(templates, scope)
            let given = values(compare, scope)
            if given.isEmpty { return .refused(.missingSignature) }
            let candidates = takesSecondWord ? given.compactMap(Self.secondWord) : given
            if candidates.isEmpty { return .refused(.malformedSignature) }
            // Every pair is compared, so that the time does not tell which one matched.
            var matches = false
            for candidate in candidates {
                for secret in secrets where constantTimeEquals(candidate, secret) { matches = true }
            }
            return matches ? .passed(format: format) : .refused(.signatureMismatch)
        } catch {
            return .misconfigured(error)
        }
    }

    private func verifyBasic(
        _ usernames: [PlaceholderTemplate], _ passwords: [PlaceholderTemplate],
        _ compare: PlaceholderTemplate, _ scope: PlaceholderScope
    ) -> VerificationOutcome {
        do throws(Misconfiguration) {
            let names = try secrets(usernames, scope, key: "username")
            let words = try secrets(passwords, scope, key: "password")
            guard let given = values([compare], scope).first else {
                return .refused(.missingSignature)
            }
            guard let token = Self.secondWord(given),
                Encodings.decodeBase64(token.span) != nil
            else { return .refused(.malformedSignature) }
            var matches = false
            for (place, word) in words.enumerated() {
                let name = names.count == 1 ? names[0] : names[min(place, names.count - 1)]
                let expected = Encodings.encodeBase64(name + [UInt8(ascii: ":")] + word)
                if constantTimeEquals(token, expected) { matches = true }
            }
            return matches ? .passed(format: "basic") : .refused(.signatureMismatch)
        } catch {
            return .misconfigured(error)
        }
    }
}

/// HMAC contexts by algorithm and key.
final class KeyCache: Sendable {
    private struct Entry {
        let algorithm: DigestAlgorithm
        let key: [UInt8]
        let context: HMAC
    }
    private let entries = Mutex<[Entry]>([])
    /// More keys than this are set up anew each time: an account's key each, not a flood of them.
    private static let entriesMax = 256

    /// The context of a key; nil when OpenSSL has no such algorithm.
    func context(_ algorithm: DigestAlgorithm, _ key: [UInt8]) -> HMAC? {
        let known = entries.withLock { entries in
            entries.first { $0.algorithm == algorithm && constantTimeEquals($0.key, key) }?.context
        }
        if let known { return known }
        guard let context = try? HMAC(algorithm, key: Secret(key)) else { return nil }
        entries.withLock { entries in
            if entries.count >= Self.entriesMax { entries.removeFirst() }
            entries.append(Entry(algorithm: algorithm, key: key, context: context))
        }
        return context
    }
}

/// Public keys by the text they are configured with: reading PEM and checking a point is slow.
final class PublicKeyCache: Sendable {
    private let entries = Mutex<[[UInt8]: PublicKey]>([:])
    private static let entriesMax = 256

    /// The key of a text; nil when it is none.
    func key(_ text: [UInt8]) -> PublicKey? {
        if let known = entries.withLock({ $0[text] }) { return known }
        guard let key = try? PublicKey(text: String(decoding: text, as: UTF8.self)) else {
            return nil
        }
        entries.withLock { entries in
            if entries.count >= Self.entriesMax { entries.removeAll() }
            entries[text] = key
        }
        return key
    }
}
