@testable import HTTPServer

/// The parser alone, fed with pieces as a connection would.
enum ParserOutcome {
    /// What the bytes came to: a line a request, `METHOD TARGET body`, then the status of a refusal, or
    /// `incomplete`.
    static func of(
        _ bytes: [UInt8], limits: HTTPLimits = HTTPLimits(), cuts: [Int] = []
    ) -> [String] {
        let outcome = HTTPOutcome(reading: bytes, limits: limits, cuts: cuts)
        let lines = outcome.messages.map {
            "\($0.method) \($0.target) \(String(decoding: $0.body, as: UTF8.self))"
        }
        switch outcome.end {
        case .idle: return lines
        case .incomplete: return lines + ["incomplete"]
        case .refused(let status): return lines + ["\(status)"]
        }
    }
}
