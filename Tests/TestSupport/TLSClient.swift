private import COpenSSL
import Foundation

/// A blocking TLS client of the tests: OpenSSL's client side over a `TestClient`.
@safe package final class TLSClient {
    package struct Options {
        /// 1.1, 1.2 or 1.3 and no other; nil: what both sides like best.
        package var version: String?
        package var serverName: String?
        /// PEM files of whom to trust, and of the client's own certificate and key.
        package var authority: String?
        package var certificate: String?
        package var key: String?
        package var protocols: [String] = []
        package var ciphers: String?
        package var session: Session?
        /// Bytes that are handed to the socket at a time; 0: all.
        package var chunk = 0
        /// What goes before the handshake, in one piece with its first bytes.
        package var preamble: [UInt8] = []

        package init() {}
    }

    /// A session to go on with.
    @safe package final class Session {
        fileprivate let handle: OpaquePointer
        fileprivate init(_ handle: OpaquePointer) { unsafe self.handle = handle }
        deinit { unsafe SSL_SESSION_free(handle) }
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package let socket: TestClient
    private let options: Options
    private let context: OpaquePointer
    private let ssl: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer
    private var preamble: [UInt8]

    /// Connects, and shakes hands unless told not to.
    package convenience init(
        port: UInt16, _ options: Options = Options(), handshakes: Bool = true
    ) throws {
        try self.init(TestClient(port: port), options, handshakes: handshakes)
    }

    package init(_ socket: TestClient, _ options: Options, handshakes: Bool = true) throws {
        self.socket = socket
        self.options = options
        preamble = options.preamble
        guard let context = unsafe SSL_CTX_new(TLS_client_method()),
            let ssl = unsafe Self.make(context, options),
            let incoming = unsafe BIO_new(BIO_s_mem()), let outgoing = unsafe BIO_new(BIO_s_mem())
        else { throw Failure(description: "OpenSSL gives no client") }
        unsafe self.context = context
        unsafe self.ssl = ssl
        unsafe self.incoming = incoming
        unsafe self.outgoing = outgoing
        // unsafe: the SSL takes both; an empty one means "later", not the end.
        unsafe BIO_ctrl(incoming, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, nil)
        unsafe SSL_set_bio(ssl, incoming, outgoing)
        unsafe SSL_set_connect_state(ssl)
        if handshakes { try handshake() }
    }

    deinit {
        // Without it OpenSSL takes the session for broken, and nobody could go on with it.
        unsafe SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        unsafe SSL_free(ssl)
        unsafe SSL_CTX_free(context)
    }

    private static func make(_ context: OpaquePointer, _ options: Options) -> OpaquePointer? {
        // unsafe: OpenSSL copies every text of these calls.
        if let version = options.version {
            let numbers = ["1.1": TLS1_1_VERSION, "1.2": TLS1_2_VERSION]
            let number = Int(numbers[version] ?? TLS1_3_VERSION)
            unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, number, nil)
            unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, number, nil)
        }
        unsafe SSL_CTX_set_cipher_list(context, "\(options.ciphers ?? "DEFAULT"):@SECLEVEL=0")
        if let authority = options.authority {
            unsafe SSL_CTX_load_verify_file(context, authority)
            unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        }
        if let certificate = options.certificate, let key = options.key {
            unsafe SSL_CTX_use_certificate_chain_file(context, certificate)
            unsafe SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM)
        }
        guard let ssl = unsafe SSL_new(context) else { return nil }
        if let name = options.serverName {
            unsafe name.withCString {
                unsafe _ = SSL_ctrl(
                    ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name),
                    UnsafeMutableRawPointer(mutating: $0))
            }
        }
        let list = options.protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        if !list.isEmpty { unsafe SSL_set_alpn_protos(ssl, list, UInt32(list.count)) }
        if let session = options.session { unsafe SSL_set_session(ssl, session.handle) }
        return unsafe ssl
    }

    // MARK: Moving bytes

    /// Sends what OpenSSL wants sent.
    private func flush() {
        var bytes = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe BIO_read(outgoing, &bytes, Int32(bytes.count))
            if count <= 0 { return }
            let all = preamble + bytes[..<Int(count)]
            preamble = []
            let step = options.chunk > 0 ? options.chunk : all.count
            for start in stride(from: 0, to: all.count, by: step) {
                socket.send(Array(all[start..<min(all.count, start + step)]))
            }
        }
    }

    /// Reads from the socket into OpenSSL; false at its end.
    private func fill() -> Bool {
        let bytes = socket.receive()
        if bytes.isEmpty { return false }
        unsafe BIO_write(incoming, bytes, Int32(bytes.count))
        return true
    }

    /// Repeats an operation until it succeeds, fails, or the connection ends.
    private func repeating(_ body: () -> Int32) -> (result: Int32, error: Int32) {
        while true {
            ERR_clear_error()
            let result = body()
            let error = unsafe SSL_get_error(ssl, result)
            flush()
            if result > 0 || error != SSL_ERROR_WANT_READ { return (result, error) }
            if !fill() { return (0, SSL_ERROR_SYSCALL) }
        }
    }

    private var trouble: Failure {
        let code = ERR_peek_error()
        guard code != 0, let text = unsafe ERR_reason_error_string(code) else {
            return Failure(description: "the connection ended")
        }
        return unsafe Failure(description: String(cString: text))
    }

    /// What would be sent first (ClientHello); it is not sent.
    package func firstFlight() -> [UInt8] {
        unsafe SSL_do_handshake(ssl)
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = unsafe BIO_read(outgoing, &bytes, Int32(bytes.count))
        return Array(bytes.prefix(max(0, Int(count))))
    }

    package func handshake() throws {
        if repeating({ unsafe SSL_do_handshake(ssl) }).result != 1 { throw trouble }
    }

    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8]) throws {
        if repeating({ unsafe SSL_write(ssl, bytes, Int32(bytes.count)) }).result <= 0 {
            throw trouble
        }
    }

    /// Reads until what has come holds `until`, or the server's end of TLS (close_notify).
    ///
    /// - Throws: when the connection ends without it, or with an alert.
    package func read(until mark: String? = nil) throws -> String {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            if let mark, String(decoding: all, as: UTF8.self).contains(mark) { break }
            let (count, error) = repeating {
                unsafe SSL_read(ssl, &buffer, Int32(buffer.count))
            }
            if count <= 0, error == SSL_ERROR_ZERO_RETURN { break }
            guard count > 0 else { throw trouble }
            all += buffer[..<Int(count)]
        }
        return String(decoding: all, as: UTF8.self)
    }

    /// Says that nothing more comes (close_notify), and goes on reading.
    package func end() {
        unsafe SSL_shutdown(ssl)
        flush()
    }

    /// Asks the server to change its keys, and to have ours changed (RFC 8446 §4.6.3).
    package func updateKeys() {
        unsafe SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED)
        _ = repeating { unsafe SSL_do_handshake(ssl) }
    }

    /// The same without reading what the server says to it.
    package func changeKeysUnread() {
        unsafe SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED)
        unsafe SSL_do_handshake(ssl)
        flush()
    }

    /// Tries a second handshake on the connection (RFC 5246 §7.4.1.1); false when it is refused.
    package func renegotiates() -> Bool {
        unsafe SSL_renegotiate(ssl)
        return repeating { unsafe SSL_do_handshake(ssl) }.result == 1
    }

    // MARK: What was agreed

    package var version: String { unsafe String(cString: SSL_get_version(ssl)) }
    package var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }
    package var cipher: String {
        unsafe String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)))
    }

    package var agreedProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &name, &length)
        guard let name = unsafe name else { return nil }
        // unsafe: of the length given.
        return unsafe String(
            decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
    }

    /// The common name of the server's certificate.
    package var serverCommonName: String? {
        guard let certificate = unsafe SSL_get1_peer_certificate(ssl) else { return nil }
        defer { unsafe X509_free(certificate) }
        var text = [CChar](repeating: 0, count: 256)
        let name = unsafe X509_get_subject_name(certificate)
        let length = unsafe X509_NAME_get_text_by_NID(
            name, NID_commonName, &text, Int32(text.count))
        return String(
            decoding: text.prefix(max(0, Int(length))).map { UInt8(bitPattern: $0) },
            as: UTF8.self)
    }

    /// The session, for a later connection. With TLS 1.3 it can be used once something has been read.
    package var session: Session? { unsafe SSL_get1_session(ssl).map { unsafe Session($0) } }
}
