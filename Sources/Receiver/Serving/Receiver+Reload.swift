import EventQueue
import HTTPServer
import Synchronization
import Webhooks

/// Changing what is in effect, as one snapshot or not at all.
extension Receiver {
    /// Changes what is in effect: nothing when the body throws, all at once otherwise.
    func change<Result: Sendable>(
        _ body: (inout LoadedConfiguration) throws(AdminError) -> Result
    ) throws(AdminError) -> Result {
        try changes.withLock { (_) throws(AdminError) in
            var candidate = loaded
            let result = try body(&candidate)
            use(candidate, group)
            fetchKeySets()
            return result
        }
    }

    /// Reads the configuration again and swaps it in whole, or changes nothing.
    ///
    /// - Returns: every problem, and whether it was refused.
    package func reload(
        _ load: () -> LoadedConfiguration, strict: Bool
    ) -> (problems: [Problem], isRefused: Bool) {
        // Under the lock, so that no change of the admin API falls between reading and applying.
        changes.withLock { _ in
            let new = load()
            var problems = new.problems
            let needRestart = keysThatNeedRestart(new.configuration)
            if !needRestart.isEmpty {
                problems.append(
                    Problem(
                        file: new.configuration.file ?? "",
                        keyPath: needRestart.joined(separator: ", "),
                        message: "changes with a restart only; restart, or undo the change"))
            }
            var isRefused =
                new.hasErrors || !needRestart.isEmpty
                || strict && !new.variables.missing.isEmpty
            if !isRefused {
                do throws(Problem) { try adopt(new) } catch {
                    problems.append(error)
                    isRefused = true
                }
            }
            metrics.countReload(succeeded: !isRefused)
            return (problems, isRefused)
        }
    }

    private func keysThatNeedRestart(_ new: Configuration) -> [String] {
        let old = loaded.configuration
        var keys: [String] = []
        // The queues' files, and the lock on them, lie there.
        if new.dataDirectory != old.dataDirectory { keys.append("data_directory") }
        // Each thread has sockets and connections of its own.
        if new.limits.loops != old.limits.loops { keys.append("limits.threads") }
        if new.limits.staysOnProcessors != old.limits.staysOnProcessors {
            keys.append("limits.pin_threads")
        }
        return keys
    }

    /// First all that can fail, then all that cannot.
    private func adopt(_ new: LoadedConfiguration) throws(Problem) {
        let (old, configuration) = (loaded.configuration, new.configuration)
        let before = group
        let listening = try prepareListeners(new)
        let after: QueueGroup
        do throws(Problem) {
            after =
                old.queues == configuration.queues && old.commit == configuration.commit
                ? before : try makeGroup(configuration, from: before)
        } catch {
            listening.discard()
            throw error
        }
        use(new, after)
        use(listening, new)
        if after !== before {
            retired.withLock { $0.append(RetiredGroup(before, keeping: after)) }
        }
        log.update(configuration.log)
        server.update(configuration.http)
        contexts.update(StateLimits(configuration.limits))
        quarantine.update(configuration.limits)
        if configuration.keySets != old.keySets { keySets.update(Self.fetcher(configuration)) }
        fetchKeySets()
    }

    private func use(_ new: LoadedConfiguration, _ group: QueueGroup) {
        handler.replace(with: Snapshot(new, metrics: metrics, group: group))
        state.withLock { $0 = new }
        metrics.keepOnly(
            integrations: Set(new.integrations.map(\.integration.name)),
            queues: Set(group.queues.map(\.name)))
    }

    /// The queues of a configuration: those that are open already, and new ones.
    private func makeGroup(
        _ new: Configuration, from before: QueueGroup
    ) throws(Problem) -> QueueGroup {
        var opened: [any EventQueue] = []
        do throws(Problem) {
            var queues: [any EventQueue] = []
            for (index, settings) in new.queues.enumerated() {
                if let known = before.queue(at: settings) {
                    guard known.name == settings.name else {
                        throw Problem(
                            file: new.file ?? "", keyPath: "queues[\(index)].name",
                            message: "\(settings.path) is open as \(known.name); "
                                + "a queue is renamed with a restart only")
                    }
                    queues.append(known.queue)
                } else {
                    let queue = try open(settings, index, new)
                    QueueOpening.report(queue, to: log)
                    opened.append(queue)
                    queues.append(queue)
                }
            }
            let group = try makeGroup(new, queues)
            for (queue, settings) in zip(queues, new.queues) {
                QueueOpening.update(queue, settings)
            }
            return group
        } catch {
            for queue in opened { queue.close() }
            throw error
        }
    }

    private func makeGroup(
        _ new: Configuration, _ queues: [any EventQueue]
    ) throws(Problem) -> QueueGroup {
        do throws(QueueError) {
            return try QueueGroup(
                queues: queues, settings: new.queues, limits: new.commit, metrics: metrics)
        } catch {
            throw Problem(file: new.file ?? "", keyPath: "queues", message: "\(error)")
        }
    }

    private func open(
        _ settings: QueueSettings, _ index: Int, _ new: Configuration
    ) throws(Problem) -> any EventQueue {
        let keyPath = "queues[\(index)]"
        let isClosing = retired.withLock {
            $0.contains { $0.closing.contains { $0.settings.liesWith(settings) } }
        }
        if isClosing {
            throw Problem(
                file: new.file ?? "", keyPath: keyPath,
                message: "requests still use the queue that was removed; reload again in a moment")
        }
        do throws(QueueError) {
            return try QueueOpening.open(
                settings, folder: new.dataDirectory, access: .readWrite)
        } catch {
            let place = FileSystem.join(new.dataDirectory, settings.path)
            throw Problem(
                file: new.file ?? "", keyPath: keyPath,
                message: "queue \(settings.name) (\(place)): \(error)")
        }
    }

    /// Begins to fetch the key sets that the configuration names, so that the first delivery finds
    /// them there.
    func fetchKeySets() {
        for address in handler.current.keySetAddresses { _ = keySets.current(address) }
    }

    /// Closes what reloads have replaced, once no request uses it.
    ///
    /// - Returns: true while something is left.
    package func closeRetired() -> Bool {
        while true {
            // The oldest first: a later group may hold the same queues.
            let ended = retired.withLock { list -> RetiredGroup? in
                guard let first = list.first, first.group == nil else { return nil }
                return list.removeFirst()
            }
            guard let ended else { return retired.withLock { !$0.isEmpty } }
            ended.close()
            for one in ended.closing {
                log.write(.info, "queue closed", [("queue", one.settings.name)])
            }
        }
    }
}
