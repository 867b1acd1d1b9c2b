private import COpenSSL

/// Algorithms of public-key signatures.
package enum SignatureAlgorithm: String, Sendable, CaseIterable {
    case ed25519
    case ecdsaP256SHA256 = "ecdsa-p256-sha256"
    case ecdsaP256SHA1 = "ecdsa-p256-sha1"
    case ecdsaP384SHA384 = "ecdsa-p384-sha384"
    case ecdsaP521SHA512 = "ecdsa-p521-sha512"
    case rsaSHA1 = "rsa-sha1"
    case rsaSHA256 = "rsa-sha256"
    case rsaSHA384 = "rsa-sha384"
    case rsaSHA512 = "rsa-sha512"
    case rsaPSSSHA256 = "rsa-pss-sha256"
    case rsaPSSSHA384 = "rsa-pss-sha384"
    case rsaPSSSHA512 = "rsa-pss-sha512"

    /// The algorithm of a JOSE name (RFC 7518 §3.1, RFC 8037 §3.1), or nil.
    package init?(joseName: String) {
        switch joseName {
        case "RS256": self = .rsaSHA256
        case "RS384": self = .rsaSHA384
        case "RS512": self = .rsaSHA512
        case "PS256": self = .rsaPSSSHA256
        case "PS384": self = .rsaPSSSHA384
        case "PS512": self = .rsaPSSSHA512
        case "ES256": self = .ecdsaP256SHA256
        case "ES384": self = .ecdsaP384SHA384
        case "ES512": self = .ecdsaP521SHA512
        case "EdDSA": self = .ed25519
        default: return nil
        }
    }

    var isPSS: Bool { rawValue.hasPrefix("rsa-pss") }
    /// Bytes of each of r and s in a raw ECDSA signature (IEEE P1363); nil for anything else.
    package var coordinateBytes: Int? {
        switch self {
        case .ecdsaP256SHA256, .ecdsaP256SHA1: 32
        case .ecdsaP384SHA384: 48
        case .ecdsaP521SHA512: 66
        default: nil
        }
    }
    fileprivate var digestName: String? {
        switch self {
        case .ed25519: nil
        case .ecdsaP256SHA1, .rsaSHA1: "SHA1"
        case .ecdsaP256SHA256, .rsaSHA256, .rsaPSSSHA256: "SHA256"
        case .ecdsaP384SHA384, .rsaSHA384, .rsaPSSSHA384: "SHA384"
        case .ecdsaP521SHA512, .rsaSHA512, .rsaPSSSHA512: "SHA512"
        }
    }
    /// What OpenSSL calls the key, and the curve's name.
    fileprivate var keyType: String {
        switch self {
        case .ed25519: "ED25519"
        case .ecdsaP256SHA1, .ecdsaP256SHA256, .ecdsaP384SHA384, .ecdsaP521SHA512: "EC"
        default: "RSA"
        }
    }
    fileprivate var curve: String? {
        switch self {
        case .ecdsaP256SHA1, .ecdsaP256SHA256: "prime256v1"
        case .ecdsaP384SHA384: "secp384r1"
        case .ecdsaP521SHA512: "secp521r1"
        default: nil
        }
    }
}

