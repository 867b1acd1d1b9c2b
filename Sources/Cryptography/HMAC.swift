private import COpenSSL
private import Synchronization

/// HMAC (RFC 2104) under one key. The key is set up once: a context is kept, wound back to the keyed state
/// and used again, so that a message costs neither a fetch nor a key schedule.
package final class HMAC: Sendable {
    package let algorithm: DigestAlgorithm
    /// Only ever duplicated.
    private let template: Context
    /// The one that is used again; nil before the first use, and after one that failed.
    private let kept = Mutex<Context?>(nil)

    /// - Throws: `unsupportedAlgorithm` when this OpenSSL lacks the digest.
    package init(_ algorithm: DigestAlgorithm, key: Secret) throws(CryptographyError) {
        self.algorithm = algorithm
        template = try Context(algorithm, key: key)
    }

    /// The code of one message.
    ///
    /// - Throws: `libraryFailure`, which no input causes.
    package func authenticate(_ message: Span<UInt8>) throws(CryptographyError) -> [UInt8] {
        try authenticate(message, Span())
    }

    /// Whether one of the candidates is the code of a message. All are compared, in a time that does not
    /// tell which one it is; the code itself goes no further than this call's own memory.
    ///
    /// - Throws: `libraryFailure`, which no input causes.
    package func isCode(
        _ candidates: [[UInt8]], of message: Span<UInt8>
    ) throws(CryptographyError) -> Bool {
        let code = try code(of: message, Span())
        let expected = code.span.extracting(first: algorithm.byteCount)
        var matches = false
        for candidate in candidates where constantTimeEquals(candidate.span, expected) {
            matches = true
        }
        return matches
    }

    /// The code of an array's bytes.
    package func authenticate(_ message: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try authenticate(message.span)
    }

    /// The code of a message given in pieces, which are not joined.
    package func authenticate(
        _ first: Span<UInt8>, _ second: Span<UInt8>
    ) throws(CryptographyError) -> [UInt8] {
        let code = try code(of: first, second)
        return [UInt8](capacity: algorithm.byteCount) { output in
            for place in 0..<algorithm.byteCount { output.append(code[place]) }
        }
    }

    private func code(
        of first: Span<UInt8>, _ second: Span<UInt8>
    ) throws(CryptographyError) -> InlineArray<64, UInt8> {
        // Who comes while another thread uses it is not to wait: a message may be long.
        let code = try kept.withLockIfAvailable {
            (kept) throws(CryptographyError) -> InlineArray<64, UInt8> in
            let context: Context
            if let again = kept.take() { context = again } else { context = try template.copy() }
            let code = try context.code(of: first, second, byteCount: algorithm.byteCount)
            if context.rewind() { kept = context }
            return code
        }
        if let code { return code }
        return try template.copy().code(of: first, second, byteCount: algorithm.byteCount)
    }
}

/// An `EVP_MAC_CTX` in the keyed state.
@safe private final class Context: @unchecked Sendable {
    // Sendable: used by one thread at a time, the one that holds HMAC's mutex or has made it. The template
    // is only ever duplicated, which reads it.
    private let handle: OpaquePointer

    private init(takingOwnershipOf handle: OpaquePointer) {
        unsafe self.handle = handle
    }

    convenience init(_ algorithm: DigestAlgorithm, key: Secret) throws(CryptographyError) {
        guard let mac = MACImplementation.hmac,
            // unsafe: C call; the context is owned by self from here on.
            let handle = unsafe EVP_MAC_CTX_new(mac.handle)
        else { throw .draining(.libraryFailure, operation: "EVP_MAC_CTX_new") }
        unsafe self.init(takingOwnershipOf: handle)
        let succeeded = key.withBytes { bytes in
            // unsafe: name and key live for the length of the call, which copies them. An empty key
            // still needs an address: null would mean "keep the old key".
            unsafe bytes.withUnsafeBufferPointer { bytes in
                let none: UInt8 = 0
                return unsafe withUnsafePointer(to: none) { none in
                    unsafe postern_hmac_init(
                        handle, algorithm.libraryName, bytes.baseAddress ?? none, bytes.count) == 1
                }
            }
        }
        guard succeeded else {
            throw .draining(.unsupportedAlgorithm, operation: "HMAC-\(algorithm.rawValue)")
        }
    }

    deinit {
        // unsafe: the one owner frees; the key inside is wiped by OpenSSL.
        unsafe EVP_MAC_CTX_free(handle)
    }

    func copy() throws(CryptographyError) -> Context {
        // unsafe: C call; the copy is owned by the new object.
        guard let copy = unsafe EVP_MAC_CTX_dup(handle) else {
            throw .draining(.libraryFailure, operation: "EVP_MAC_CTX_dup")
        }
        return unsafe Context(takingOwnershipOf: copy)
    }

    private func update(_ message: Span<UInt8>) throws(CryptographyError) {
        // unsafe: the message is lent for the call.
        let succeeded = unsafe message.withUnsafeBufferPointer { bytes in
            unsafe bytes.isEmpty || EVP_MAC_update(handle, bytes.baseAddress, bytes.count) == 1
        }
        guard succeeded else { throw .draining(.libraryFailure, operation: "EVP_MAC_update") }
    }

    /// The code of two pieces, in the beginning of the result.
    func code(
        of first: Span<UInt8>, _ second: Span<UInt8>, byteCount: Int
    ) throws(CryptographyError) -> InlineArray<64, UInt8> {
        try update(first)
        try update(second)
        var code = InlineArray<64, UInt8>(repeating: 0)
        try finish(into: &code, byteCount: byteCount)
        return code
    }

    /// - Parameter code: as long as the longest code there is, SHA-512's.
    private func finish(
        into code: inout InlineArray<64, UInt8>, byteCount: Int
    ) throws(CryptographyError) {
        var written = 0
        var output = code.mutableSpan
        // unsafe: the library is told how much room there is.
        let succeeded = unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe EVP_MAC_final(handle, output.baseAddress, &written, output.count) == 1
        }
        guard succeeded, written == byteCount else {
            throw .draining(.libraryFailure, operation: "EVP_MAC_final")
        }
    }

    /// Back to the keyed state: a null key keeps the key (EVP_MAC(3)).
    func rewind() -> Bool {
        // unsafe: C call on an owned context.
        unsafe EVP_MAC_init(handle, nil, 0, nil) == 1
    }
}

/// The fetched `EVP_MAC` of HMAC.
@safe private final class MACImplementation: @unchecked Sendable {
    // Sendable: an EVP_MAC is immutable after the fetch.
    let handle: OpaquePointer

    static let hmac = MACImplementation()

    private init?() {
        // unsafe: C call with NUL-terminated text; the result is owned here.
        guard let handle = unsafe EVP_MAC_fetch(nil, "HMAC", nil) else { return nil }
        unsafe self.handle = handle
    }

    deinit {
        // unsafe: gives back the reference that init took.
        unsafe EVP_MAC_free(handle)
    }
}
