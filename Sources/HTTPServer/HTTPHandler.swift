package import Cryptography

/// What a handler wants done with a request whose head has arrived.
package enum HeadDecision: Sendable {
    /// Read the body, up to `limit` bytes (never more than the listener's own limit).
    /// - Parameter context: what the request is handed over with (`HTTPRequest.context`).
    case readBody(limit: Int, context: (any AnyObject & Sendable)? = nil)
    /// Answer now; the body is not read and the connection closes after the answer.
    case respond(HTTPResponse)
}

/// What an HTTP server asks of its owner. Calls come from the loops' threads; one loop never calls
/// twice at once.
package protocol HTTPHandler: Sendable {
    /// A head has arrived and is valid.
    /// - Parameter loop: the number of the loop that has read it.
    func headReceived(
        _ head: HTTPRequestHead, remoteAddress: String, loop: Int
    ) -> HeadDecision
    /// A request has arrived whole. `exchange.respond` must be called exactly once, now or later, from
    /// any thread.
    func handle(_ request: HTTPRequest, _ exchange: HTTPExchange)
    /// All sockets that were readable in this round have been read, and `handle` was called for at
    /// least one request: the place to hand on what the round's requests have collected.
    /// - Returns: true when some of it waits for `loopRests`: before it sleeps, the loop looks whether more
    ///   is ready.
    func roundEnded(loop: Int) -> Bool
    /// A loop whose last round left work that waits for this has looked, and no more requests were ready.
    func loopRests(_ loop: Int)
    /// A connection was refused or broken off by the protocol: for counting.
    func protocolFailed(_ failure: HTTPFailure, remoteAddress: String)
    /// Whether a peer may say in a PROXY header whose connection it passes on.
    func isTrustedProxy(_ address: String) -> Bool
    /// A TLS handshake is over: for counting.
    func connectionSecured(_ security: ConnectionSecurity)
    /// A TLS handshake came to nothing: for counting.
    func handshakeFailed(_ failure: TLSFailure, remoteAddress: String)
}

/// What a handler needs not say: of connections that are not plain, and of rest when it holds nothing.
extension HTTPHandler {
    package func loopRests(_ loop: Int) {}
    package func isTrustedProxy(_ address: String) -> Bool { false }
    package func connectionSecured(_ security: ConnectionSecurity) {}
    package func handshakeFailed(_ failure: TLSFailure, remoteAddress: String) {}
}

/// Why the server itself answered a request, or closed a connection without an answer.
package struct HTTPFailure: Error, Sendable, Equatable {
    /// The status of the answer.
    package let status: Int
    /// What was wrong, for the log; never shown to the client.
    package let reason: String

    /// The limit that was reached, by its name in the configuration; nil when it was none.
    package let limit: String?

    /// The reason when a connection is turned away before it could send a request.
    package static let tooManyConnections = "too many connections"

    package init(_ status: Int, _ reason: String, limit: String? = nil) {
        self.status = status
        self.reason = reason
        self.limit = limit
    }
}

/// The answering half of a request.
package struct HTTPExchange: Sendable {
    let loop: EventLoop
    let connection: UInt64
    let sequence: UInt64

    /// The number of the loop that owns the connection, from 0.
    package var loopIndex: Int { loop.index }

    /// When the loop's round began, in nanoseconds of the monotonic clock; asked on the loop's thread
    /// while it hands the request over.
    package var roundBeganNanoseconds: UInt64 { loop.now }

    /// Answers the request. Answers of pipelined requests leave in the order of the requests.
    package func respond(_ response: HTTPResponse) {
        loop.answer(
            LoopAnswer(connection: connection, sequence: sequence, response: response))
    }

    /// Has each task done by its own loop, in order, with one wake-up a loop: at once for the loop whose
    /// thread this is. They are handed on whole, so that their memory comes back to the thread that took it;
    /// another would have to wait for malloc's lock.
    package static func perform(_ tasks: consuming [any LoopTask]) {
        guard let loop = tasks.first?.exchange.loop else { return }
        if tasks.allSatisfy({ $0.exchange.loop === loop }) { return loop.perform(consume tasks) }
        var parts: [(loop: EventLoop, tasks: [any LoopTask])] = []
        for task in tasks {
            let loop = task.exchange.loop
            if let known = parts.firstIndex(where: { $0.loop === loop }) {
                parts[known].tasks.append(task)
            } else {
                parts.append((loop, [task]))
            }
        }
        tasks = []
        // The others are woken before anything is done here.
        parts.sort { !$0.loop.isOwnThread && $1.loop.isOwnThread }
        while !parts.isEmpty {
            let (loop, own) = parts.removeFirst()
            loop.perform(consume own)
        }
    }
}

/// What is to be done where a request is answered.
package protocol LoopTask: AnyObject, Sendable {
    /// Of the request.
    var exchange: HTTPExchange { get }
    /// Called once, on the loop's thread; after the loop's end on that of whoever handed it over.
    func perform()
}
