import Cryptography
import Synchronization

/// Unpredictable bits for identifiers and `$random`, fetched many at a time: the system's own source
/// costs a system call for every eight bytes.
final class RandomPool: Sendable {
    static let shared = RandomPool()

    private let bytes = Mutex<[UInt8]>([])
    private static let byteCount = 1024

    /// 64 bits that are given to nobody else.
    func next() -> UInt64 {
        bytes.withLock { bytes in
            if bytes.count < 8 {
                guard let fresh = try? Randomness.bytes(Self.byteCount) else {
                    var generator = SystemRandomNumberGenerator()
                    return generator.next()
                }
                bytes = fresh
            }
            var bits: UInt64 = 0
            for byte in bytes.suffix(8) { bits = bits << 8 | UInt64(byte) }
            bytes.removeLast(8)
            return bits
        }
    }
}
