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

    /// What a verifier asks a key set for.
    package enum KeySetDemand: Sendable {
        /// The set that is known now.
        case current
        /// A newer set than the one given before: a token names a key that is not in it.
        case newer
    }

    /// The JSON Web Key Set of an https address or of a file (`file:PATH`), from a cache kept elsewhere;
    /// nil: not to be had at this moment. It answers at once: fetching is for another thread.
    package typealias KeySetSource =
        @Sendable (_ address: String, _ demand: KeySetDemand) -> [UInt8]?

    /// The time against which signatures are judged, milliseconds since 1970.
    package var nowMilliseconds: Int64
    /// A clock that only goes forward, for the time limits of expressions.
    package var monotonicNanoseconds: @Sendable () -> UInt64
    /// Told of each stage that ran, with its nanoseconds; nil: no clock is read for it.
    package var stageEnded: (@Sendable (PipelineStage, UInt64) -> Void)?
    /// 64 unpredictable bits, for ids and `$random`.
    package var randomBits: @Sendable () -> UInt64
    /// Undoes Content-Encoding; nil refuses every coding but `identity`.
    package var decodeContent: ContentDecoder?
    /// The key sets that are not written in the configuration; nil: there are none.
    package var keySet: KeySetSource?

    package init(
        nowMilliseconds: Int64,
        monotonicNanoseconds: @escaping @Sendable () -> UInt64,
        randomBits: @escaping @Sendable () -> UInt64,
        decodeContent: ContentDecoder? = nil,
        keySet: KeySetSource? = nil
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

    /// A number in 0..<1 of 53 of the bits.
    static func number(_ bits: UInt64) -> Double { Double(bits >> 11) * 0x1p-53 }
}
