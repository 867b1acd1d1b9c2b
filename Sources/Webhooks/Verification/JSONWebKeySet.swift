import Cryptography
import JSON

/// Keys as RFC 7517 writes them. Members that no signature can be checked with are left out; a set
/// that mixes shared secrets with public keys is refused, since that is how a public key comes to
/// be used as an HMAC secret.
struct JSONWebKeySet: Sendable {
    struct Key: Sendable {
        enum Material: Sendable {
            case secret([UInt8])
            case publicKey(PublicKey)
        }

        let identifier: String?
        /// The one algorithm that the key is for, when it says.
        let algorithm: String?
        let material: Material

        /// A key that is configured by itself: for any algorithm of its kind.
        init(material: Material) {
            identifier = nil
            algorithm = nil
            self.material = material
        }

        /// A token that names its key is checked with the keys of that name, or with those that
        /// have none.
        func answers(to name: String?) -> Bool {
            guard let name, let identifier else { return true }
            return identifier.utf8.elementsEqual(name.utf8)
        }
    }

    let keys: [Key]

    /// Keys that were configured one by one.
    init(keys: [Key]) { self.keys = keys }

    /// A set (`{"keys": […]}`) or a single key; nil when it is neither or mixes kinds.
    init?(_ value: JSONValue) {
        guard value.kind == .object else { return nil }
        keys = (value["keys"]?.arrayValue ?? [value]).compactMap(Key.init)
        let secrets = keys.filter { if case .secret = $0.material { true } else { false } }
        if !secrets.isEmpty, secrets.count != keys.count { return nil }
    }

    /// Reads a document; nil when it is no set or holds no key to check with.
    init?(document: [UInt8]) {
        guard let value = try? JSONValue(parsing: document), let set = JSONWebKeySet(value),
            !set.keys.isEmpty
        else { return nil }
        self = set
    }

    /// The keys that may have made a token's signature.
    func candidates(_ token: JSONWebSignature) -> [Key] {
        keys.filter { key in
            key.answers(to: token.keyIdentifier)
                && key.algorithm.map { $0 == token.algorithm } ?? true
        }
    }
}

extension JSONWebKeySet.Key {
    init?(_ value: JSONValue) {
        // RFC 7517 §4.2, §4.3.
        if let use = value["use"]?.stringValue, use != "sig" { return nil }
        if let operations = value["key_ops"]?.arrayValue,
            !operations.contains(where: { $0.stringValue == "verify" || $0.stringValue == "sign" })
        {
            return nil
        }
        func bytes(_ name: String) -> [UInt8]? {
            value[name]?.stringValue.flatMap {
                Encodings.decodeBase64URL($0, padding: .forbidden)
            }
        }
        identifier = value["kid"]?.stringValue
        algorithm = value["alg"]?.stringValue
        switch value["kty"]?.stringValue {
        case "oct":
            // RFC 7518 §3.2: at least as long as the digest. 32 bytes is the shortest of them.
            let least = algorithm.flatMap { JWTScheme.digests[$0]?.byteCount } ?? 32
            guard let secret = bytes("k"), secret.count >= least else { return nil }
            material = .secret(secret)
        case "RSA":
            guard let modulus = bytes("n"), let exponent = bytes("e"),
                let key = try? PublicKey(rsaModulus: modulus, exponent: exponent)
            else { return nil }
            material = .publicKey(key)
        case "EC":
            guard let curve = value["crv"]?.stringValue.flatMap(PublicKey.Curve.init(rawValue:)),
                let x = bytes("x"), let y = bytes("y"),
                let key = try? PublicKey(curve: curve, x: x, y: y)
            else { return nil }
            material = .publicKey(key)
        case "OKP":
            guard value["crv"]?.stringValue == "Ed25519", let x = bytes("x"),
                let key = try? PublicKey(ed25519: x)
            else { return nil }
            material = .publicKey(key)
        default: return nil
        }
    }
}