/// A public key that checks signatures. The kind of key must fit the algorithm.
@safe package final class PublicKey: @unchecked Sendable {
    // An EVP_PKEY is not written after `init`; OpenSSL counts references atomically.
    private let handle: OpaquePointer

    private init(takingOwnershipOf handle: OpaquePointer) { unsafe self.handle = handle }

    deinit { unsafe EVP_PKEY_free(handle) }

    /// A key as vendors publish it: PEM (a key or a certificate, line breaks or none), or hex or base64 of
    /// SubjectPublicKeyInfo or of the 32 bytes of an Ed25519 key (with `whpk_` or without).
    ///
    /// - Throws: `CryptographyError` when it is none of these.
    package convenience init(text: String) throws(CryptographyError) {
        if text.contains("-----BEGIN") {
            try self.init(pem: text)
            return
        }
        let body = text.hasPrefix("whpk_") ? String(text.dropFirst(5)) : text
        let compact = body.filter { !$0.isWhitespace }
        guard
            let bytes = Encodings.decodeHex(compact)
                ?? Encodings.decodeBase64(compact, padding: .optional)
        else { throw CryptographyError(.malformedKey, operation: "public key") }
        if bytes.count == 32 {
            try self.init(ed25519: bytes)
        } else {
            try self.init(der: bytes)
        }
    }

    private convenience init(pem: String) throws(CryptographyError) {
        // Labels may be wrapped in spaces instead of line breaks: only what lies between them counts.
        let parts = pem.split(separator: "-----", omittingEmptySubsequences: true)
            .map(String.init).filter { !$0.allSatisfy(\.isWhitespace) }
        guard parts.count >= 2, let label = parts.first, label.hasPrefix("BEGIN "),
            let der = Encodings.decodeBase64(
                parts[1].filter { !$0.isWhitespace }, padding: .optional)
        else { throw CryptographyError(.malformedKey, operation: "PEM") }
        switch label.dropFirst(6) {
        case "PUBLIC KEY": try self.init(der: der)
        case "RSA PUBLIC KEY": try self.init(pkcs1: der)
        case "CERTIFICATE": try self.init(certificate: der)
        default: throw CryptographyError(.unsupportedKey, operation: "PEM \(label)")
        }
    }

    /// SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
    package convenience init(der: [UInt8]) throws(CryptographyError) {
        let handle = unsafe der.withUnsafeBufferPointer { bytes in
            var cursor = bytes.baseAddress
            return unsafe d2i_PUBKEY(nil, &cursor, bytes.count)
        }
        guard let handle = unsafe handle else {
            throw .draining(.malformedKey, operation: "d2i_PUBKEY")
        }
        unsafe self.init(takingOwnershipOf: handle)
    }

    private convenience init(pkcs1: [UInt8]) throws(CryptographyError) {
        let handle = unsafe pkcs1.withUnsafeBufferPointer { bytes in
            var cursor = bytes.baseAddress
            return unsafe d2i_PublicKey(EVP_PKEY_RSA, nil, &cursor, bytes.count)
        }
        guard let handle = unsafe handle else {
            throw .draining(.malformedKey, operation: "d2i_PublicKey")
        }
        unsafe self.init(takingOwnershipOf: handle)
    }

    private convenience init(certificate: [UInt8]) throws(CryptographyError) {
        let handle = unsafe certificate.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var cursor = bytes.baseAddress
            guard let parsed = unsafe d2i_X509(nil, &cursor, bytes.count) else { return nil }
            defer { unsafe X509_free(parsed) }
            return unsafe X509_get_pubkey(parsed)
        }
        guard let handle = unsafe handle else {
            throw .draining(.malformedKey, operation: "d2i_X509")
        }
        unsafe self.init(takingOwnershipOf: handle)
    }

    /// The 32 bytes of RFC 8032 §5.1.5.
    package convenience init(ed25519 bytes: [UInt8]) throws(CryptographyError) {
        let handle = unsafe bytes.withUnsafeBufferPointer {
            unsafe EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, $0.baseAddress, $0.count)
        }
        guard bytes.count == 32, let handle = unsafe handle else {
            throw .draining(.malformedKey, operation: "Ed25519 key")
        }
        unsafe self.init(takingOwnershipOf: handle)
    }

    /// True when the key is of the algorithm's kind and, for ECDSA, on its curve.
    package func fits(_ algorithm: SignatureAlgorithm) -> Bool {
        guard unsafe EVP_PKEY_is_a(handle, algorithm.keyType) == 1 else { return false }
        guard let curve = algorithm.curve else { return true }
        var name = [CChar](repeating: 0, count: 64)
        var length = 0
        guard unsafe EVP_PKEY_get_group_name(handle, &name, name.count, &length) == 1 else {
            return false
        }
        return String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            == curve
    }

    /// True when `signature` is the algorithm's over `message`. ECDSA signatures may be DER or, where
    /// `isRaw`, r and s one after the other.
    package func verify(
        _ algorithm: SignatureAlgorithm, _ signature: [UInt8], of message: [UInt8],
        isRaw: Bool = false
    ) -> Bool {
        guard fits(algorithm) else { return false }
        var signature = signature
        if isRaw, let size = algorithm.coordinateBytes {
            guard signature.count == 2 * size else { return false }
            // ECDSA-Sig-Value (RFC 3279 §2.2.3).
            signature = DER.sequence(
                DER.unsignedInteger(signature[..<size]) + DER.unsignedInteger(signature[size...]))
        }
        defer { CryptographyError.discardQueue() }
        guard let context = unsafe EVP_MD_CTX_new() else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        var parameters: OpaquePointer?
        guard
            unsafe EVP_DigestVerifyInit_ex(
                context, &parameters, algorithm.digestName, nil, nil, handle, nil) == 1
        else { return false }
        if algorithm.isPSS {
            guard unsafe EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1,
                // RFC 7518 §3.5: the salt is as long as the digest.
                unsafe EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1
            else { return false }
        }
        return unsafe signature.withUnsafeBufferPointer { one in
            unsafe message.withUnsafeBufferPointer { two in
                unsafe EVP_DigestVerify(
                    context, one.baseAddress, one.count, two.baseAddress, two.count) == 1
            }
        }
    }
}
