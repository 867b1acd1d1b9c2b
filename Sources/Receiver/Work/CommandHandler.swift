package import EventQueue
import Synchronization

/// Gives each event to a shell command on its standard input; exit status 0 means done.
package final class CommandHandler: EventHandler {
    private struct Child {
        var deadlineNanoseconds: UInt64
        /// SIGTERM was sent.
        var isTerminated = false
        var isTimedOut = false
    }

    private let command: String
    private let timeoutMilliseconds: Int64
    /// The command's standard output goes to our standard error: ours holds JSON.
    private let outputToErrors: Bool
    private let children = Mutex<[ChildProcess: Child]>([:])
    private let isInterrupted = Atomic(false)
    /// `NAME=value` of this process.
    private let variables: [[UInt8]]

    package init(command: String, timeoutMilliseconds: Int64, outputToErrors: Bool) {
        self.command = command
        self.timeoutMilliseconds = timeoutMilliseconds
        self.outputToErrors = outputToErrors
        // As the process was started; nothing in this program changes them.
        let text = (try? FileSystem.read("/proc/self/environ")) ?? []
        variables = text.split(separator: 0).map(Array.init)
    }

    package func handle(_ one: LeasedEvent) -> HandlingOutcome {
        if isInterrupted.load(ordering: .acquiring) { return .interrupted }
        let process: ChildProcess
        switch start(one.event) {
        case .success(let started): process = started
        case .failure(let error): return .failed("\(error)")
        }
        return wait(for: process)
    }

    private func environment(_ event: StoredEvent) -> [[UInt8]] {
        let own = [
            ("POSTERN_EVENT_ID", event.id), ("POSTERN_EVENT_TYPE", event.type),
            ("POSTERN_INTEGRATION", event.integration), ("POSTERN_ACCOUNT", event.account ?? ""),
            ("POSTERN_SEQUENCE", String(event.sequence)),
            ("POSTERN_ATTEMPT", String(event.attempts)),
        ]
        // A NUL would end the variable early: such a byte cannot be given.
        return variables.filter { !$0.starts(with: Array("POSTERN_EVENT".utf8)) }
            + own.map { name, value in Array("\(name)=\(value)".utf8).filter { $0 != 0 } }
    }

    /// Starts the command; registered under the lock that `tick` takes: no child is without its limit.
    private func start(_ event: StoredEvent) -> Result<ChildProcess, FileError> {
        children.withLock { children in
            do throws(FileError) {
                let process = try ChildProcess(
                    shell: command, input: event.document, variables: environment(event),
                    outputToErrors: outputToErrors)
                children[process] = Child(
                    deadlineNanoseconds: Clock.monotonicNanoseconds
                        &+ UInt64(timeoutMilliseconds) &* 1_000_000)
                return .success(process)
            } catch { return .failure(error) }
        }
    }

    private func wait(for process: ChildProcess) -> HandlingOutcome {
        process.waitUntilEnded()
        // Its number cannot be another process's before it is reaped, so `tick` signals the right one.
        let (end, child) = children.withLock { children in
            (process.reap(), children.removeValue(forKey: process))
        }
        if end == .exited(0) { return .done }
        if child?.isTimedOut == true { return .failed("no end after \(timeoutMilliseconds) ms") }
        if isInterrupted.load(ordering: .acquiring) { return .interrupted }
        switch end {
        case .exited(let code): return .failed("exit status \(code)")
        case .signalled(let number): return .failed("ended by signal \(number)")
        }
    }

    package func tick() {
        let now = Clock.monotonicNanoseconds
        let isInterrupted = isInterrupted.load(ordering: .acquiring)
        children.withLock { children in
            for (process, child) in children {
                guard isInterrupted || now >= child.deadlineNanoseconds else { continue }
                var child = child
                child.isTimedOut = child.isTimedOut || !isInterrupted
                // Five seconds to end by itself.
                if !child.isTerminated {
                    child.isTerminated = true
                    child.deadlineNanoseconds = now &+ 5_000_000_000
                    process.terminateGroup()
                } else if now >= child.deadlineNanoseconds {
                    process.killGroup()
                }
                children[process] = child
            }
        }
    }

    package func interrupt() {
        isInterrupted.store(true, ordering: .releasing)
        tick()
    }
}
