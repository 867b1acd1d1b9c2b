import Cryptography
import JSON
import Synchronization

/// Key sets by their address: taking one apart builds a key of each entry, which costs far more than
/// checking a signature with it.
final class ParsedKeySets: Sendable {
    private struct Entry {
        let document: [UInt8]
        let set: JSONWebKeySet
    }
    private let entries = Mutex<[String: Entry]>([:])
    private static let entriesMax = 256

    /// - Parameters:
    ///   - address: where the document came from, or its own text.
    ///   - document: the set's text, compared with the one seen before.
    /// - Throws: `keyMalformed` when it is no set, or one without a single key to check with.
    func set(named address: String, _ document: [UInt8]) throws(Misconfiguration) -> JSONWebKeySet {
        let known = entries.withLock { $0[address] }
        if let known, known.document == document { return known.set }
        guard let set = JSONWebKeySet(document: document) else {
            throw Misconfiguration(.keyMalformed, key: "jwks")
        }
        entries.withLock { entries in
            if entries.count >= Self.entriesMax { entries.removeAll() }
            entries[address] = Entry(document: document, set: set)
        }
        return set
    }
}
