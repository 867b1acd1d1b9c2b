import Synchronization

/// Names requests, in the log and in `X-Request-Id`.
///
/// 13 characters of base 32 over a counter that is scrambled by a bijection: never twice in one run,
/// and short enough for Swift to keep without allocating.
package final class RequestIdentifiers: Sendable {
    private let counter: Atomic<UInt64>
    private let step: UInt64

    private static let unit: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// - Parameters:
    ///   - seed: where to begin.
    ///   - part: this one's number among those that share a seed and never name two requests the same.
    ///   - parts: how many those are.
    package init(seed: UInt64, part: Int = 0, of parts: Int = 1) {
        counter = Atomic(seed &+ UInt64(part) &* Self.unit)
        step = UInt64(parts) &* Self.unit
    }

    package func next() -> String {
        var bits = counter.wrappingAdd(step, ordering: .relaxed).newValue
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
