private import COpenSSL

/// One listener's side of TLS: certificates, keys and rules. Immutable; sessions of all loops share it,
/// and keep the one they began with when a listener gets another.
@safe package final class TLSContext: @unchecked Sendable {
    // Every SSL_CTX is set up in init and only read afterwards; OpenSSL's own counters are atomic.
    private let handles: [OpaquePointer]
    let ticketKeys: TLSTicketKeys?
    /// The servers' certificates, in the order of the material.
    package let certificates: [ServerCertificate]

    /// What is worth knowing of a server's certificate.
    package struct ServerCertificate: Sendable, Equatable {
        package let subject: String
        /// Seconds since 1970.
        package let notBefore: Int64
        package let notAfter: Int64
    }

    /// - Parameter ticketKeys: shared by every context of the process.
    /// - Throws: what has to be put right, and where.
    package init(
        _ material: TLSMaterial, ticketKeys: TLSTicketKeys
    ) throws(TLSMaterialError) {
        var handles = unsafe [OpaquePointer]()
        var certificates: [ServerCertificate] = []
        do throws(TLSMaterialError) {
            for (place, identity) in material.identities.enumerated() {
                guard let handle = unsafe SSL_CTX_new(TLS_server_method()) else {
                    throw .draining(.settings, "OpenSSL gives no TLS")
                }
                unsafe handles.append(handle)
                try unsafe Self.configure(handle, material)
                certificates.append(try unsafe Self.add(identity, place, to: handle))
            }
            guard unsafe !handles.isEmpty else {
                throw TLSMaterialError(.settings, "no certificate is given")
            }
        } catch {
            unsafe handles.forEach { unsafe SSL_CTX_free($0) }
            throw error
        }
        unsafe self.handles = handles
        self.certificates = certificates
        self.ticketKeys = material.usesTickets ? ticketKeys : nil
        // unsafe: every session holds this object for longer than its SSL, so that callbacks find it.
        let own = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe handles.forEach { unsafe _ = SSL_CTX_set_ex_data($0, 0, own) }
    }

    deinit { unsafe handles.forEach { unsafe SSL_CTX_free($0) } }

    /// An `SSL` of the first certificate; nil when memory is out.
    func makeSession() -> OpaquePointer? { unsafe SSL_new(handles[0]) }

    /// The context that an `SSL` belongs to.
    static func of(_ ssl: OpaquePointer?) -> TLSContext? {
        // unsafe: index 0 is set in init to the object that the SSL's session holds.
        guard let data = unsafe SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0) else { return nil }
        return unsafe Unmanaged<TLSContext>.fromOpaque(data).takeUnretainedValue()
    }

    // MARK: Setting up

    private static func configure(
        _ handle: OpaquePointer, _ material: TLSMaterial
    ) throws(TLSMaterialError) {
        let minimum = material.minimumVersion == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION
        // TLS 1.2 only with forward secrecy and authenticated encryption (RFC 9325 §4.2); what TLS 1.3
        // has is all of that kind.
        guard unsafe postern_tls_configure(handle, minimum) == 1,
            unsafe SSL_CTX_set_cipher_list(handle, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1
        else { throw .draining(.settings, "OpenSSL refuses the rules") }
        unsafe SSL_CTX_set_alpn_select_cb(handle, selectProtocol, nil)
        if material.identities.count > 1 {
            unsafe postern_tls_on_server_name(handle, selectCertificate)
        }
        if material.usesTickets {
            unsafe SSL_CTX_set_tlsext_ticket_key_evp_cb(handle, TLSTicketKeys.callback)
            unsafe SSL_CTX_set_timeout(handle, Int(TLSTicketKeys.periodSeconds))
            // One ticket is enough: who opens connections side by side makes whole handshakes.
            unsafe SSL_CTX_set_num_tickets(handle, 1)
        } else {
            unsafe postern_tls_forbid_tickets(handle)
        }
        // A session made under other rules for clients is not resumed under these.
        let rules = Array(material.clientCertificates.rawValue.utf8)
        guard
            let scope = try? Digest.hash(
                .sha256, of: rules + [0] + (material.clientAuthorities ?? [])),
            unsafe SSL_CTX_set_session_id_context(handle, scope, UInt32(scope.count)) == 1
        else { throw .draining(.settings, "OpenSSL gives no SHA-256") }
        try unsafe askForCertificates(handle, material)
    }

    private static func askForCertificates(
        _ handle: OpaquePointer, _ material: TLSMaterial
    ) throws(TLSMaterialError) {
        guard material.clientCertificates != .none else { return }
        guard let authorities = X509Certificate.all(pem: material.clientAuthorities ?? []),
            !authorities.isEmpty
        else {
            throw TLSMaterialError(
                .clientAuthorities, "it holds no PEM certificates, or a broken one")
        }
        let store = unsafe SSL_CTX_get_cert_store(handle)
        for authority in authorities {
            guard unsafe X509_STORE_add_cert(store, authority.handle) == 1,
                unsafe SSL_CTX_add_client_CA(handle, authority.handle) == 1
            else { throw .draining(.clientAuthorities, "a certificate cannot be used") }
        }
        // Whatever is listed is trusted, also when it is not a root.
        unsafe X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        let isRequired = material.clientCertificates == .required
        unsafe SSL_CTX_set_verify(
            handle, SSL_VERIFY_PEER | (isRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nil)
        unsafe SSL_CTX_set_verify_depth(handle, 8)
    }

    private static func add(
        _ identity: TLSMaterial.Identity, _ place: Int, to handle: OpaquePointer
    ) throws(TLSMaterialError) -> ServerCertificate {
        guard let chain = X509Certificate.all(pem: identity.chain), let own = chain.first else {
            throw TLSMaterialError(
                .certificate(place), "it holds no PEM certificate, or a broken one")
        }
        defer { CryptographyError.discardQueue() }
        guard unsafe SSL_CTX_use_certificate(handle, own.handle) == 1 else {
            throw .draining(.certificate(place), "OpenSSL refuses the certificate")
        }
        for further in chain.dropFirst() {
            guard unsafe postern_tls_add_to_chain(handle, further.handle) == 1 else {
                throw .draining(.certificate(place), "a certificate of the chain cannot be used")
            }
        }
        let key = unsafe identity.privateKey.withBytes { bytes in
            unsafe PEM.withInput(bytes) { input in
                unsafe PEM_read_bio_PrivateKey_ex(input, nil, PEM.noPassphrase, nil, nil, nil)
            }
        }
        guard let key = unsafe key else {
            CryptographyError.discardQueue()
            throw TLSMaterialError(
                .privateKey(place), "it holds no PEM private key without a passphrase")
        }
        // unsafe: the context takes a reference of its own.
        defer { unsafe EVP_PKEY_free(key) }
        guard unsafe X509_check_private_key(own.handle, key) == 1 else {
            throw TLSMaterialError(
                .privateKey(place), "it is not the key of the certificate; give the matching one")
        }
        guard unsafe SSL_CTX_use_PrivateKey(handle, key) == 1 else {
            throw .draining(.privateKey(place), "OpenSSL refuses the key")
        }
        let validity = own.validity
        return ServerCertificate(
            subject: own.subject, notBefore: validity.notBefore, notAfter: validity.notAfter)
    }

    // MARK: What OpenSSL asks during a handshake

    /// RFC 7301: HTTP/1.1, or a fatal alert to who offers only others.
    private static let selectProtocol:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
            UnsafeMutablePointer<UInt8>?, UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
        ) -> Int32 = { _, chosen, chosenLength, offered, length, _ in
            guard let offered = unsafe offered else { return SSL_TLSEXT_ERR_ALERT_FATAL }
            // unsafe: the list has `length` bytes, each name behind its length; bounds are checked.
            let list = unsafe UnsafeBufferPointer(start: offered, count: Int(length))
            var place = 0
            while place < list.count {
                let end = unsafe place + 1 + Int(list[place])
                guard end <= list.count else { break }
                if unsafe list[(place + 1)..<end].elementsEqual("http/1.1".utf8) {
                    unsafe chosen?.pointee = offered + place + 1
                    unsafe chosenLength?.pointee = list[place]
                    return SSL_TLSEXT_ERR_OK
                }
                place = end
            }
            return SSL_TLSEXT_ERR_ALERT_FATAL
        }

    /// RFC 6066 §3: the certificate that has the name, else the first.
    private static let selectCertificate:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<Int32>?, UnsafeMutableRawPointer?
        ) -> Int32 = { ssl, _, _ in
            guard let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name),
                let context = unsafe TLSContext.of(ssl)
            else { return SSL_TLSEXT_ERR_OK }
            // unsafe: the name ends with NUL; 0 has its length counted.
            let fitting = unsafe context.handles.first {
                unsafe X509_check_host(SSL_CTX_get0_certificate($0), name, 0, 0, nil) == 1
            }
            if let handle = unsafe fitting { unsafe SSL_set_SSL_CTX(ssl, handle) }
            return SSL_TLSEXT_ERR_OK
        }
}
