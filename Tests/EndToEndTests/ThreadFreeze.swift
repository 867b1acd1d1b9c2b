import Glibc

/// Holds one thread of another process still with ptrace(2), as a fault that the process cannot see.
struct ThreadFreeze {
    private typealias Trace = @convention(c) (Int32, Int32, UInt, UInt) -> Int
    private static let seize: Int32 = 0x4206
    private static let interrupt: Int32 = 0x4207
    private static let detach: Int32 = 17
    private static let anyThread: Int32 = 0x4000_0000

    private let thread: Int32
    private let trace: Trace

    /// Freezes a thread; nil when the system does not let us. The same thread of the test must thaw it.
    init?(thread: Int32) {
        // unsafe: ptrace is variadic, which Swift cannot call; all its arguments here are registers.
        guard let address = unsafe dlsym(nil, "ptrace") else { return nil }
        trace = unsafe unsafeBitCast(address, to: Trace.self)
        self.thread = thread
        var status: Int32 = 0
        guard trace(Self.seize, thread, 0, 0) == 0, trace(Self.interrupt, thread, 0, 0) == 0,
            unsafe waitpid(thread, &status, Self.anyThread) == thread
        else { return nil }
    }

    func thaw() { _ = trace(Self.detach, thread, 0, 0) }

    /// The threads of a process with their names.
    static func threads(of process: Int32) -> [(thread: Int32, name: String)] {
        guard let folder = unsafe opendir("/proc/\(process)/task") else { return [] }
        defer { unsafe closedir(folder) }
        var found: [(thread: Int32, name: String)] = []
        while let entry = unsafe readdir(folder) {
            let text = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let thread = Int32(text),
                let file = unsafe fopen("/proc/\(process)/task/\(text)/comm", "r")
            else { continue }
            var line = [CChar](repeating: 0, count: 64)
            let count = unsafe fread(&line, 1, 63, file)
            unsafe fclose(file)
            let bytes = line[..<count].filter { $0 != 10 }.map { UInt8(bitPattern: $0) }
            found.append((thread, String(decoding: bytes, as: UTF8.self)))
        }
        return found
    }
}
