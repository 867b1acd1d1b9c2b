import Cryptography
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
    let contexts: ContextStore
    let quarantine: Quarantine
    let recent = RecentRequests()
    let figures = ProcessFigures()
    private let stateWorker: SerialWorker
    private let segmentChecks: SegmentChecks
    let keySets: KeySetStore
    let server: HTTPServer
    /// Where its loops stay.
    private let claims: ProcessorClaims
    let admin = AdminListener()
    /// TLS of the listeners by its key path; reloads replace what is inside, or all.
    let tlsSlots: Mutex<[String: TLSSlot]>
    let dataDirectory: String
    /// Read by anybody, and never held while something is done.
    let state: Mutex<LoadedConfiguration>
    /// Held by who changes `state`, disk included: one change at a time.
    let changes = Mutex(())
    /// Groups that reloads have replaced and requests may still hold.
    let retired = Mutex<[RetiredGroup]>([])

    /// Opens everything and binds the listeners; nothing is accepted before `start`.
    package init(_ loaded: LoadedConfiguration, log: Log) throws(StartFailure) {
        let configuration = loaded.configuration
        state = Mutex(loaded)
        self.log = log
        metrics = Metrics()
        dataDirectory = configuration.dataDirectory
        try Self.prepareFolder(configuration.dataDirectory)
        let queues = try Self.openQueues(configuration)
        for queue in queues { QueueOpening.report(queue, to: log) }
        let group: QueueGroup
        do throws(QueueError) {
            let path = FileSystem.join(configuration.dataDirectory, "state.db")
            quarantine = try Quarantine(
                folder: configuration.dataDirectory, limits: configuration.limits,
                metrics: metrics)
            contexts = try ContextStore(
                store: try StateStore(path: path, limits: StateLimits(configuration.limits)))
            group = try QueueGroup(
                queues: queues, settings: configuration.queues, limits: configuration.commit,
                metrics: metrics)
        } catch { throw StartFailure("state in \(configuration.dataDirectory): \(error)") }
        stateWorker = SerialWorker(waitingMax: 4096)
        guard stateWorker.start() else {
            throw StartFailure("the system gives no more threads")
        }
        segmentChecks = try SegmentChecks(log: log)
        keySets = KeySetStore(
            fetch: Self.fetcher(configuration), log: log, metrics: metrics)
        let processors = Processors.allowed
        let loops = configuration.loopCount(processors: processors.count)
        claims = ProcessorClaims(
            configuration.limits.staysOnProcessors ? loops : 0, among: processors)
        handler = WebhookHandler(
            snapshot: Snapshot(loaded, metrics: metrics, group: group), contexts: contexts,
            quarantine: quarantine, stateWorker: stateWorker, keySets: keySets,
            metrics: metrics, log: log, recent: recent, loops: loops,
            seed: UInt64.random(in: .min ... .max))
        let slots = loaded.tls.mapValues { TLSSlot($0) }
        tlsSlots = Mutex(slots)
        let listeners = try Self.listeners(configuration.listen, slots)
        do throws(SystemError) {
            server = try HTTPServer(
                listeners: listeners, loops: loops, limits: configuration.http, handler: handler)
        } catch { throw StartFailure("listening on \(error)") }
        setOrigin(configuration)
        if let section = configuration.admin {
            let new = try AdminListener.make(
                try Self.listeners(section.listen, slots), handler: try AdminHandler(server: self))
            admin.use(new)
        }
    }

    static func fetcher(_ configuration: Configuration) -> KeySetStore.Fetch {
        KeySetStore.fetcher(
            configuration.keySets, folder: configuration.file.map(FileSystem.folder) ?? ".")
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

    /// What the server opens: with the sockets that systemd has handed over, and with TLS.
    static func listeners(
        _ places: [ListenSettings], _ slots: [String: TLSSlot]
    ) throws(StartFailure) -> [HTTPListener] {
        var open: [HTTPListener] = []
        for settings in places {
            let address = settings.address
            var listener = HTTPListener(address)
            listener.expectsProxyHeader = settings.expectsProxyHeader
            listener.access = settings.access
            if let tls = settings.tls {
                guard let slot = slots[tls.keyPath] else {
                    throw StartFailure(
                        "listening on \(address): \(tls.keyPath) has no certificate with its key",
                        .configuration)
                }
                listener.tls = slot
            }
            guard case .activated(let name) = address else {
                open.append(listener)
                continue
            }
            let found = ServiceManager.sockets.filter { $0.name == name }
            guard !found.isEmpty else {
                throw StartFailure(
                    "listening on \(address): systemd handed over no socket of that name; "
                        + "set FileDescriptorName=\(name) in the socket unit")
            }
            for socket in found {
                listener.address = .inherited(descriptor: socket.descriptor)
                open.append(listener)
            }
        }
        return open
    }

    /// Says what this server's own address is, for `{{url}}`.
    func setOrigin(_ configuration: Configuration) {
        guard let first = configuration.listen.first, let bound = server.boundAddresses.first,
            let url = first.localURL(bound)
        else { return }
        handler.setOrigin(url)
    }

    /// Where webhooks are received, with the ports the system chose.
    package var boundAddresses: [ListenAddress] { server.boundAddresses }

    /// Where `/metrics` is.
    package var adminAddresses: [ListenAddress] { admin.boundAddresses }

    /// Begins to accept.
    package func start() throws(StartFailure) {
        do throws(SystemError) {
            try server.start(on: claims.processors)
            try admin.start()
        } catch { throw StartFailure("\(error)") }
        fetchKeySets()
    }

    /// What is in effect.
    var loaded: LoadedConfiguration { state.withLock { $0 } }

    /// The queues that new requests go to.
    var group: QueueGroup { handler.current.group }
    var queues: [any EventQueue] { group.queues }

    /// What must move for the server to be alive.
    func pulse() -> Pulse {
        Pulse(
            loops: server.heartbeats() + admin.heartbeats(),
            lanes: group.committer.heartbeats())
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

    /// Removes what retention no longer keeps, says what is not well, and has finished segments checked;
    /// called about once a minute.
    package func maintain() {
        let now = Clock.nowMilliseconds
        do throws(QueueError) { try quarantine.expire(nowMilliseconds: now) } catch {
            log.write(.error, "pruning failed", [("queue", "quarantine"), ("detail", "\(error)")])
        }
        loaded.ticketKeys?.rotate(now: Clock.monotonicNanoseconds / 1_000_000_000)
        let group = group
        for (queue, settings) in zip(group.queues, group.settings) {
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
        for failure in readiness() { log.write(.error, "not ready", [("detail", failure)]) }
        segmentChecks.begin(group.queues)
    }

    /// Stops accepting, answers what is under way, stores what was accepted, closes everything.
    package func drain() {
        handler.beginDraining()
        segmentChecks.cancel()
        server.drain()
        let watchdog = DrainWatchdog(
            server, milliseconds: loaded.configuration.limits.drainTimeoutMilliseconds)
        server.join()
        watchdog.cancel()
        keySets.stop()
        stateWorker.stop()
        group.committer.drainAndStop()
        for group in retired.withLock({ $0 }) { group.close() }
        quarantine.close()
        admin.stop()
        contexts.close()
        for queue in queues { queue.close() }
        segmentChecks.stop()
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
