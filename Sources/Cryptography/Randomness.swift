private import COpenSSL

/// The system's cryptographic randomness, by way of OpenSSL's generator.
package enum Randomness {
    /// `count` random bytes.
    ///
    /// - Throws: `randomnessUnavailable` when the generator cannot be seeded.
    package static func bytes(_ count: Int) throws(CryptographyError) -> [UInt8] {
        guard let length = Int32(exactly: count), length >= 0 else {
            throw CryptographyError(.randomnessUnavailable, operation: "RAND_bytes")
        }
        var succeeded = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
            // unsafe: the output holds `count` bytes.
            succeeded = unsafe RAND_bytes(output.baseAddress, length) == 1
            initialized = succeeded ? count : 0
        }
        guard succeeded else { throw .draining(.randomnessUnavailable, operation: "RAND_bytes") }
        return bytes
    }

    /// 64 random bits.
    ///
    /// - Throws: `randomnessUnavailable` when the generator cannot be seeded.
    package static func bits() throws(CryptographyError) -> UInt64 {
        try bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
