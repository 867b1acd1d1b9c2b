import EventQueue
package import HTTPServer
import Synchronization

/// Why the server does not start.
package struct StartFailure: Error, Sendable, CustomStringConvertible {
    package let description: String
    package let code: ExitCode

    init(_ description: String, _ code: ExitCode = .unavailable) {
        self.description = description
        self.code = code
    }
}

/// The whole server: queues, state, listeners, and what holds them together.
package final class Receiver: Sendable {
    package let handler: WebhookHandler
    let log: Log
    let metrics: Metrics
    let queues: [any EventQueue]
    private let queueSettings: [QueueSettings]
    let committer: GroupCommitter
    let contexts: ContextStore
    let quarantine: Quarantine
    let recent = RecentRequests()
    private let stateWorker: SerialWorker
    private let keySets: KeySetStore
    let server: HTTPServer
    private let admin = Mutex<HTTPServer?>(nil)
    let dataDirectory: String
    private let settings: Configuration
    private let state: Mutex<LoadedConfiguration>

    /// Opens everything and binds the listeners; nothing is accepted before `start`.
    package init(_ loaded: LoadedConfiguration, log: Log) throws(StartFailure) {
        let configuration = loaded.configuration
        settings = configuration
        state = Mutex(loaded)
        self.log = log
        metrics = Metrics()
        dataDirectory = configuration.dataDirectory
        queueSettings = configuration.queues
        try Self.prepareFolder(configuration.dataDirectory)
        queues = try Self.openQueues(configuration)
        let answers = AnswerBatch()
        let commits = CommitMetrics(queueNames: configuration.queues.map(\.name))
        metrics.commits.withLock { $0 = commits }
        do throws(QueueError) {
            var limits = StateLimits()
            limits.contextBytesMax = configuration.limits.contextBytesMax
            let path = FileSystem.join(configuration.dataDirectory, "state.db")
            quarantine = try Quarantine(
                folder: configuration.dataDirectory, limits: configuration.limits,
                metrics: metrics)
            contexts = try ContextStore(store: try StateStore(path: path, limits: limits))
            committer = try GroupCommitter(
                queues: queues, limits: configuration.commit, clock: { Clock.nowMilliseconds },
                deliver: { finished in
                    for one in finished { one.complete() }
                    answers.flush()
                }, observer: commits)
        } catch { throw StartFailure("state in \(configuration.dataDirectory): \(error)") }
        stateWorker = SerialWorker(waitingMax: 4096)
        guard stateWorker.start() else {
            throw StartFailure("the system gives no more threads")
        }
        keySets = KeySetStore(
            settings: configuration.keySets,
            folder: configuration.file.map(FileSystem.folder) ?? ".", log: log,
            metrics: metrics)
        let loops = configuration.limits.loops ?? Processors.count
        let names = configuration.queues.map(\.name)
        handler = WebhookHandler(
            snapshot: Snapshot(loaded, metrics: metrics, queueNames: names), committer: committer,
            contexts: contexts, quarantine: quarantine, stateWorker: stateWorker, keySets: keySets,
            metrics: metrics, log: log, answers: answers, recent: recent, loops: loops,
            seed: UInt64.random(in: .min ... .max))
        server = try Self.listen(
            configuration.listen, loops: loops, limits: configuration.http, handler: handler)
        if let section = configuration.admin {
            var limits = HTTPLimits()
            limits.connectionsMax = 256
            let listener = try Self.listen(
                section.listen, loops: 1, limits: limits,
                handler: AdminHandler(server: self))
            admin.withLock { $0 = listener }
        }
    }

    private static func prepareFolder(_ path: String) throws(StartFailure) {
        do throws(FileError) { try FileSystem.makeFolder(path) } catch {
            throw StartFailure("data_directory: \(error)")
        }
        guard FileSystem.isFolder(path), FileSystem.isWritable(path) else {
            throw StartFailure(
                "data_directory: \(path) is not a folder that this user may write to")
        }
    }

    private static func openQueues(
        _ configuration: Configuration
    ) throws(StartFailure) -> [any EventQueue] {
        var queues: [any EventQueue] = []
        for settings in configuration.queues {
            do throws(QueueError) {
                queues.append(
                    try QueueOpening.open(
                        settings, folder: configuration.dataDirectory, access: .readWrite))
            } catch {
                let place = FileSystem.join(configuration.dataDirectory, settings.path)
                throw StartFailure("queue \(settings.name) (\(place)): \(error)")
            }
        }
        return queues
    }

    private static func listen(
        _ addresses: [ListenAddress], loops: Int, limits: HTTPLimits, handler: any HTTPHandler
    ) throws(StartFailure) -> HTTPServer {
        var open: [ListenAddress] = []
        for address in addresses {
            guard case .activated(let name) = address else {
                open.append(address)
                continue
            }
            let found = ServiceManager.sockets.filter { $0.name == name }
            guard !found.isEmpty else {
                throw StartFailure(
                    "listening on \(address): systemd handed over no socket of that name; "
                        + "set FileDescriptorName=\(name) in the socket unit")
            }
            open += found.map { .inherited(descriptor: $0.descriptor) }
        }
        do throws(SystemError) {
            return try HTTPServer(
                listeners: open, loops: loops, limits: limits, handler: handler)
        } catch {
            let names = addresses.map(\.description).joined(separator: ", ")
            throw StartFailure("listening on \(names): \(error)")
        }
    }

    /// Where webhooks are received, with the ports the system chose.
    package var boundAddresses: [ListenAddress] { server.boundAddresses }

    /// Where `/metrics` is.
    package var adminAddresses: [ListenAddress] {
        admin.withLock { $0?.boundAddresses ?? [] }
    }

    /// Begins to accept.
    package func start() throws(StartFailure) {
        do throws(SystemError) {
            try server.start()
            let listener = admin.withLock { $0 }
            try listener?.start()
        } catch { throw StartFailure("\(error)") }
        fetchKeySets()
    }

    /// What is in effect.
    var loaded: LoadedConfiguration { state.withLock { $0 } }

    /// Changes what is in effect: nothing when the body throws, all at once otherwise.
    func change<Result: Sendable>(
        _ body: (inout LoadedConfiguration) throws(AdminError) -> Result
    ) throws(AdminError) -> Result {
        try state.withLock { (state) throws(AdminError) in
            var candidate = state
            let result = try body(&candidate)
            apply(candidate)
            state = candidate
            return result
        }
    }

    /// Reads the configuration again and swaps it in whole, or changes nothing. Listeners, queues and
    /// limits of a running server stay: a configuration that changes them is refused, so that what runs
    /// is always what one file says.
    ///
    /// - Returns: every problem, and whether it was refused.
    package func reload(
        _ load: () -> LoadedConfiguration, strict: Bool
    ) -> (problems: [Problem], isRefused: Bool) {
        // Inside the lock, so that no change of the admin API falls between reading and applying.
        state.withLock { state in
            let new = load()
            var problems = new.problems
            let fixed = keysThatNeedRestart(new.configuration)
            if !fixed.isEmpty {
                problems.append(
                    Problem(
                        file: new.configuration.file ?? "", keyPath: fixed.joined(separator: ", "),
                        message: "changes with a restart only; restart, or undo the change"))
            }
            let isRefused =
                new.hasErrors || !fixed.isEmpty || strict && !new.variables.missing.isEmpty
            if !isRefused {
                apply(new)
                state = new
            }
            metrics.countReload(succeeded: !isRefused)
            return (problems, isRefused)
        }
    }

    private func keysThatNeedRestart(_ new: Configuration) -> [String] {
        var keys: [String] = []
        if new.listen != settings.listen { keys.append("listen") }
        if new.queues != settings.queues { keys.append("queues") }
        if new.dataDirectory != settings.dataDirectory { keys.append("data_directory") }
        if new.http != settings.http || new.commit != settings.commit
            || new.limits != settings.limits
        {
            keys.append("limits")
        }
        if new.admin?.listen != settings.admin?.listen { keys.append("admin.listen") }
        if new.keySets != settings.keySets { keys.append("key_sets") }
        return keys
    }

    private func apply(_ new: LoadedConfiguration) {
        handler.replace(
            with: Snapshot(new, metrics: metrics, queueNames: queueSettings.map(\.name)))
        log.update(new.configuration.log)
        fetchKeySets()
    }

    /// Begins to fetch the key sets that the configuration names, so that the first delivery finds
    /// them there.
    private func fetchKeySets() {
        for address in handler.current.keySetAddresses { _ = keySets.current(address) }
    }

    /// What must move for the server to be alive.
    func pulse() -> Pulse {
        Pulse(
            loops: server.heartbeats() + (admin.withLock { $0?.heartbeats() } ?? []),
            lanes: committer.heartbeats())
    }

    /// Why a queue takes no writes; empty when all do.
    func readiness() -> [String] {
        var failures: [String] = []
        for queue in queues {
            do throws(QueueError) { try queue.checkWritable() } catch {
                failures.append("queue \(queue.name): \(error)")
            }
        }
        return failures
    }

    /// Removes what retention no longer keeps; called about once a minute.
    package func maintain() {
        let now = Clock.nowMilliseconds
        do throws(QueueError) { try quarantine.expire(nowMilliseconds: now) } catch {
            log.write(.error, "pruning failed", [("queue", "quarantine"), ("detail", "\(error)")])
        }
        for (queue, settings) in zip(queues, queueSettings) {
            do throws(QueueError) {
                let result = try queue.prune(settings.retention, nowMilliseconds: now)
                if result.events > 0 {
                    log.write(
                        .info, "pruned",
                        [("queue", queue.name), ("events", String(result.events))])
                }
            } catch {
                log.write(
                    .error, "pruning failed", [("queue", queue.name), ("detail", "\(error)")])
            }
        }
    }

    /// Stops accepting, answers what is under way, stores what was accepted, closes everything.
    package func drain() {
        handler.beginDraining()
        server.drain()
        let watchdog = DrainWatchdog(
            server, milliseconds: settings.limits.drainTimeoutMilliseconds)
        server.join()
        watchdog.cancel()
        keySets.stop()
        stateWorker.stop()
        committer.drainAndStop()
        quarantine.close()
        let listener = admin.withLock { $0 }
        listener?.stop()
        listener?.join()
        contexts.close()
        for queue in queues { queue.close() }
    }
}

/// Cuts connections that do not end in time.
private final class DrainWatchdog: Sendable {
    private final class Flag: Sendable {
        let isDone = Atomic(false)
    }
    private let flag = Flag()
    private let worker = SerialWorker(waitingMax: 1)

    init(_ server: HTTPServer, milliseconds: Int) {
        guard worker.start() else { return }
        let flag = flag
        _ = worker.submit {
            let end = Clock.monotonicNanoseconds &+ UInt64(milliseconds) &* 1_000_000
            while !flag.isDone.load(ordering: .acquiring) {
                if Clock.monotonicNanoseconds >= end { return server.stop() }
                SystemWait.milliseconds(5)
            }
        }
    }

    func cancel() {
        flag.isDone.store(true, ordering: .releasing)
        worker.stop()
    }
}
