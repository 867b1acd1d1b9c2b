private import COpenSSL

/// Whether two byte strings are equal, in a time that depends on their lengths alone. The only
/// way secrets, signatures and tokens are compared.
package func constantTimeEquals(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    // unsafe: both spans are at least as long as the count given.
    return unsafe left.withUnsafeBytes { one in
        unsafe right.withUnsafeBytes { two in
            guard let first = one.baseAddress, let second = two.baseAddress else { return true }
            return unsafe CRYPTO_memcmp(first, second, one.count) == 0
        }
    }
}

/// `constantTimeEquals` of two arrays.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    constantTimeEquals(left.span, right.span)
}
