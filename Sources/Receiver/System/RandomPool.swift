import Cryptography
import Synchronization

/// Unpredictable bits for identifiers and `$random`, fetched many at a time: the system's own source
/// costs a system call for every eight bytes.
final class RandomPool: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        /// Where those begin that were not given yet.
        var next = 0
    }

    private let state = Mutex(State())
    private static let byteCount = 1024

    /// 64 bits that are given to nobody else.
    func next() -> UInt64 {
        state.withLock { state in
            if state.bytes.count - state.next < 8 {
                guard let fresh = try? Randomness.bytes(Self.byteCount) else {
                    var generator = SystemRandomNumberGenerator()
                    return generator.next()
                }
                (state.bytes, state.next) = (fresh, 0)
            }
            var bits: UInt64 = 0
            for place in state.next..<state.next + 8 {
                bits = bits << 8 | UInt64(state.bytes[place])
                // Nobody can read from memory what was given.
                state.bytes[place] = 0
            }
            state.next += 8
            return bits
        }
    }
}
