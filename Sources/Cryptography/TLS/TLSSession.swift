private import COpenSSL

/// The server's side of one TLS connection that never waits: received bytes are handed in, and bytes to
/// be sent go out through a function that may say that there is no room now. Used by one thread.
@safe package final class TLSSession {
    /// What became of bytes that were to be sent.
    package enum Sent: Sendable, Equatable {
        case bytes(Int)
        case wouldBlock
        case failed
    }

    /// What became of received bytes.
    package enum Received: Sendable, Equatable {
        /// So many decrypted bytes; 0: the peer has sent its end (RFC 8446 §6.1).
        case bytes(Int)
        case needsInput
        /// Nothing goes on until there is room for sending; then `receive` with no bytes.
        case needsOutput
        case failed(TLSFailure)
    }

    /// The most that one record may hold (RFC 8446 §5.1).
    package static let recordBytesMax = 1 << 14

    private let context: TLSContext
    private let ssl: OpaquePointer
    fileprivate let output: (Span<UInt8>) -> Sent
    /// Received bytes that OpenSSL has not taken yet, during a call; null otherwise.
    fileprivate var input = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    /// The same between calls: what stays when sending must come first, or `plain` was full.
    private var held: [UInt8] = []
    /// What comes after bytes that were given.
    private var pending: Received?
    private var hasBegun = false
    private var hasFailed = false
    /// The handshake is over.
    package private(set) var isOpen = false
    /// `receive` waits for room for sending.
    package private(set) var needsOutput = false

    /// - Parameter output: sends bytes of the connection; called during calls of this object alone.
    /// - Returns: nil when memory is out.
    package init?(_ context: TLSContext, output: @escaping (Span<UInt8>) -> Sent) {
        guard let ssl = unsafe context.makeSession() else { return nil }
        self.context = context
        unsafe self.ssl = ssl
        self.output = output
        guard let method = SessionBIO.method, let bio = unsafe BIO_new(method.handle) else {
            return nil
        }
        // unsafe: the BIO ends with the SSL, which ends with this object.
        unsafe BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        unsafe SSL_set_bio(ssl, bio, bio)
        unsafe SSL_set_accept_state(ssl)
    }

    deinit { unsafe SSL_free(ssl) }

    /// True when `receive` has something to give without further bytes.
    package var hasMore: Bool { pending != nil || !held.isEmpty && !needsOutput }

    /// Takes received bytes and decrypts as much as is whole.
    ///
    /// - Parameter plain: filled from its start; with room for `recordBytesMax` more than `bytes` has,
    ///   nothing is left over.
    package func receive(_ bytes: Span<UInt8>, into plain: inout [UInt8]) -> Received {
        if let next = pending {
            pending = nil
            return next
        }
        if !hasBegun, !bytes.isEmpty {
            hasBegun = true
            if let failure = Self.strangers(bytes[0]) { return failed(failure) }
        }
        needsOutput = false
        ERR_clear_error()
        if held.isEmpty { return unsafe bytes.withUnsafeBytes { unsafe take($0, into: &plain) } }
        var all: [UInt8] = []
        swap(&all, &held)
        unsafe bytes.withUnsafeBytes { unsafe all.append(contentsOf: $0) }
        return unsafe all.withUnsafeBytes { unsafe take($0, into: &plain) }
    }

    /// Every connection begins with a handshake record (RFC 8446 §5.1); a letter is an HTTP method.
    private static func strangers(_ first: UInt8) -> TLSFailure? {
        switch first {
        case 22: nil
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): TLSFailure(.plainHTTP)
        default: TLSFailure(.notTLS)
        }
    }

    private func take(
        _ bytes: UnsafeRawBufferPointer, into plain: inout [UInt8]
    ) -> Received {
        // unsafe: `input` is of this call alone; the callbacks move its start within its bounds.
        unsafe input = bytes
        let received = advance(into: &plain)
        if unsafe !input.isEmpty { unsafe held.append(contentsOf: input) }
        unsafe input = UnsafeRawBufferPointer(start: nil, count: 0)
        return received
    }

    private func advance(into plain: inout [UInt8]) -> Received {
        if !isOpen {
            let result = unsafe SSL_do_handshake(ssl)
            guard result == 1 else { return outcome(result) }
            isOpen = true
        }
        var count = 0
        while count < plain.count {
            var taken = 0
            // unsafe: writes no more than what is left of `plain`.
            let result = unsafe plain.withUnsafeMutableBytes {
                unsafe SSL_read_ex(
                    ssl, $0.baseAddress?.advanced(by: count), $0.count - count, &taken)
            }
            guard result == 1 else {
                let next = outcome(result)
                if count == 0 { return next }
                if next != .needsInput, next != .needsOutput { pending = next }
                break
            }
            count += taken
        }
        return .bytes(count)
    }

    /// What a call that did not succeed waits for.
    private func outcome(_ result: Int32) -> Received {
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .needsInput
        case SSL_ERROR_WANT_WRITE:
            needsOutput = true
            return .needsOutput
        case SSL_ERROR_ZERO_RETURN: return .bytes(0)
        case SSL_ERROR_SYSCALL:
            CryptographyError.discardQueue()
            return failed(TLSFailure(.connectionLost))
        default: return failed(unsafe TLSFailure(of: ssl))
        }
    }

    private func failed(_ failure: TLSFailure) -> Received {
        hasFailed = true
        return .failed(failure)
    }

    /// Encrypts and sends bytes of `buffer` from `start` on, a record at most. After `wouldBlock` the
    /// same bytes must be offered again, and may be followed by others.
    package func send(_ buffer: [UInt8], from start: Int) -> Sent {
        guard isOpen, !hasFailed, start < buffer.count else { return .failed }
        ERR_clear_error()
        var sent = 0
        // unsafe: the slice lies within the buffer's bounds.
        let result = unsafe buffer.withUnsafeBytes {
            unsafe SSL_write_ex(
                ssl, $0.baseAddress?.advanced(by: start), $0.count - start, &sent)
        }
        if result == 1 { return .bytes(sent) }
        if unsafe SSL_get_error(ssl, result) == SSL_ERROR_WANT_WRITE { return .wouldBlock }
        CryptographyError.discardQueue()
        hasFailed = true
        return .failed
    }

    /// Tells the peer that nothing more comes (close_notify), if there is room for it now. What was sent
    /// before must have left whole.
    package func end() {
        guard isOpen, !hasFailed, !needsOutput else { return }
        ERR_clear_error()
        _ = unsafe SSL_shutdown(ssl)
        CryptographyError.discardQueue()
    }

    // MARK: What was agreed

    package var version: TLSVersion {
        unsafe SSL_version(ssl) == TLS1_3_VERSION ? .tls13 : .tls12
    }

    /// An earlier session goes on.
    package var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }

    /// The client's certificate, whose chain was checked; nil when it sent none.
    package var clientCertificate: ClientCertificate? {
        guard let handle = unsafe SSL_get1_peer_certificate(ssl) else { return nil }
        let certificate = unsafe X509Certificate(takingOwnershipOf: handle)
        guard unsafe SSL_get_verify_result(ssl) == X509_V_OK else { return nil }
        return ClientCertificate(certificate)
    }
}

