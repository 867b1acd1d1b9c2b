import Cryptography
import JSON

/// A JSON Web Signature in compact form (RFC 7515 §3.1), taken apart but not yet believed.
struct JSONWebSignature {
    let algorithm: String
    let keyIdentifier: String?
    /// The header and the payload as they were signed, with the dot between them.
    let signed: [UInt8]
    let payload: [UInt8]
    let signature: [UInt8]

    /// Takes a token apart; nil for anything but three parts of strict base64url, the first a JSON
    /// object with `alg`, and none of the extensions that must be understood.
    init?(_ token: ArraySlice<UInt8>) {
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[2].isEmpty,
            let header = Self.decode(parts[0]).flatMap({ try? JSONValue(parsing: $0) }),
            header.kind == .object, let algorithm = header["alg"]?.stringValue,
            let payload = Self.decode(parts[1]), let signature = Self.decode(parts[2]),
            // RFC 7515 §4.1.11 and RFC 7797 §3: an extension that changes what is signed.
            header["crit"] == nil, header["b64"] == nil
        else { return nil }
        if let identifier = header["kid"], identifier.stringValue == nil { return nil }
        self.algorithm = algorithm
        keyIdentifier = header["kid"]?.stringValue
        signed = Array(token[parts[0].startIndex..<parts[1].endIndex])
        self.payload = payload
        self.signature = signature
    }

    private static func decode(_ part: ArraySlice<UInt8>) -> [UInt8]? {
        Encodings.decodeBase64URL(part.span, padding: .forbidden)
    }

    /// True when the key made the signature. The kind of the key decides what may be computed: a
    /// public key is never an HMAC secret, whatever the token's header says.
    func isSigned(by key: JSONWebKeySet.Key.Material, contexts: KeyCache) -> Bool {
        switch key {
        case .secret(let secret):
            guard let digest = JWTScheme.digests[algorithm],
                let expected = try? contexts.context(digest, secret)?.authenticate(signed)
            else { return false }
            return constantTimeEquals(signature, expected)
        case .publicKey(let key):
            guard let known = SignatureAlgorithm(joseName: algorithm) else { return false }
            // RFC 7518 §3.4: ECDSA signatures are r and s, not DER.
            return key.verify(known, signature, of: signed, isRaw: true)
        }
    }
}
