/// Bounds of one evaluation. They are always on: an expression that reaches one stops with its code.
///
///     var limits = EvaluationLimits()
///     limits.stepsMax = 10_000
///     let bounded = try Expression("$sum([1..100000].($ * 2))", limits: limits)  // U1001
public struct EvaluationLimits: Sendable, Equatable {
    /// Nodes evaluated; beyond it U1001.
    public var stepsMax = 10_000_000
    /// Nodes under evaluation at once, tail calls not counted; beyond it U1001.
    public var depthMax = 500
    /// Time on the injected clock; beyond it U1001.
    public var timeMilliseconds = 1_000
    /// Bytes that strings, arrays and objects may take in all, roughly counted; beyond it U1003.
    public var bytesAllocatedMax = 64 << 20
    /// Items of one sequence; beyond it D2015.
    public var sequenceLengthMax = 10_000_000
    /// UTF-8 bytes of one string; beyond it U1002.
    public var stringBytesMax = 16 << 20
    /// Steps of the regular-expression matcher; beyond it U1004.
    public var regexMatchLimit: UInt32 = 1_000_000
    /// Depth of the regular-expression matcher; beyond it U1004.
    public var regexDepthLimit: UInt32 = 10_000

    /// The limits a receiver runs untrusted input with.
    public init() {}
}

/// What an evaluation may know of the world: all of it given, none of it looked up.
///
///     let world = EvaluationEnvironment(nowMilliseconds: 0)
///     let now = try Expression("$now()").evaluate(nil, environment: world)
public struct EvaluationEnvironment: Sendable {
    /// `$now()` and `$millis()`: milliseconds since 1970, the same for a whole evaluation.
    public var nowMilliseconds: Int64
    /// A number from 0 up to 1, for `$random` and `$shuffle`.
    public var random: @Sendable () -> Double
    /// A clock that never goes back, in nanoseconds, for the time limit.
    public var monotonicNanoseconds: @Sendable () -> UInt64

    /// Without a clock the time limit is not reached; the other limits hold.
    public init(
        nowMilliseconds: Int64 = 0, random: @escaping @Sendable () -> Double = { 0.5 },
        monotonicNanoseconds: @escaping @Sendable () -> UInt64 = { 0 }
    ) {
        self.nowMilliseconds = nowMilliseconds
        self.random = random
        self.monotonicNanoseconds = monotonicNanoseconds
    }
}
