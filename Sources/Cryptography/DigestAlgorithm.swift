private import COpenSSL

/// The digests of signatures, by the names the configuration uses.
package enum DigestAlgorithm: String, Sendable, CaseIterable {
    case md5
    case sha1
    case sha224
    case sha256
    case sha384
    case sha512
    case sha3x224 = "sha3-224"
    case sha3x256 = "sha3-256"
    case sha3x384 = "sha3-384"
    case sha3x512 = "sha3-512"

    /// The algorithm of a name such as `sha256`, `SHA-256` or `sha3-512`; nil when unknown.
    package init?(name: String) {
        let lower = name.lowercased()
        if let exact = DigestAlgorithm(rawValue: lower) {
            self = exact
            return
        }
        // "SHA-256" is how WebCrypto and the RFCs spell it. "sha-3-256" is nobody's name.
        guard lower.hasPrefix("sha-"), lower.dropFirst(4).allSatisfy(\.isNumber),
            let plain = DigestAlgorithm(rawValue: "sha" + lower.dropFirst(4))
        else { return nil }
        self = plain
    }

    /// The digest's length in bytes.
    package var byteCount: Int {
        switch self {
        case .md5: 16
        case .sha1: 20
        case .sha224, .sha3x224: 28
        case .sha256, .sha3x256: 32
        case .sha384, .sha3x384: 48
        case .sha512, .sha3x512: 64
        }
    }

    /// Below SHA-1: collisions are cheap. HMAC is not broken by that, yet a new integration
    /// should not choose it.
    package var isWeak: Bool { self == .md5 }

    /// OpenSSL's name.
    var libraryName: String {
        switch self {
        case .md5: "MD5"
        case .sha1: "SHA1"
        case .sha224: "SHA2-224"
        case .sha256: "SHA2-256"
        case .sha384: "SHA2-384"
        case .sha512: "SHA2-512"
        case .sha3x224: "SHA3-224"
        case .sha3x256: "SHA3-256"
        case .sha3x384: "SHA3-384"
        case .sha3x512: "SHA3-512"
        }
    }

    /// The fetched implementation: fetched once for the process, since a fetch takes locks and
    /// parses property strings.
    var implementation: DigestImplementation? { DigestImplementation.all[self] ?? nil }
}

/// An `EVP_MD` that was fetched explicitly.
@safe final class DigestImplementation: @unchecked Sendable {
    // Sendable: an EVP_MD is immutable after the fetch; OpenSSL counts references atomically.
    let handle: OpaquePointer

    static let all: [DigestAlgorithm: DigestImplementation?] = Dictionary(
        uniqueKeysWithValues: DigestAlgorithm.allCases.map { ($0, DigestImplementation($0)) })

    private init?(_ algorithm: DigestAlgorithm) {
        // unsafe: C call with NUL-terminated text; the result is owned here.
        guard let handle = unsafe EVP_MD_fetch(nil, algorithm.libraryName, nil) else {
            return nil
        }
        unsafe self.handle = handle
    }

    deinit {
        // unsafe: gives back the reference that init took.
        unsafe EVP_MD_free(handle)
    }
}

/// Plain digests.
package enum Digest {
    /// The digest of `message`.
    ///
    /// - Throws: `unsupportedAlgorithm` when this OpenSSL lacks it (MD5 under FIPS).
    package static func hash(
        _ algorithm: DigestAlgorithm, of message: Span<UInt8>
    ) throws(CryptographyError) -> [UInt8] {
        guard let implementation = algorithm.implementation else {
            throw CryptographyError(.unsupportedAlgorithm, operation: algorithm.rawValue)
        }
        var succeeded = false
        let digest = unsafe [UInt8](unsafeUninitializedCapacity: algorithm.byteCount) {
            output, count in
            // unsafe: the output holds byteCount bytes, the input is lent for the call.
            succeeded = unsafe message.withUnsafeBytes { input in
                unsafe EVP_Digest(
                    input.baseAddress, input.count, output.baseAddress, nil,
                    implementation.handle, nil) == 1
            }
            count = succeeded ? algorithm.byteCount : 0
        }
        guard succeeded else { throw .draining(.libraryFailure, operation: "EVP_Digest") }
        return digest
    }

    /// The digest of an array's bytes.
    package static func hash(
        _ algorithm: DigestAlgorithm, of message: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        try hash(algorithm, of: message.span)
    }
}
