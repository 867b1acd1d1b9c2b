private import COpenSSL
internal import Synchronization

/// The keys under which sessions are handed to clients (RFC 5077 §4). All contexts and loops share them,
/// so that a session goes on wherever the client lands, and after a reload. They are replaced as time
/// goes on: whoever learns one reads no older connections than those of two periods.
package final class TLSTicketKeys: Sendable {
    /// How long a key makes tickets, how much longer they are taken, and how long a session lives.
    package static let periodSeconds: UInt64 = 2 * 3600

    struct Key: Sendable {
        let name: [UInt8]
        let encryption: Secret
        let authentication: Secret

        init() throws(CryptographyError) {
            name = try Randomness.bytes(16)
            encryption = Secret(try Randomness.bytes(32))
            authentication = Secret(try Randomness.bytes(32))
        }
    }

    private struct State {
        var current: Key
        var previous: Key?
        var since: UInt64
    }
    private let state: Mutex<State>

    /// - Parameter now: monotonic seconds.
    /// - Throws: `randomnessUnavailable`.
    package init(now: UInt64) throws(CryptographyError) {
        state = Mutex(State(current: try Key(), since: now))
    }

    /// Replaces the key when its time is over; after two periods without a call both are replaced.
    ///
    /// - Parameter now: monotonic seconds.
    package func rotate(now: UInt64) {
        state.withLock { state in
            guard now >= state.since &+ Self.periodSeconds, let new = try? Key() else { return }
            let isLate = now >= state.since &+ 2 &* Self.periodSeconds
            state = State(current: new, previous: isLate ? nil : state.current, since: now)
        }
    }

    var current: Key { state.withLock { $0.current } }

    /// The key of a ticket, and whether the ticket should be replaced.
    func find(_ name: [UInt8]) -> (key: Key, isOld: Bool)? {
        state.withLock { state in
            if state.current.name == name { return (state.current, false) }
            if let previous = state.previous, previous.name == name { return (previous, true) }
            return nil
        }
    }

    /// OpenSSL asks for the keys of a ticket (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)).
    static let callback:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt8>?,
            OpaquePointer?, OpaquePointer?, Int32
        ) -> Int32 = { ssl, name, vector, cipher, code, isMaking in
            guard let context = unsafe TLSContext.of(ssl), let keys = context.ticketKeys,
                let name = unsafe name, let vector = unsafe vector
            else { return -1 }
            // unsafe: the name has 16 bytes and the vector EVP_MAX_IV_LENGTH, by the manual.
            if isMaking == 1 {
                let key = keys.current
                for (place, byte) in key.name.enumerated() { unsafe name[place] = byte }
                guard unsafe RAND_bytes(vector, 16) == 1 else { return -1 }
                return unsafe prepare(key, vector, cipher, code, isMaking: true) ? 1 : -1
            }
            let asked = unsafe Array(UnsafeBufferPointer(start: name, count: 16))
            // 0: not ours, or too old; a whole handshake follows.
            guard let (key, isOld) = keys.find(asked) else { return 0 }
            guard unsafe prepare(key, vector, cipher, code, isMaking: false) else { return -1 }
            return isOld ? 2 : 1
        }

    /// AES-256-CBC, then HMAC-SHA-256, as RFC 5077 §4 recommends.
    private static func prepare(
        _ key: Key, _ vector: UnsafePointer<UInt8>, _ cipher: OpaquePointer?,
        _ code: OpaquePointer?, isMaking: Bool
    ) -> Bool {
        // unsafe: each key is lent for the call, which copies it.
        let isKeyed = key.authentication.withBytes { bytes in
            unsafe bytes.withUnsafeBufferPointer {
                unsafe postern_hmac_prepare(code, "SHA256", $0.baseAddress, $0.count) == 1
            }
        }
        guard isKeyed else { return false }
        return key.encryption.withBytes { bytes in
            unsafe bytes.withUnsafeBufferPointer { bytes in
                unsafe EVP_CipherInit_ex(
                    cipher, EVP_aes_256_cbc(), nil, bytes.baseAddress, vector, isMaking ? 1 : 0)
                    == 1
            }
        }
    }
}
