import Cryptography
import JSON

extension SignatureVerifier {
    /// A JSON Web Token in compact form (RFC 7515 §3.1): the signature first, then the claims.
    func verifyJWT(
        _ scheme: JWTScheme, _ scope: PlaceholderScope, _ now: Int64
    ) -> VerificationOutcome {
        do throws(Misconfiguration) {
            guard let given = values([scheme.compareWith], scope).first else {
                return .refused(.missingSignature)
            }
            let words = given.split(separator: 0x20)
            guard words.count == 1 || words.count == 2, let token = words.last else {
                return .refused(.tokenMalformed)
            }
            let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            guard parts.count == 3, !parts[2].isEmpty,
                let header = Self.object(Array(parts[0])),
                let signature = Encodings.decodeBase64URL(Array(parts[2]).span, padding: .forbidden)
            else { return .refused(.tokenMalformed) }
            // RFC 7515 §4.1.11: an extension that is critical and not understood refuses the token.
            guard header["crit"] == nil, header["b64"] == nil else {
                return .refused(.tokenMalformed)
            }
            guard let name = header["alg"]?.stringValue, scheme.algorithms.contains(name) else {
                return .refused(.algorithmNotAllowed)
            }
            let signed = Array(given[token.startIndex..<parts[1].endIndex])
            let matches = try check(name, signature, signed, scheme, scope)
            guard matches else { return .refused(.signatureMismatch) }
            guard let claims = Self.object(Array(parts[1])) else {
                return .refused(.tokenMalformed)
            }
            if let refusal = check(claims, scheme, scope, now) { return .refused(refusal) }
            return .passed(format: "jwt")
        } catch {
            return .misconfigured(error)
        }
    }

    /// True when one of the configured keys made the signature. The kind of key is the configuration's,
    /// never the token's.
    private func check(
        _ name: String, _ signature: [UInt8], _ signed: [UInt8], _ scheme: JWTScheme,
        _ scope: PlaceholderScope
    ) throws(Misconfiguration) -> Bool {
        var matches = false
        if scheme.publicKeys.isEmpty {
            for text in try secrets(scheme.secrets, scope) {
                guard let key = Self.key(text, scheme.secretEncoding), !key.isEmpty else {
                    throw Misconfiguration(.secretMalformed, key: "secret")
                }
                guard let algorithm = JWTScheme.digests[name],
                    let expected = try? keys.context(algorithm, key)?.authenticate(signed)
                else { throw Misconfiguration(.algorithmUnavailable, key: "algorithms") }
                if constantTimeEquals(signature, expected) { matches = true }
            }
            return matches
        }
        for text in try secrets(scheme.publicKeys, scope, key: "public_key") {
            guard let key = try? PublicKey(text: String(decoding: text, as: UTF8.self)),
                let algorithm = SignatureAlgorithm(joseName: name)
            else { throw Misconfiguration(.keyMalformed, key: "public_key") }
            if key.verify(algorithm, signature, of: signed, isRaw: true) { matches = true }
        }
        return matches
    }

    private static func object(_ part: [UInt8]) -> JSONValue? {
        guard let bytes = Encodings.decodeBase64URL(part.span, padding: .forbidden),
            let value = try? JSONValue(parsing: bytes), value.kind == .object
        else { return nil }
        return value
    }

    /// A NumericDate (RFC 7519 §2) in milliseconds; nil when it is absent, an error when it is no number.
    private static func time(_ claims: JSONValue, _ name: String) -> Result<Int64?, RefusalReason> {
        guard let claim = claims[name] else { return .success(nil) }
        guard let seconds = claim.doubleValue, seconds.magnitude < 1e14 else {
            return .failure(.tokenMalformed)
        }
        return .success(Int64(seconds * 1000))
    }

    private func check(
        _ claims: JSONValue, _ scheme: JWTScheme, _ scope: PlaceholderScope, _ now: Int64
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
        for name in scheme.requiredClaims where claims[name] == nil { return .claimMismatch }
        if !scheme.issuers.isEmpty {
            guard let issuer = claims["iss"]?.stringValue,
                scheme.issuers.contains(where: { $0.utf8.elementsEqual(issuer.utf8) })
            else { return .issuerMismatch }
        }
        if !scheme.audiences.isEmpty {
            let claim = claims["aud"] ?? .null
            let given = (claim.arrayValue ?? [claim]).compactMap(\.stringValue)
            guard
                given.contains(where: { one in
                    scheme.audiences.contains { $0.utf8.elementsEqual(one.utf8) }
                })
            else { return .audienceMismatch }
        }
        return checkClaims(claims, scheme, scope)
    }

    private func checkClaims(
        _ claims: JSONValue, _ scheme: JWTScheme, _ scope: PlaceholderScope
    ) -> RefusalReason? {
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
