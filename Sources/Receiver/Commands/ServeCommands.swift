import HTTPServer
import JSON

/// `postern serve` and `postern check`.
enum ServeCommands {
    static let all: [CommandSpecification] = [
        CommandSpecification(
            ["serve"], "Receive webhooks",
            details: """
                Runs in the foreground until SIGTERM or SIGINT, then answers and stores what is under way.
                SIGHUP reads the configuration again; a bad one changes nothing. Without a file it listens
                on 127.0.0.1:8080, keeps data in ./postern-data and reads ./integrations.d.
                """,
            options: [
                CommonOptions.config,
                OptionSpecification(
                    "strict", nil, "Do not start when a secret is missing, empty or a placeholder"),
                OptionSpecification(
                    "ready-file", "FILE", "Write the bound addresses there once ready"),
            ], run: serve),
        CommandSpecification(
            ["check"], "Print every problem of the configuration",
            details: "Exits with 1 when there is an error; warnings alone are fine.",
            options: [
                CommonOptions.config,
                OptionSpecification("strict", nil, "Count warnings as errors"), CommonOptions.json,
            ], run: check),
    ]

    @Sendable private static func check(_ invocation: Invocation) -> ExitCode {
        let loaded = ConfigurationLoader(file: invocation["config"]).loadForServing()
        if invocation.has("json") {
            var table = Table("file", "line", "column", "key_path", "severity", "message")
            for problem in loaded.problems {
                table.add(
                    .string(problem.file), number(problem.mark?.line), number(problem.mark?.column),
                    .string(problem.keyPath), .string(problem.severity.rawValue),
                    .string(problem.message))
            }
            invocation.terminal.write(table.text(json: true))
        } else {
            for problem in loaded.problems { invocation.terminal.errorLine("\(problem)") }
        }
        let isWrong = loaded.hasErrors || invocation.has("strict") && !loaded.problems.isEmpty
        if !isWrong, !invocation.has("json") {
            let count = loaded.integrations.count
            invocation.terminal.print(
                "configuration is fine: \(count) integration\(count == 1 ? "" : "s"), "
                    + "\(loaded.accounts.count) account\(loaded.accounts.count == 1 ? "" : "s")")
        }
        return isWrong ? .wrong : .done
    }

    private static func number(_ value: Int?) -> JSONValue {
        value.map { .number(JSONNumber(Double($0))) } ?? .null
    }

    @Sendable private static func serve(_ invocation: Invocation) -> ExitCode {
        Signals.block()
        Descriptors.raiseLimit()
        let loader = ConfigurationLoader(file: invocation["config"])
        let loaded = loader.loadForServing()
        let isStrict = invocation.has("strict")
        guard report(loaded, isStrict, invocation.terminal) else { return .configuration }
        let log = Log(loaded.configuration.log)
        guard log.start() else {
            invocation.terminal.error("the system gives no more threads")
            return .unavailable
        }
        defer { log.stop() }
        let receiver: Receiver
        do throws(StartFailure) {
            receiver = try Receiver(loaded, log: log)
            try receiver.start()
        } catch {
            invocation.terminal.error(error.description)
            return error.code
        }
        announce(receiver, loaded, log)
        if let path = invocation["ready-file"] {
            let addresses = receiver.boundAddresses + receiver.adminAddresses
            let lines = addresses.map { "\($0)\n" }.joined()
            do throws(FileError) { try FileSystem.write(Array(lines.utf8), to: path) } catch {
                log.write(.error, "the ready file was not written", [("detail", "\(error)")])
            }
        }
        ServiceManager.ready()
        ProgramPages.giveBackStartup()
        run(receiver, loader, isStrict, log)
        ServiceManager.stopping()
        log.write(.info, "draining")
        receiver.drain()
        log.write(.info, "stopped")
        return .done
    }

    /// Prints problems; false when they forbid a start.
    private static func report(
        _ loaded: LoadedConfiguration, _ isStrict: Bool, _ terminal: Terminal
    ) -> Bool {
        let isWrong = loaded.hasErrors || isStrict && !loaded.variables.missing.isEmpty
        for problem in loaded.problems { terminal.errorLine("\(problem)") }
        return !isWrong
    }

    private static func announce(_ receiver: Receiver, _ loaded: LoadedConfiguration, _ log: Log) {
        var fields = [
            ("listen", receiver.boundAddresses.map(\.description).joined(separator: ",")),
            ("integrations", String(loaded.integrations.count)),
            ("accounts", String(loaded.accounts.count)),
            ("queues", loaded.configuration.queues.map(\.name).joined(separator: ",")),
        ]
        let admin = receiver.adminAddresses
        if !admin.isEmpty {
            fields.append(("admin", admin.map(\.description).joined(separator: ",")))
        }
        log.write(.info, "ready", fields.map { (key: $0.0, value: $0.1) })
        for name in loaded.variables.missing {
            log.write(
                .warning, "a secret is missing; integrations that need it answer 503",
                [("environment_variable", name)])
        }
    }

    /// Until a signal to stop.
    private static func run(
        _ receiver: Receiver, _ loader: ConfigurationLoader, _ isStrict: Bool, _ log: Log
    ) {
        let watchdog = ServiceManager.watchdogMilliseconds
        // Four chances before systemd loses patience.
        let patience = UInt64(min(60_000, watchdog.map { max(1, $0 / 4) } ?? 60_000)) * 1_000_000
        var pulse = receiver.pulse()
        var isStalled = false
        var nextPulse = Clock.monotonicNanoseconds &+ patience
        var nextMaintenance = Clock.monotonicNanoseconds &+ 60_000_000_000
        while true {
            let now = Clock.monotonicNanoseconds
            // Not only when nothing else happens: reloads may follow each other for longer.
            if now >= nextPulse {
                nextPulse = now &+ patience
                if watchdog != nil { feed(receiver, &pulse, &isStalled, log) }
            }
            if now >= nextMaintenance {
                receiver.maintain()
                nextMaintenance = Clock.monotonicNanoseconds &+ 60_000_000_000
            }
            let rest = Int((max(nextPulse, now) - now) / 1_000_000) + 1
            switch Signals.wait(milliseconds: receiver.closeRetired() ? min(20, rest) : rest) {
            case .stop: return
            case .none: break
            case .reload:
                ServiceManager.reloading()
                let (problems, isRefused) = receiver.reload(
                    { loader.loadForServing(keeping: receiver.loaded.ticketKeys) }, strict: isStrict
                )
                for problem in problems {
                    log.write(problem.severity == .error ? .error : .warning, problem.description)
                }
                if isRefused {
                    log.write(.error, "reload refused: the configuration in use stays")
                } else {
                    let count = receiver.loaded.integrations.count
                    log.write(.info, "reloaded", [("integrations", String(count))])
                }
                ServiceManager.ready(
                    isRefused ? "receiving; the last reload was refused" : "receiving")
            }
        }
    }

    /// Tells systemd that the server is alive, when it is.
    private static func feed(
        _ receiver: Receiver, _ pulse: inout Pulse, _ isStalled: inout Bool, _ log: Log
    ) {
        let now = receiver.pulse()
        if now.hasMoved(since: pulse) {
            ServiceManager.alive(isStalled ? "receiving" : nil)
            isStalled = false
        } else {
            // systemd shows it, and restarts the service if it stays so.
            ServiceManager.status("a loop or a commit does not move")
            log.write(.error, "a loop or a commit does not move; no sign of life sent")
            isStalled = true
        }
        pulse = now
    }
}
