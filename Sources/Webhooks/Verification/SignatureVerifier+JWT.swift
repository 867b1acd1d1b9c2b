import Cryptography
import JSON

extension SignatureVerifier {
    /// A JSON Web Token (RFC 7519): the signature first, then the claims.
    func verifyJWT(
        _ scheme: JWTScheme, _ scope: PlaceholderScope, _ now: Int64
    ) -> VerificationOutcome {
        do throws(Misconfiguration) {
            // Before the token is looked at: a missing key is ours to report, whatever is sent.
            let keys = try keys(scheme, scope.trusted)
            let audiences = try names(scheme.audiences, scope, "audience")
            let issuers = try names(scheme.issuers, scope, "issuer")
            guard let given = values([scheme.compareWith], scope).first else {
                return .refused(.missingSignature)
            }
            let words = given.split(separator: 0x20)
            guard words.count == 1 || words.count == 2, let word = words.last,
                let token = JSONWebSignature(word)
            else { return .refused(.tokenMalformed) }
            guard scheme.algorithms.contains(token.algorithm) else {
                return .refused(.algorithmNotAllowed)
            }
            var candidates = keys.candidates(token)
            if candidates.isEmpty, let newer = try newerKeySet(scheme, scope.trusted) {
                candidates = newer.candidates(token)
            }
            if candidates.isEmpty { return .refused(.unknownKey) }
            let contexts = self.keys
            guard
                candidates.contains(where: { token.isSigned(by: $0.material, contexts: contexts) })
            else { return .refused(.signatureMismatch) }
            guard let claims = try? JSONValue(parsing: token.payload), claims.kind == .object
            else { return .refused(.tokenMalformed) }
            if let refusal = checkTimes(claims, scheme, now)
                ?? checkParties(claims, issuers: issuers, audiences: audiences)
                ?? checkClaims(claims, scheme, scope)
            {
                return .refused(refusal)
            }
            return .passed(format: "jwt")
        } catch {
            return .misconfigured(error)
        }
    }

    /// The configured keys, whichever way they are given.
    private func keys(
        _ scheme: JWTScheme, _ scope: PlaceholderScope
    ) throws(Misconfiguration) -> JSONWebKeySet {
        if let keySet = scheme.keySet { return try self.keySet(keySet, scope) }
        var keys: [JSONWebKeySet.Key] = []
        for text in try secrets(scheme.publicKeys, scope, key: "public_key", mayBeEmpty: true) {
            guard let key = publicKeys.key(text) else {
                throw Misconfiguration(.keyMalformed, key: "public_key")
            }
            keys.append(.init(material: .publicKey(key)))
        }
        for text in try secrets(scheme.secrets, scope, mayBeEmpty: true) {
            guard let key = Self.key(text, scheme.secretEncoding), !key.isEmpty else {
                throw Misconfiguration(.secretMalformed, key: "secret")
            }
            keys.append(.init(material: .secret(key)))
        }
        if keys.isEmpty {
            throw Misconfiguration(
                .secretMissing, key: scheme.publicKeys.isEmpty ? "secret" : "public_key")
        }
        return JSONWebKeySet(keys: keys)
    }

    /// Keys inline, or of an address whose set is kept elsewhere.
    private func keySet(
        _ template: PlaceholderTemplate, _ scope: PlaceholderScope
    ) throws(Misconfiguration) -> JSONWebKeySet {
        let text = try keySetText(template, scope)
        guard let address = Self.address(text) else {
            return try keySets.set(named: String(decoding: text, as: UTF8.self), text)
        }
        guard let document = scope.context.keySet(address, .current) else {
            throw Misconfiguration(.keyUnavailable, key: "jwks")
        }
        return try keySets.set(named: address, document)
    }

    /// A set fetched after the one at hand, for a token whose key is not in that; nil when there is
    /// none (yet): the source is told that one is wanted.
    private func newerKeySet(
        _ scheme: JWTScheme, _ scope: PlaceholderScope
    ) throws(Misconfiguration) -> JSONWebKeySet? {
        guard let template = scheme.keySet,
            let address = Self.address(try keySetText(template, scope)),
            let document = scope.context.keySet(address, .newer)
        else { return nil }
        return try keySets.set(named: address, document)
    }

