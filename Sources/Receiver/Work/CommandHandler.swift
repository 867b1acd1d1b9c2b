import CLinux
package import EventQueue
import Glibc
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
    private let children = Mutex<[pid_t: Child]>([:])
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
        let input: Int32
        do throws(FileError) { input = try Self.inputFile(one.event.document) } catch {
            return .failed("\(error)")
        }
        defer { close(input) }
        let process: pid_t
        switch start(one.event, input) {
        case .success(let started): process = started
        case .failure(let error): return .failed("\(error)")
        }
        return wait(for: process)
    }

    /// A file in memory with the document: a command that does not read it blocks nobody.
    private static func inputFile(_ document: [UInt8]) throws(FileError) -> Int32 {
        let descriptor = unsafe postern_memory_file("event")
        guard descriptor >= 0 else {
            throw FileError(operation: "making", path: "input of command", code: errno)
        }
        guard FileSystem.writeAll(document, to: descriptor), lseek(descriptor, 0, SEEK_SET) == 0
        else {
            let code = errno
            close(descriptor)
            throw FileError(operation: "writing", path: "input of command", code: code)
        }
        return descriptor
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

    /// Starts the command in a process group of its own, so that its children end with it.
    private func start(_ event: StoredEvent, _ input: Int32) -> Result<pid_t, FileError> {
        // unsafe: both are initialised here, lent for the calls, and destroyed below.
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        if outputToErrors {
            unsafe posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
        }
        var none = sigset_t()
        var usual = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigemptyset(&usual)
        for number in [SIGPIPE, SIGXFSZ] { unsafe sigaddset(&usual, number) }
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &usual)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        let words = CStrings([Array("sh".utf8), Array("-c".utf8), Array(command.utf8)])
        let variables = CStrings(environment(event))
        var process = pid_t()
        // Registered under the lock that `tick` takes: no child is without its time limit.
        return children.withLock { children in
            let code = unsafe posix_spawn(
                &process, "/bin/sh", &actions, &attributes, words.pointer, variables.pointer)
            guard code == 0 else {
                return .failure(FileError(operation: "starting", path: "/bin/sh", code: code))
            }
            children[process] = Child(
                deadlineNanoseconds: Clock.monotonicNanoseconds
                    &+ UInt64(timeoutMilliseconds) &* 1_000_000)
            return .success(process)
        }
    }

    private func wait(for process: pid_t) -> HandlingOutcome {
        var information = unsafe siginfo_t()
        // The process stays a zombie until its entry is gone: its number cannot be another's when
        // `tick` sends a signal.
        while unsafe waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) != 0 {
            guard errno == EINTR else { break }
        }
        var status: Int32 = 0
        let child = children.withLock { children in
            unsafe waitpid(process, &status, 0)
            return children.removeValue(forKey: process)
        }
        // WIFEXITED and WEXITSTATUS of wait(2), which are macros.
        let signal = status & 0x7F
        let code = (status >> 8) & 0xFF
        if signal == 0, code == 0 { return .done }
        if child?.isTimedOut == true { return .failed("no end after \(timeoutMilliseconds) ms") }
        if isInterrupted.load(ordering: .acquiring) { return .interrupted }
        return .failed(signal == 0 ? "exit status \(code)" : "ended by signal \(signal)")
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
                    kill(-process, SIGTERM)
                } else if now >= child.deadlineNanoseconds {
                    kill(-process, SIGKILL)
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

/// Strings as exec(2) wants them: an array of pointers to text that ends with NUL, itself ending with nil.
@safe private final class CStrings {
    private let count: Int
    // unsafe: owned memory, released in deinit.
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    init(_ texts: [[UInt8]]) {
        count = texts.count
        unsafe pointer = .allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() {
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: text.count + 1)
            for (offset, byte) in text.enumerated() {
                unsafe copy[offset] = CChar(bitPattern: byte)
            }
            unsafe copy[text.count] = 0
            unsafe (pointer + index).initialize(to: copy)
        }
        unsafe (pointer + texts.count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { unsafe pointer[index]?.deallocate() }
        unsafe pointer.deallocate()
    }
}
