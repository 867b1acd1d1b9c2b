/// Keys from their numbers, as JSON Web Keys have them: written as SubjectPublicKeyInfo (RFC 5280
/// §4.1.2.7), so that one reader, OpenSSL's, checks them (a point must lie on its curve).
extension PublicKey {
    /// Curves of ECDSA keys by their JOSE names (RFC 7518 §6.2.1.1).
    package enum Curve: String, Sendable, CaseIterable {
        case p256 = "P-256"
        case p384 = "P-384"
        case p521 = "P-521"

        /// Bytes of a coordinate.
        package var coordinateBytes: Int {
            switch self {
            case .p256: 32
            case .p384: 48
            case .p521: 66
            }
        }

        /// The DER of the curve's object identifier (RFC 5480 §2.1.1.1).
        fileprivate var identifier: [UInt8] {
            switch self {
            case .p256: [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
            case .p384: [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22]
            case .p521: [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23]
            }
        }
    }

    /// An RSA key from big-endian numbers.
    ///
    /// - Throws: `malformedKey` for an exponent that is even or 1, `unsupportedKey` for fewer than
    ///   2048 bits (RFC 7518 §3.3).
    package convenience init(
        rsaModulus modulus: [UInt8], exponent: [UInt8]
    ) throws(CryptographyError) {
        let modulus = Array(modulus.drop { $0 == 0 })
        let exponent = Array(exponent.drop { $0 == 0 })
        guard let last = exponent.last, !last.isMultiple(of: 2), exponent != [1] else {
            throw CryptographyError(.malformedKey, operation: "RSA exponent")
        }
        guard modulus.count >= 256, modulus.count <= 2048 else {
            throw CryptographyError(.unsupportedKey, operation: "RSA key size")
        }
        guard !WeakModulus.isFaulty(modulus) else {
            throw CryptographyError(.unsupportedKey, operation: "RSA modulus of a faulty generator")
        }
        let key = DER.sequence(DER.unsignedInteger(modulus) + DER.unsignedInteger(exponent))
        // rsaEncryption with NULL parameters (RFC 3279 §2.3.1).
        let algorithm: [UInt8] = [
            0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00,
        ]
        try self.init(der: DER.sequence(DER.sequence(algorithm) + DER.bitString(key)))
    }

    /// An ECDSA key from its point.
    ///
    /// - Throws: `malformedKey` when a coordinate has another length than the curve's (RFC 7518
    ///   §6.2.1.2) or the point is not on the curve.
    package convenience init(
        curve: Curve, x: [UInt8], y: [UInt8]
    ) throws(CryptographyError) {
        guard x.count == curve.coordinateBytes, y.count == curve.coordinateBytes else {
            throw CryptographyError(.malformedKey, operation: "\(curve.rawValue) point")
        }
        // id-ecPublicKey (RFC 5480 §2.1.1).
        let identifier: [UInt8] = [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
        try self.init(
            der: DER.sequence(
                DER.sequence(identifier + curve.identifier) + DER.bitString([0x04] + x + y)))
    }
}

/// The few DER forms (X.690) that keys and signatures need.
enum DER {
    static func sequence(_ content: [UInt8]) -> [UInt8] { [0x30] + length(content.count) + content }

    static func bitString(_ content: [UInt8]) -> [UInt8] {
        [0x03] + length(content.count + 1) + [0x00] + content
    }

    /// A non-negative INTEGER of big-endian bytes, shortest form.
    static func unsignedInteger(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var digits = Array(bytes.drop { $0 == 0 })
        if digits.first.map({ $0 & 0x80 != 0 }) ?? true { digits.insert(0, at: 0) }
        return [0x02] + length(digits.count) + digits
    }

    private static func length(_ count: Int) -> [UInt8] {
        switch count {
        case ..<128: [UInt8(count)]
        case ..<256: [0x81, UInt8(count)]
        default: [0x82, UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
        }
    }
}
