/// What a match may cost before it is given up (U1004).
package struct RegexLimits: Sendable, Equatable {
    /// Calls of PCRE2's internal matching function.
    package var matchSteps: UInt32
    /// Nested backtracking, where the just-in-time compiler is not used.
    package var depth: UInt32
    /// Memory for backtracking in KiB, where the just-in-time compiler is not used.
    package var heapKibibytes: UInt32

    /// Defaults that let ordinary expressions run on megabytes and stop exponential ones soon.
    package init(
        matchSteps: UInt32 = 1_000_000, depth: UInt32 = 10_000, heapKibibytes: UInt32 = 16_384
    ) {
        self.matchSteps = matchSteps
        self.depth = depth
        self.heapKibibytes = heapKibibytes
    }

    /// Those of an evaluation.
    init(_ limits: EvaluationLimits) {
        self.init(matchSteps: limits.regexMatchLimit, depth: limits.regexDepthLimit)
    }
}
