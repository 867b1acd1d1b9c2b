import EventQueue
import JSON
import Webhooks

/// `postern replay`.
enum ReplayCommand {
    static let specification = CommandSpecification(
        ["replay"],
        "Run captured requests through the pipeline, and say what becomes of them and why",
        details: """
            FILE holds captured requests: JSON Lines (a file queue's segments, queue export --requests),
            HAR, or raw HTTP requests; - is standard input, a folder is a file queue. --queue and
            --quarantine read what Postern keeps. Nothing is stored or sent without --store or --to; with a
            new configuration in --config it reports what would change. Exits with 1 when a request is not
            accepted.
            """,
        arguments: [
            ArgumentSpecification("FILE", "Captured requests", required: false, repeats: true)
        ],
        options: [
            CommonOptions.config,
            OptionSpecification("queue", "NAME", "Requests of the events of this queue"),
            OptionSpecification("quarantine", nil, "Requests that were refused"),
            OptionSpecification(
                "number", "N", "Only this one of the queue or quarantine", repeats: true),
            OptionSpecification("integration", "NAME", "Replay as requests of this integration"),
            OptionSpecification("account", "ID", "… and this account"),
            OptionSpecification(
                "at", "TIME", "The clock for signatures: captured (default), now, or ISO 8601"),
            OptionSpecification(
                "against", "FILE", "Report what differs from this configuration"),
            OptionSpecification("dry-run", nil, "Store and send nothing (the default)"),
            OptionSpecification("store", nil, "Store what is accepted in its queues"),
            OptionSpecification(
                "to", "URL",
                "Send each request there as it was captured; a bare http://HOST keeps paths"),
            CommonOptions.certificateAuthorities,
            CommonOptions.json,
        ],
        run: { invocation in
            invocation.checked { () throws(CommandLineTool.UsageError) in
                try run(invocation)
            }
        })

    private static func run(
        _ invocation: Invocation
    ) throws(CommandLineTool.UsageError) -> ExitCode {
        let hasSource = invocation["queue"] != nil || invocation.has("quarantine")
        guard hasSource || !invocation.arguments.isEmpty else {
            throw CommandLineTool.UsageError(message: "give FILE, --queue or --quarantine")
        }
        let actions = ["dry-run", "store", "to"].filter(invocation.has)
        guard actions.count <= 1 else {
            throw CommandLineTool.UsageError(
                message: "--\(actions[0]) and --\(actions[1]) exclude each other")
        }
        let clock = try clock(invocation)
        guard let loaded = CommonOptions.everything(invocation) else { return .configuration }
        var other: LoadedConfiguration?
        if let file = invocation["against"] {
            let found = ConfigurationLoader(file: file).load()
            let errors = found.problems.filter { $0.severity == .error }
            for problem in errors { invocation.terminal.errorLine("\(problem)") }
            guard errors.isEmpty else { return .configuration }
            other = found
        }
        do throws(QueueError) {
            let session = try Session(invocation, loaded, clock, against: other)
            defer { session.close() }
            return try replay(invocation, loaded, session)
        } catch {
            let hint = error.code == .locked ? "; the server runs: send with --to instead" : ""
            invocation.terminal.error("\(error)\(hint)")
            return .unavailable
        }
    }

    private static func clock(
        _ invocation: Invocation
    ) throws(CommandLineTool.UsageError) -> ReplayRunner.ReplayClock {
        switch invocation["at"] {
        case nil, "captured": return .captured
        case "now": return .now
        case .some(let text):
            guard let time = TimeText.milliseconds(iso8601: text) else {
                throw CommandLineTool.UsageError(
                    message: "--at takes captured, now or a time such as 2026-01-31T12:00:00Z, "
                        + "not \"\(text)\"")
            }
            return .fixed(time)
        }
    }

    private static func replay(
        _ invocation: Invocation, _ loaded: LoadedConfiguration, _ session: Session
    ) throws(QueueError) -> ExitCode {
        for file in invocation.arguments {
            do throws(FileError) {
                try CaptureSource.read(
                    file: file, terminal: invocation.terminal, session.take)
            } catch {
                invocation.terminal.error("\(error)")
                return .unavailable
            }
        }
        let numbers = invocation.all("number").compactMap { Int64($0) }
        guard numbers.count == invocation.all("number").count, numbers.allSatisfy({ $0 > 0 }) else {
            return invocation.usage("--number takes the number that list shows")
        }
        if let name = invocation["queue"] {
            guard let settings = QueueCommands.chosen(invocation, loaded.configuration) else {
                return .usage
            }
            let queue = try QueueOpening.open(
                settings, folder: loaded.configuration.dataDirectory, access: .consumer)
            defer { queue.close() }
            if numbers.isEmpty {
                try CaptureSource.read(queue: queue, filter: EventFilter(), session.take)
            }
            for number in numbers {
                guard try queue.show(sequence: UInt64(number)) != nil else {
                    session.take(.failure(CaptureFailure("queue \(name) has no event \(number)")))
                    continue
                }
                try CaptureSource.read(queue: queue, sequence: UInt64(number), session.take)
            }
        }
        if invocation.has("quarantine") {
            guard let store = try QuarantineCommands.open(loaded.configuration) else {
                invocation.terminal.error("there is no quarantine in this data directory")
                return .unavailable
            }
            defer { store.close() }
            try CaptureSource.read(
                quarantine: store, integration: invocation["integration"], numbers: numbers,
                session.take)
        }
        session.report.finish()
        if let failure = session.failure { throw failure }
        return session.report.isWrong ? .wrong : .done
    }
}
