import Cryptography
import EventQueue
import JSON
import Synchronization

/// `postern work`.
enum WorkCommand {
    static let specification = CommandSpecification(
        ["work"], "Take events from a queue and hand each to a command or a URL",
        details: """
            --exec runs a shell command with the event on its standard input and POSTERN_EVENT_ID,
            POSTERN_EVENT_TYPE, POSTERN_INTEGRATION, POSTERN_ACCOUNT, POSTERN_SEQUENCE and POSTERN_ATTEMPT in
            its environment; exit status 0 means done. --url posts it; 2xx means done. What fails comes again
            after an exponential backoff with jitter, and is a dead letter after the last attempt (postern
            queue requeue brings it back). SIGTERM ends after the events under way, another one half a second
            later at once.
            """,
        options: [
            CommonOptions.config, CommonOptions.queue,
            OptionSpecification("exec", "COMMAND", "Run this for each event"),
            OptionSpecification("url", "URL", "Post each event there"),
            OptionSpecification(
                "secret", "VARIABLE",
                "Sign posts (Standard Webhooks) with this environment variable of the configuration"
            ),
            CommonOptions.certificateAuthorities,
            OptionSpecification("concurrency", "COUNT", "So many at a time; 1 by default"),
            OptionSpecification("timeout", "DURATION", "For one event; 60s by default"),
            OptionSpecification(
                "attempts", "COUNT", "Dead letter after so many; by default as configured"),
            OptionSpecification("until-empty", nil, "Stop once nothing is ready"),
            CommonOptions.json,
        ],
        run: { invocation in
            invocation.checked { () throws(CommandLineTool.UsageError) in try run(invocation) }
        })

    private static func run(
        _ invocation: Invocation
    ) throws(CommandLineTool.UsageError) -> ExitCode {
        guard (invocation["exec"] == nil) != (invocation["url"] == nil) else {
            throw CommandLineTool.UsageError(message: "give --exec or --url")
        }
        let count = try invocation.integer("concurrency", default: 1, 1...256)
        let timeout = try invocation.duration("timeout") ?? 60_000
        guard (1...36_000_000).contains(timeout) else {
            throw CommandLineTool.UsageError(message: "--timeout takes 1ms to 10h")
        }
        guard let loaded = CommonOptions.everything(invocation) else { return .configuration }
        guard var chosen = QueueCommands.chosen(invocation, loaded.configuration) else {
            return .usage
        }
        chosen.delivery.attemptsMax = try invocation.integer(
            "attempts", default: chosen.delivery.attemptsMax, 1...1000)
        guard let handler = try handler(invocation, loaded, timeout) else { return .configuration }
        Signals.block()
        do throws(QueueError) {
            let queue = try QueueOpening.open(
                chosen, folder: loaded.configuration.dataDirectory, access: .consumer)
            defer { queue.close() }
            var settings = EventWorker.Settings()
            settings.policy = chosen.delivery
            // Longer than a handler takes until it is killed.
            settings.leaseMilliseconds = min(
                timeout + 30_000, chosen.delivery.leaseMillisecondsMax)
            settings.untilEmpty = invocation.has("until-empty")
            let report = WorkReport(json: invocation.has("json"))
            return work(queue, handler, settings, count, report)
        } catch { return QueueCommands.report(error, chosen, invocation) }
    }

    /// What does the work; nil, with a message, when its secret is not to be had.
    private static func handler(
        _ invocation: Invocation, _ loaded: LoadedConfiguration, _ timeout: Int64
    ) throws(CommandLineTool.UsageError) -> (any EventHandler)? {
        if let command = invocation["exec"] {
            return CommandHandler(
                command: command, timeoutMilliseconds: timeout,
                outputToErrors: invocation.has("json"))
        }
        let url = invocation["url"] ?? ""
        if let problem = HTTPClient.problem(with: url) {
            throw CommandLineTool.UsageError(message: "--url: \(problem)")
        }
        var secret: Secret?
        if let name = invocation["secret"] {
            secret = loaded.variables.values[name]
            if secret == nil || loaded.variables.missing.contains(name) {
                invocation.terminal.error(
                    "--secret: environment_variables of the configuration has no value for \(name)")
                return nil
            }
        }
        do throws(CryptographyError) {
            return try PostHandler(
                url: url, secret: secret, client: CommonOptions.client(invocation),
                timeoutMilliseconds: timeout,
                nowMilliseconds: { Clock.nowMilliseconds })
        } catch {
            invocation.terminal.error("--secret: cannot be used as a key")
            return nil
        }
    }

    private static func work(
        _ queue: any EventQueue, _ handler: any EventHandler, _ settings: EventWorker.Settings,
        _ count: Int, _ report: WorkReport
    ) -> ExitCode {
        let environment = EventWorker.Environment(
            nowMilliseconds: { Clock.nowMilliseconds },
            randomNumber: {
                var generator = SystemRandomNumberGenerator()
                return Double(generator.next() >> 11) * 0x1p-53
            }, wait: { SystemWait.milliseconds($0) })
        let worker = EventWorker(
            queue: queue, handler: handler, settings: settings, environment: environment,
            report: { report.add($0) }, failed: { report.failed($0) })
        final class Running: Sendable {
            let count: Atomic<Int>
            init(_ count: Int) { self.count = Atomic(count) }
            func end() { count.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
        }
        let running = Running(count)
        var threads: [SerialWorker] = []
        for _ in 0..<count {
            let thread = SerialWorker(waitingMax: 1)
            guard thread.start() else {
                running.end()
                continue
            }
            threads.append(thread)
            _ = thread.submit {
                worker.run()
                running.end()
            }
        }
        // timeout(1) and terminals signal a process and its group: the same wish, said twice.
        let sameWishNanoseconds: UInt64 = 500_000_000
        var stoppedAt: UInt64?
        while running.count.load(ordering: .sequentiallyConsistent) > 0 {
            if Signals.wait(milliseconds: 100) == .stop {
                let now = Clock.monotonicNanoseconds
                if let first = stoppedAt {
                    if now &- first > sameWishNanoseconds { handler.interrupt() }
                } else {
                    stoppedAt = now
                    worker.stop()
                }
            }
            handler.tick()
            report.progress()
        }
        for thread in threads { thread.stop() }
        report.finish()
        return report.isWrong || threads.isEmpty ? .wrong : .done
    }
}
