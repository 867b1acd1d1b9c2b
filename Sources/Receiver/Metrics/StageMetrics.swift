import Webhooks

/// How long each stage of the pipeline takes; a stage that an integration lacks is not measured.
final class StageMetrics: Sendable {
    private let context = Histogram()
    private let transform = Histogram()
    private let handler = Histogram()
    private let signature = Histogram()
    private let events = Histogram()

    func record(_ stage: PipelineStage, nanoseconds: UInt64) {
        histogram(stage).record(nanoseconds: nanoseconds)
    }

    private func histogram(_ stage: PipelineStage) -> Histogram {
        switch stage {
        case .context: context
        case .payloadTransform: transform
        case .handleVerification: handler
        case .signatureVerification: signature
        case .events: events
        }
    }

    static func write(_ loops: [StageMetrics], to text: inout String) {
        let stages: [PipelineStage] = [
            .context, .payloadTransform, .handleVerification, .signatureVerification, .events,
        ]
        Histogram.write(
            "postern_stage_seconds",
            "Time of one stage: reading the body, the expressions, the signature, the events.",
            stages.map { stage in
                ("stage=\(Metrics.quote(stage.rawValue))", loops.map { $0.histogram(stage) })
            }, to: &text)
    }
}
