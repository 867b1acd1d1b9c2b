/// What the parser makes of bytes, wherever they are cut: for fuzzing and tests.
package struct HTTPOutcome: Sendable, Equatable {
    /// One request that was complete.
    package struct Message: Sendable, Equatable {
        package let method: String
        package let target: String
        package let body: [UInt8]
    }

    /// How it ended.
    package enum End: Sendable, Equatable {
        /// Between two requests.
        case idle
        /// Within one.
        case incomplete
        /// With this status.
        case refused(Int)
    }

    package private(set) var messages: [Message] = []
    package private(set) var end = End.idle
    /// The most bytes that the parser left with its caller, waiting for more.
    package private(set) var heldBytesMax = 0

    /// Reads the bytes as a connection that gets them in pieces.
    ///
    /// - Parameters:
    ///   - bytes: what a client sends.
    ///   - limits: the listener's.
    ///   - cuts: rising places where one read ends and the next begins.
    package init(reading bytes: [UInt8], limits: HTTPLimits = HTTPLimits(), cuts: [Int] = []) {
        let parser = HTTPParser(limits: limits)
        var pending: [UInt8] = []
        var start = 0
        var head: HTTPRequestHead?
        for end in cuts + [bytes.count] where end >= start && end <= bytes.count {
            pending += bytes[start..<end]
            start = end
            do throws(HTTPFailure) {
                try read(parser, &pending, &head, limits)
            } catch {
                self.end = .refused(error.status)
                return
            }
            heldBytesMax = max(heldBytesMax, pending.count)
        }
        end = parser.isIdle && pending.isEmpty ? .idle : .incomplete
    }

    private mutating func read(
        _ parser: HTTPParser, _ pending: inout [UInt8], _ head: inout HTTPRequestHead?,
        _ limits: HTTPLimits
    ) throws(HTTPFailure) {
        while true {
            var consumed = 0
            let event = try parser.next(pending.span, consumed: &consumed)
            pending.removeFirst(consumed)
            switch event {
            case .needMore: return
            case .head(let arrived):
                head = arrived
                try parser.accept(bodyLimit: limits.bodyBytesMax)
            case .complete(let body):
                messages.append(
                    Message(method: head?.method ?? "", target: head?.target ?? "", body: body))
            }
        }
    }
}
