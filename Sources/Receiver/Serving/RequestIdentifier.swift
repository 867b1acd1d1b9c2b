import Synchronization

/// Names requests, in the log and in `X-Request-Id`.
///
/// 13 characters of base 32 over a counter that is scrambled by a bijection: never twice in one run,
/// and short enough for Swift to keep without allocating.
package final class RequestIdentifiers: Sendable {
    private let counter: Atomic<UInt64>

    package init(seed: UInt64) { counter = Atomic(seed) }

    package func next() -> String {
        var bits = counter.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        // splitmix64's finalizer.
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        bits ^= bits >> 31
        var text = InlineArray<13, UInt8>(repeating: 0)
        for place in 0..<13 {
            text[place] = Self.digit(UInt8(truncatingIfNeeded: bits >> UInt64(60 - 5 * place)) & 31)
        }
        // ASCII, so it is never refused.
        do { return String(copying: try UTF8Span(validating: text.span)) } catch { return "" }
    }

    /// RFC 4648's base32hex in lower case.
    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x61 + value - 10
    }
}
