@testable import HTTPServer

/// The parser alone, fed with pieces as a connection would.
enum ParserOutcome {
    /// What the bytes came to: a line a request, `METHOD TARGET body`, then the status of a refusal, or
    /// `incomplete`.
    static func of(
        _ bytes: [UInt8], limits: HTTPLimits = HTTPLimits(), cuts: [Int] = []
    ) -> [String] {
        var parser = HTTPParser(limits: limits)
        var out: [String] = []
        var pending: [UInt8] = []
        var head: HTTPRequestHead?
        var start = 0
        for end in cuts + [bytes.count] where end >= start {
            pending += bytes[start..<end]
            start = end
            do throws(HTTPFailure) {
                loop: while true {
                    var consumed = 0
                    let event = try parser.next(pending.span, consumed: &consumed)
                    pending.removeFirst(consumed)
                    switch event {
                    case .needMore: break loop
                    case .head(let arrived):
                        head = arrived
                        try parser.accept(bodyLimit: limits.bodyBytesMax)
                    case .complete(let body):
                        guard let head else { return out + ["no head"] }
                        out.append(
                            "\(head.method) \(head.target) \(String(decoding: body, as: UTF8.self))"
                        )
                    }
                }
            } catch {
                return out + ["\(error.status)"]
            }
        }
        return out + (parser.isIdle && pending.isEmpty ? [] : ["incomplete"])
    }
}
