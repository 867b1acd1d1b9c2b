/// Every bound of the listener, in one value; units are in the names.
package struct HTTPLimits: Sendable, Equatable {
    /// The request line; a longer target is answered 414.
    package var requestLineBytesMax = 8 << 10
    /// The whole head, request line included; beyond it 431.
    package var headerBytesMax = 32 << 10
    /// Field lines of a head; beyond it 431.
    package var headerCountMax = 100
    /// A body; beyond it 413. A handler may set a lower one for a request.
    package var bodyBytesMax = 1 << 20
    /// From accepting a connection to the end of its TLS handshake, and of a PROXY header before it;
    /// beyond it the connection is closed.
    package var handshakeTimeoutMilliseconds = 10_000
    /// From a request's first byte to the end of its head; beyond it 408.
    package var headerTimeoutMilliseconds = 10_000
    /// From the end of the head to the end of the body, beside what `bodyBytesPerSecondMin` grants;
    /// beyond it 408.
    package var bodyTimeoutMilliseconds = 30_000
    /// For each so many bytes of a body that have arrived it may take a second longer, so that a slow
    /// sender of a large body is told from one that only holds the connection. The same holds for who
    /// takes answers.
    package var bodyBytesPerSecondMin = 16 << 10
    /// Memory for bodies that are still arriving, of all connections together; beyond it 503.
    package var bodyBytesBufferedMax = 256 << 20
    /// How long the handler may take for its answer; beyond it 503.
    package var responseTimeoutMilliseconds = 60_000
    /// Requests of the whole server that wait for their answer; beyond it 503.
    package var requestsInFlightMax = 16_384
    /// How long a connection may wait for its next request.
    package var keepAliveTimeoutMilliseconds = 75_000
    /// How long answers may wait for a client that does not read; what it takes of them gains no more
    /// time than `bodyBytesPerSecondMin` grants, and never more than this. Beyond it the connection is
    /// closed.
    package var writeTimeoutMilliseconds = 30_000
    /// Connections of the whole server; more are answered 503 and closed as they come.
    package var connectionsMax = 20_000
    /// Connections of one address; more are answered 503 and closed as they come.
    package var connectionsPerAddressMax = 20_000
    /// Requests of a connection that may be under way at once; reading pauses beyond it.
    package var pipelinedRequestsMax = 64
    /// Answers waiting for a client that does not read; reading pauses beyond it.
    package var writeBufferBytesMax = 1 << 20
    /// How long a closing connection is read on, so that the client sees its answer (RFC 9112 §9.6).
    package var lingerMilliseconds = 1_000

    package init() {}
}
