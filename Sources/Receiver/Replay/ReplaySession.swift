import EventQueue
import Webhooks

extension ReplayCommand {
    /// One run of the command: what captures go through, and what is done with them.
    final class Session {
        let report: ReplayReport
        private let runner: ReplayRunner
        private let other: ReplayRunner?
        private let loaded: LoadedConfiguration
        private let target: String?
        private let client: HTTPClient
        /// Opened for `--store`; in the order of the configuration.
        private var queues: [any EventQueue] = []
        /// What ended the storing.
        private(set) var failure: QueueError?

        init(
            _ invocation: Invocation, _ loaded: LoadedConfiguration,
            _ clock: ReplayRunner.ReplayClock, against other: LoadedConfiguration?
        ) throws(QueueError) {
            self.loaded = loaded
            report = ReplayReport(terminal: invocation.terminal, json: invocation.has("json"))
            let (integration, account) = (invocation["integration"], invocation["account"])
            runner = try ReplayRunner(
                loaded, clock: clock, integration: integration, account: account)
            if let other {
                self.other = try ReplayRunner(
                    other, clock: clock, integration: integration, account: account)
            } else {
                self.other = nil
            }
            target = invocation["to"]
            client = CommonOptions.client(invocation)
            guard invocation.has("store") else { return }
            for settings in loaded.configuration.queues {
                queues.append(
                    try QueueOpening.open(
                        settings, folder: loaded.configuration.dataDirectory, access: .readWrite))
            }
        }

        func close() {
            for queue in queues { queue.close() }
        }

        /// Replays one capture.
        func take(_ found: Result<Capture, CaptureFailure>) {
            switch found {
            case .failure(let error): report.add(unreadable: error)
            case .success(let capture):
                guard failure == nil else { return }
                let result = runner.run(capture)
                let changes = other.map { result.changes(from: $0.run(capture)) }
                report.add(
                    result, changes: changes ?? result.changes(), action: act(result))
            }
        }

        private func act(_ result: ReplayResult) -> ReplayReport.Action? {
            if let target { return send(result.capture, to: target) }
            guard !queues.isEmpty else { return nil }
            guard let delivery = result.delivery, let integration = result.integration else {
                return nil
            }
            let events = delivery.events.map {
                QueuedEvent($0, integration: integration, account: result.account)
            }
            guard !events.isEmpty else { return nil }
            do throws(QueueError) {
                var stored = 0
                for (index, queue) in queues.enumerated()
                where result.queues.contains(QueueSet(index: index)) {
                    let outcomes = try queue.append(events, nowMilliseconds: Clock.nowMilliseconds)
                    stored += outcomes.count { $0 != .duplicate }
                }
                return ReplayReport.Action(
                    name: stored > 0 ? "stored" : "duplicate",
                    detail: events.map(\.id).joined(separator: ", "), isDone: true)
            } catch {
                failure = error
                return ReplayReport.Action(name: "not stored", detail: "\(error)", isDone: false)
            }
        }

        /// Fields that belong to a connection or to the body's framing, and are made anew.
        private static let connectionFields: Set<String> = [
            "host", "connection", "content-length", "transfer-encoding", "keep-alive", "te",
            "trailer", "upgrade", "expect", "proxy-connection",
        ]

        private func send(_ capture: Capture, to url: String) -> ReplayReport.Action {
            let fields = capture.fields.filter {
                !Self.connectionFields.contains($0.name.lowercased()) && $0.value != "[redacted]"
            }
            do throws(HTTPClient.Failure) {
                let answer = try client.send(
                    method: capture.method, url: Self.address(url, capture.target),
                    fields: fields.map { ($0.name, $0.value) }, body: capture.body)
                let isGood = (200..<300).contains(answer.status)
                return ReplayReport.Action(
                    name: "sent", detail: "answered \(answer.status)", isDone: isGood)
            } catch {
                return ReplayReport.Action(
                    name: "not sent", detail: error.description, isDone: false)
            }
        }

        /// The captured target at a host, or the URL as it is when it names a path.
        private static func address(_ url: String, _ target: String) -> String {
            guard let mark = url.firstRange(of: "://") else { return url }
            let path = url[mark.upperBound...].drop { $0 != "/" }
            if path.isEmpty { return url + target }
            return path == "/" ? String(url.dropLast()) + target : url
        }
    }
}

extension CaptureSource {
    /// Reads one event of a queue.
    static func read(
        queue: any EventQueue, sequence: UInt64, _ body: Body
    ) throws(QueueError) {
        try read(
            queue: queue, filter: EventFilter(afterSequence: sequence - 1), only: sequence, body)
    }
}
