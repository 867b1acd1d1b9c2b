/// What each stage did with one request, for `postern replay` and the log at debug level. Holds no
/// secret, no expected value and no part of one.
package struct PipelineTrace: Sendable, CustomStringConvertible {
    package enum Outcome: String, Sendable {
        case passed
        case skipped
        case refused
        case failed
    }

    package struct Entry: Sendable {
        package let stage: PipelineStage
        package let outcome: Outcome
        /// What happened, in words.
        package let detail: String
    }

    package private(set) var entries: [Entry] = []
    /// False on the serving path: nothing is written down and no text is built.
    package let isRecording: Bool

    package init(isRecording: Bool) {
        self.isRecording = isRecording
    }

    package var description: String {
        entries.map { "\($0.stage.rawValue): \($0.outcome.rawValue): \($0.detail)" }
            .joined(separator: "\n")
    }

    mutating func record(
        _ stage: PipelineStage, _ outcome: Outcome, _ detail: @autoclosure () -> String
    ) {
        guard isRecording else { return }
        entries.append(Entry(stage: stage, outcome: outcome, detail: detail()))
    }
}
