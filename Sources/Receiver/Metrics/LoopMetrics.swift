/// How long one loop's requests take.
final class LoopMetrics: Sendable {
    let pipelineDuration = Histogram()
    let answerDuration = Histogram()
    let stages = StageMetrics()

    /// Writes what all loops have measured.
    static func write(_ loops: [LoopMetrics], to text: inout String) {
        StageMetrics.write(loops.map(\.stages), to: &text)
        Histogram.write(
            "postern_pipeline_seconds", "Time from a whole request to its decision.",
            [("", loops.map(\.pipelineDuration))], to: &text)
        Histogram.write(
            "postern_commit_seconds", "Time from a decision to stored and answered.",
            [("", loops.map(\.answerDuration))], to: &text)
    }
}
