import CLinux
import Glibc

/// A shell command that was started by this process, with a process group of its own.
struct ChildProcess: Sendable, Hashable {
    /// How it ended.
    enum End: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
    }

    private let number: pid_t

    /// Starts `/bin/sh -c`.
    ///
    /// - Parameters:
    ///   - input: what it finds on its standard input.
    ///   - variables: its environment, `NAME=value` each, without NUL.
    ///   - outputToErrors: its standard output goes where our standard error goes.
    /// - Throws: when the system gives no memory or process.
    init(
        shell command: String, input bytes: [UInt8], variables: [[UInt8]], outputToErrors: Bool
    ) throws(FileError) {
        let input = try Self.inputFile(bytes)
        defer { close(input) }
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
        let environment = CStrings(variables)
        var process = pid_t()
        let code = unsafe posix_spawn(
            &process, "/bin/sh", &actions, &attributes, words.pointer, environment.pointer)
        guard code == 0 else {
            throw FileError(operation: "starting", path: "/bin/sh", code: code)
        }
        number = process
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

    /// Returns once it has ended; it stays a zombie, and its number its own, until `reap`.
    func waitUntilEnded() {
        var information = unsafe siginfo_t()
        // unsafe: fills the value given.
        while unsafe waitid(P_PID, id_t(number), &information, WEXITED | WNOWAIT) != 0 {
            guard errno == EINTR else { return }
        }
    }

    /// Takes its end from the system; once, after `waitUntilEnded`.
    func reap() -> End {
        var status: Int32 = 0
        // unsafe: fills the value given.
        unsafe waitpid(number, &status, 0)
        // WIFEXITED, WEXITSTATUS and WTERMSIG of wait(2), which are macros.
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
    }

    /// SIGTERM to it and its children.
    func terminateGroup() { kill(-number, SIGTERM) }

    /// SIGKILL to it and its children.
    func killGroup() { kill(-number, SIGKILL) }
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
