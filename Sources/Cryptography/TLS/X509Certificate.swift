private import COpenSSL

/// An X.509 certificate of a PEM file or of a peer.
@safe final class X509Certificate: @unchecked Sendable {
    // An X509 is not written after it was read; OpenSSL counts references atomically.
    let handle: OpaquePointer

    init(takingOwnershipOf handle: OpaquePointer) { unsafe self.handle = handle }

    deinit { unsafe X509_free(handle) }

    /// Every certificate of a PEM text, in order; nil when one of them cannot be read.
    static func all(pem: [UInt8]) -> [X509Certificate]? {
        defer { CryptographyError.discardQueue() }
        return unsafe PEM.withInput(pem.span) { input in
            var found: [X509Certificate] = []
            while let handle = unsafe PEM_read_bio_X509(input, nil, PEM.noPassphrase, nil) {
                unsafe found.append(X509Certificate(takingOwnershipOf: handle))
            }
            // The end of the text is an error of its own; every other one is a broken certificate.
            let code = ERR_peek_last_error()
            return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE
                ? found : nil
        }
    }

    /// RFC 4514, the most specific part first: `CN=client,O=Example`.
    var subject: String { unsafe Self.text(X509_get_subject_name(handle)) }
    var issuer: String { unsafe Self.text(X509_get_issuer_name(handle)) }

    private static func text(_ name: OpaquePointer?) -> String {
        // unsafe: the output is freed here; its bytes are copied before.
        guard let output = unsafe BIO_new(BIO_s_mem()) else { return "" }
        defer { unsafe BIO_free(output) }
        var data: UnsafeMutablePointer<CChar>?
        guard unsafe postern_print_name(output, name) >= 0 else { return "" }
        let count = unsafe postern_memory_data(output, &data)
        guard let data = unsafe data, count > 0 else { return "" }
        return unsafe String(
            decoding: UnsafeRawBufferPointer(start: data, count: count), as: UTF8.self)
    }

    /// Lower-case hexadecimal without leading zeros.
    var serialNumber: String {
        guard let number = unsafe ASN1_INTEGER_to_BN(X509_get0_serialNumber(handle), nil) else {
            return ""
        }
        defer { unsafe BN_free(number) }
        guard let text = unsafe BN_bn2hex(number) else { return "" }
        defer { unsafe CRYPTO_free(text, "", 0) }
        let digits = unsafe String(cString: text).lowercased().drop { $0 == "0" }
        return digits.isEmpty ? "0" : String(digits)
    }

    /// SHA-256 of the DER form, lower-case hexadecimal.
    var fingerprintSHA256: String {
        var digest = [UInt8](repeating: 0, count: 32)
        // unsafe: the digest holds the 32 bytes that are written.
        guard unsafe X509_digest(handle, EVP_sha256(), &digest, nil) == 1 else { return "" }
        return String(decoding: Encodings.encodeHex(digest), as: UTF8.self)
    }

    /// The alternative names, each with its kind: `dns:…`, `email:…`, `uri:…`, `ip:…`. One that is not
    /// printable ASCII is left out: nothing can be compared with it safely.
    var names: [String] {
        guard let list = unsafe X509_get_ext_d2i(handle, NID_subject_alt_name, nil, nil) else {
            return []
        }
        let stack = OpaquePointer(list)
        // unsafe: the stack is of GENERAL_NAME, as the extension's type says, and freed here.
        defer { unsafe GENERAL_NAMES_free(stack) }
        return (0..<max(0, unsafe OPENSSL_sk_num(stack))).compactMap { place in
            guard let value = unsafe OPENSSL_sk_value(stack, place) else { return nil }
            return unsafe Self.name(value.assumingMemoryBound(to: GENERAL_NAME.self))
        }
    }

    private static func name(_ name: UnsafeMutablePointer<GENERAL_NAME>) -> String? {
        var kind: Int32 = 0
        guard let value = unsafe GENERAL_NAME_get0_value(name, &kind) else { return nil }
        let prefix: String
        switch kind {
        case GEN_DNS: prefix = "dns:"
        case GEN_EMAIL: prefix = "email:"
        case GEN_URI: prefix = "uri:"
        case GEN_IPADD: prefix = "ip:"
        default: return nil
        }
        // unsafe: these four kinds are strings of the type's own length, copied here.
        let text = unsafe value.assumingMemoryBound(to: ASN1_STRING.self)
        let bytes = unsafe Array(
            UnsafeBufferPointer(
                start: ASN1_STRING_get0_data(text), count: Int(ASN1_STRING_length(text))))
        if kind == GEN_IPADD { return address(bytes).map { prefix + $0 } }
        guard !bytes.isEmpty, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        return prefix + String(decoding: bytes, as: UTF8.self)
    }

    /// Dotted, or eight groups.
    private static func address(_ bytes: [UInt8]) -> String? {
        switch bytes.count {
        case 4: return bytes.map { String($0) }.joined(separator: ".")
        case 16:
            return stride(from: 0, to: 16, by: 2).map {
                String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16)
            }.joined(separator: ":")
        default: return nil
        }
    }

    /// The ends of its time, in seconds since 1970.
    var validity: (notBefore: Int64, notAfter: Int64) {
        unsafe (Self.seconds(X509_get0_notBefore(handle)), Self.seconds(X509_get0_notAfter(handle)))
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        guard let epoch = unsafe ASN1_TIME_set(nil, 0) else { return 0 }
        defer { unsafe ASN1_STRING_free(epoch) }
        var (days, seconds): (Int32, Int32) = (0, 0)
        guard unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return 0 }
        return Int64(days) * 86_400 + Int64(seconds)
    }
}

/// Reading PEM from memory.
enum PEM {
    /// Nobody is asked for a passphrase: OpenSSL's own callback would ask at the terminal.
    static let noPassphrase:
        @Sendable @convention(c) (
            UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?
        ) -> Int32 = { _, _, _, _ in -1 }

    /// Lends a read-only BIO over the bytes.
    static func withInput<Result>(
        _ bytes: Span<UInt8>, _ body: (OpaquePointer) -> Result?
    ) -> Result? {
        unsafe bytes.withUnsafeBufferPointer { buffer -> Result? in
            guard let count = Int32(exactly: buffer.count),
                // unsafe: the bytes outlive the BIO, which ends with this call.
                let input = unsafe BIO_new_mem_buf(buffer.baseAddress, count)
            else { return nil }
            defer { unsafe BIO_free(input) }
            return unsafe body(input)
        }
    }
}
