/// What the pure pipeline may know of the world during one run.
package struct PipelineEnvironment: Sendable {
    /// Why a content coding was not undone.
    package enum DecodingFailure: Error, Sendable {
        case unsupported
        case malformed
        /// The decoded size passed the limit.
        case tooLarge
    }

    /// Undoes one content coding (`gzip`, `deflate`) of bytes, giving at most `maximum` bytes.
    package typealias ContentDecoder =
        @Sendable (_ coding: String, _ bytes: [UInt8], _ maximum: Int) -> Result<
            [UInt8], DecodingFailure
        >

    /// The time against which signatures are judged, milliseconds since 1970.
    package var nowMilliseconds: Int64
    /// A clock that only goes forward, for the time limits of expressions.
    package var monotonicNanoseconds: @Sendable () -> UInt64
    /// 64 unpredictable bits, for ids and `$random`.
    package var randomBits: @Sendable () -> UInt64
    /// Undoes Content-Encoding; nil refuses every coding but `identity`.
    package var decodeContent: ContentDecoder?
    /// The JSON Web Key Set at an https address, from a cache kept elsewhere; nil = not to be had.
    package var keySet: (@Sendable (_ address: String) -> [UInt8]?)?

    package init(
        nowMilliseconds: Int64,
        monotonicNanoseconds: @escaping @Sendable () -> UInt64,
        randomBits: @escaping @Sendable () -> UInt64,
        decodeContent: ContentDecoder? = nil,
        keySet: (@Sendable (_ address: String) -> [UInt8]?)? = nil
    ) {
        self.nowMilliseconds = nowMilliseconds
        self.monotonicNanoseconds = monotonicNanoseconds
        self.randomBits = randomBits
        self.decodeContent = decodeContent
        self.keySet = keySet
    }

    /// A new UUIDv7 (RFC 9562 §5.7) of this moment.
    package func makeIdentifier() -> String {
        UUIDText.version7(
            milliseconds: nowMilliseconds, high: randomBits(), low: randomBits())
    }

    /// A number in 0..<1 with 53 random bits.
    package func randomNumber() -> Double {
        Double(randomBits() >> 11) * 0x1p-53
    }
}