/// A BIO whose bytes are those of a `TLSSession`: nothing is buffered a second time, so that an idle
/// connection holds no memory for it.
@safe private final class SessionBIO: @unchecked Sendable {
    // The method is set up once and only read afterwards.
    let handle: OpaquePointer

    static let method = SessionBIO()
    private static let retryFlags =
        BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_IO_SPECIAL | BIO_FLAGS_SHOULD_RETRY

    private init?() {
        let type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
        guard let handle = unsafe BIO_meth_new(type, "postern") else { return nil }
        unsafe self.handle = handle
        unsafe BIO_meth_set_read_ex(handle, Self.read)
        unsafe BIO_meth_set_write_ex(handle, Self.write)
        // BIO_CTRL_FLUSH must succeed; everything else is answered with 0, "no".
        unsafe BIO_meth_set_ctrl(handle) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
    }

    private static func session(_ bio: OpaquePointer?) -> TLSSession? {
        // unsafe: set in the session's init; the BIO lives no longer than the session.
        guard let data = unsafe BIO_get_data(bio) else { return nil }
        return unsafe Unmanaged<TLSSession>.fromOpaque(data).takeUnretainedValue()
    }

    private static let read:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<CChar>?, Int, UnsafeMutablePointer<Int>?
        ) -> Int32 = { bio, target, capacity, taken in
            unsafe BIO_clear_flags(bio, SessionBIO.retryFlags)
            guard let session = unsafe session(bio), let target = unsafe target else { return 0 }
            let count = unsafe min(capacity, session.input.count)
            guard count > 0 else {
                unsafe BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
                return 0
            }
            // unsafe: no more than either has.
            unsafe UnsafeMutableRawBufferPointer(start: target, count: count).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: session.input[..<count]))
            unsafe session.input = UnsafeRawBufferPointer(rebasing: session.input[count...])
            unsafe taken?.pointee = count
            return 1
        }

    private static let write:
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, Int, UnsafeMutablePointer<Int>?
        ) -> Int32 = { bio, source, count, written in
            unsafe BIO_clear_flags(bio, SessionBIO.retryFlags)
            guard let session = unsafe session(bio), let source = unsafe source else { return 0 }
            // unsafe: lent for the call.
            let bytes = unsafe Span<UInt8>(
                _unsafeBytes: UnsafeRawBufferPointer(start: source, count: count))
            switch session.output(bytes) {
            case .bytes(let sent):
                unsafe written?.pointee = sent
                return sent > 0 ? 1 : 0
            case .wouldBlock:
                unsafe BIO_set_flags(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
                return 0
            case .failed: return 0
            }
        }
}