    private func keySetText(
        _ template: PlaceholderTemplate, _ scope: PlaceholderScope
    ) throws(Misconfiguration) -> [UInt8] {
        guard case .value(let bytes) = scope.render(template), !bytes.isEmpty else {
            throw Misconfiguration(.secretMissing, key: "jwks")
        }
        // Files are named by the integration itself, never by a value of a context.
        if bytes.starts(with: "file:".utf8), !template.placeholders.isEmpty {
            throw Misconfiguration(.keyMalformed, key: "jwks")
        }
        return bytes
    }

    /// The address that a `jwks` value is; nil when it is a set itself.
    private static func address(_ text: [UInt8]) -> String? {
        text.first == UInt8(ascii: "{") ? nil : String(decoding: text, as: UTF8.self)
    }

    /// Who may have issued a token, and for whom. A configured name that has no value would let
    /// anybody's token in.
    private func names(
        _ templates: [PlaceholderTemplate], _ scope: PlaceholderScope, _ key: String
    ) throws(Misconfiguration) -> [String] {
        let names = values(templates, scope)
        if names.isEmpty, !templates.isEmpty { throw Misconfiguration(.secretMissing, key: key) }
        return names.map { String(decoding: $0, as: UTF8.self) }
    }

    /// A NumericDate (RFC 7519 §2) in milliseconds; nil when it is absent, an error when it is no number.
    private static func time(_ claims: JSONValue, _ name: String) -> Result<Int64?, RefusalReason> {
        guard let claim = claims[name] else { return .success(nil) }
        guard let seconds = claim.doubleValue, seconds.magnitude < 1e14 else {
            return .failure(.tokenMalformed)
        }
        return .success(Int64(seconds * 1000))
    }

    private func checkTimes(
        _ claims: JSONValue, _ scheme: JWTScheme, _ now: Int64
    ) -> RefusalReason? {
        do throws(RefusalReason) {
            let leeway = scheme.leewayMilliseconds
            if let expires = try Self.time(claims, "exp").get(), now >= expires + leeway {
                return .tokenExpired
            }
            if let start = try Self.time(claims, "nbf").get(), now < start - leeway {
                return .tokenNotYetValid
            }
            let issued = try Self.time(claims, "iat").get()
            if let issued, now < issued - leeway { return .tokenNotYetValid }
            if let age = scheme.maxAgeMilliseconds {
                guard let issued else { return .claimMismatch }
                if now - issued > age + leeway { return .tokenTooOld }
            }
        } catch {
            return error
        }
        return nil
    }

    private func checkParties(
        _ claims: JSONValue, issuers: [String], audiences: [String]
    ) -> RefusalReason? {
        if !issuers.isEmpty {
            guard let issuer = claims["iss"]?.stringValue,
                issuers.contains(where: { $0.utf8.elementsEqual(issuer.utf8) })
            else { return .issuerMismatch }
        }
        if !audiences.isEmpty {
            let claim = claims["aud"] ?? .null
            let given = (claim.arrayValue ?? [claim]).compactMap(\.stringValue)
            guard
                given.contains(where: { one in
                    audiences.contains { $0.utf8.elementsEqual(one.utf8) }
                })
            else { return .audienceMismatch }
        }
        return nil
    }

    private func checkClaims(
        _ claims: JSONValue, _ scheme: JWTScheme, _ scope: PlaceholderScope
    ) -> RefusalReason? {
        for name in scheme.requiredClaims where claims[name] == nil { return .claimMismatch }
        for wanted in scheme.claims {
            if let literal = wanted.literal {
                guard claims[wanted.name] == literal else { return .claimMismatch }
                continue
            }
            switch scope.render(wanted.value) {
            case .missing(isOptional: true):
                // `:undefined`: what is not there must not be claimed either.
                if claims[wanted.name] != nil { return .claimMismatch }
            case .missing(isOptional: false), .list: return .claimMismatch
            case .value(let bytes):
                guard let given = claims[wanted.name]?.stringValue,
                    constantTimeEquals(Array(given.utf8), bytes)
                else { return .claimMismatch }
            }
        }
        return nil
    }
}
