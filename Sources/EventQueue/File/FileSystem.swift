import CLinux
import Glibc

/// An open file; the one owner of its descriptor.
final class File: Sendable {
    fileprivate let descriptor: Int32
    private let isLock: Bool

    fileprivate init(takingOwnershipOf descriptor: Int32, isLock: Bool) {
        self.descriptor = descriptor
        self.isLock = isLock
    }

    deinit {
        // A process that was forked a moment ago has the descriptor too until its exec, and would keep
        // the lock: flock(2) holds it for the open file, however many descriptors that has.
        if isLock { flock(descriptor, LOCK_UN) }
        // What had to be durable was synchronised before; Linux closes even when it reports EINTR.
        Glibc.close(descriptor)
    }
}

/// The system calls of the file queue. Nothing else in the module calls the system for files.
///
/// EINTR and short writes are handled here. Tests force failures with `fault`.
struct FileSystem: Sendable {
    /// One kind of call.
    enum Step: String, CaseIterable, Sendable {
        case open
        case makeFolder
        case list
        case size
        case read
        case write
        case syncData
        /// A write to the journal, at a place in it.
        case writeJournal
        case syncJournal
        /// A write to a segment of what the journal has of it.
        case restore
        /// A write to a segment of what the journal has and the segment has not yet.
        case writeBehind
        case writeSummary
        case reserve
        case writeBack
        case sync
        case truncate
        case link
        case rename
        case remove
        case lock
        case space
    }

    /// What a test makes of a call.
    enum Fault: Sendable {
        /// It fails with this `errno`.
        case failure(Int32)
        /// It writes or reads so many bytes at most.
        case short(Int)
    }

    /// Asked before every call.
    var fault: (@Sendable (Step) -> Fault?)?

    private func call(
        _ step: Step, _ operation: String, _ body: (_ bytesMax: Int) -> Int
    ) throws(QueueError) -> Int {
        while true {
            var number: Int32
            switch fault?(step) {
            case .failure(let forced): number = forced
            case .short(let count):
                let result = body(count)
                if result >= 0 { return result }
                number = errno
            case nil:
                let result = body(.max)
                if result >= 0 { return result }
                number = errno
            }
            if number != EINTR { throw QueueError(errno: number, operation: operation) }
        }
    }

    /// How a file is opened.
    enum Mode {
        case read
        /// Made when absent, read and written; for locks.
        case lock
        /// Made, and must not exist; written at its end.
        case create
        /// Must exist; written at its end.
        case append
        /// Made, and must not exist; read, and written anywhere.
        case createUpdated
        /// Must exist; read, and written anywhere. With `O_APPEND` Linux writes at the end always.
        case update
        /// Must exist; written past the page cache.
        case direct
        case folder

        fileprivate var flags: Int32 {
            switch self {
            case .read: O_RDONLY | O_CLOEXEC
            case .lock: O_RDWR | O_CREAT | O_CLOEXEC
            case .create: O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC
            case .append: O_WRONLY | O_APPEND | O_CLOEXEC
            case .createUpdated: O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC
            case .update: O_RDWR | O_CLOEXEC
            case .direct: O_WRONLY | postern_open_direct | O_CLOEXEC
            case .folder: O_RDONLY | O_DIRECTORY | O_CLOEXEC
            }
        }
    }

    func open(_ path: String, _ mode: Mode) throws(QueueError) -> File {
        let descriptor = try call(.open, "open of file") { _ in
            unsafe Int(Glibc.open(path, mode.flags, 0o600))
        }
        return File(takingOwnershipOf: Int32(descriptor), isLock: mode == .lock)
    }

    /// Makes a folder and makes its name durable; one that exists is left alone.
    func makeFolder(_ path: String) throws(QueueError) {
        do throws(QueueError) {
            _ = try call(.makeFolder, "making of folder") { _ in unsafe Int(mkdir(path, 0o700)) }
        } catch {
            if error.underlying == .system(EEXIST) { return }
            throw error
        }
        try syncFolder(Self.parent(of: path))
    }

    static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
    }

    /// Names in a folder, in no order.
    func names(in path: String) throws(QueueError) -> [String] {
        var names: [String] = []
        _ = try call(.list, "list of folder") { _ in
            guard let folder = unsafe opendir(path) else { return -1 }
            defer { unsafe closedir(folder) }
            errno = 0
            while let entry = unsafe readdir(folder) {
                let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                    unsafe UnsafeRawPointer(name).withMemoryRebound(to: CChar.self, capacity: 256) {
                        unsafe String(cString: $0)
                    }
                }
                names.append(name)
                errno = 0
            }
            return errno == 0 ? 0 : -1
        }
        return names
    }

    /// Whether there is something of this name; needs no descriptor.
    func exists(_ path: String) throws(QueueError) -> Bool {
        do throws(QueueError) {
            _ = try call(.size, "look for file") { _ in unsafe Int(access(path, F_OK)) }
            return true
        } catch {
            guard error.code == .notFound else { throw error }
            return false
        }
    }

    func size(_ file: File) throws(QueueError) -> Int {
        var status = stat()
        _ = try call(.size, "size of file") { _ in unsafe Int(fstat(file.descriptor, &status)) }
        return Int(status.st_size)
    }

    /// Reads up to `count` bytes at `offset` to the end of `buffer`.
    /// - Returns: how many; 0 at the end of the file.
    func read(
        _ file: File, at offset: Int, count: Int, to buffer: inout [UInt8]
    ) throws(QueueError) -> Int {
        var chunk: [UInt8] = []
        let got = try call(.read, "read of file") { bytesMax in
            var result = 0
            var number: Int32 = 0
            chunk = unsafe Array(unsafeUninitializedCapacity: count) { space, initialized in
                result = unsafe pread(
                    file.descriptor, space.baseAddress, min(count, bytesMax), offset)
                number = errno
                initialized = max(result, 0)
            }
            // The allocator may have changed it.
            errno = number
            return result
        }
        buffer.append(contentsOf: chunk)
        return got
    }

    /// Reads so many bytes at `offset`, fewer at the end of the file.
    func readAll(_ file: File, at offset: Int, count: Int) throws(QueueError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let rest = count - bytes.count
            if try read(file, at: offset + bytes.count, count: rest, to: &bytes) == 0 { break }
        }
        return bytes
    }

    /// Writes the bytes from `start` on at the file's end.
    ///
    /// When it throws, some of them may have been written.
    func writeAll(_ file: File, _ bytes: [UInt8], from start: Int = 0) throws(QueueError) {
        var done = start
        while done < bytes.count {
            let written = try call(.write, "write to file") { bytesMax in
                unsafe bytes.withUnsafeBytes { bytes in
                    guard let address = bytes.baseAddress else { return 0 }
                    return unsafe write(
                        file.descriptor, address + done, min(bytes.count - done, bytesMax))
                }
            }
            // POSIX lets write give 0 without an error: never spin on that.
            if written == 0 { throw QueueError(.inputOutput, "write to file") }
            done += written
        }
    }

    /// Writes the bytes at a place in a file; some of them may have been written when it throws.
    /// - Parameter step: `.writeJournal`, `.restore`, `.writeBehind` or `.writeSummary`.
    func writeAll(
        _ file: File, _ bytes: [UInt8], from start: Int = 0, at offset: Int, _ step: Step
    ) throws(QueueError) {
        var done = start
        while done < bytes.count {
            let written = try call(step, "write into file") { bytesMax in
                unsafe bytes.withUnsafeBytes { bytes in
                    guard let address = bytes.baseAddress else { return 0 }
                    return unsafe pwrite(
                        file.descriptor, address + done, min(bytes.count - done, bytesMax),
                        offset + done - start)
                }
            }
            if written == 0 { throw QueueError(.inputOutput, "write into file") }
            done += written
        }
    }

    /// Writes whole blocks past the page cache, as far as the file system takes them so.
    /// - Parameters:
    ///   - file: opened as `.direct`.
    ///   - start: where the blocks begin; its own `alignedStart`.
    ///   - end: where they end.
    ///   - offset: a multiple of the block.
    ///   - step: `.writeJournal` or `.writeBehind`.
    /// - Returns: how many bytes were written.
    func writeDirect(
        _ file: File, _ bytes: [UInt8], from start: Int, to end: Int, at offset: Int, _ step: Step
    ) throws(QueueError) -> Int {
        let block = JournalRecord.blockBytes
        do throws(QueueError) {
            return try call(step, "write past the page cache") { bytesMax in
                let count = min(end - start, bytesMax) / block * block
                return unsafe bytes.withUnsafeBytes { bytes in
                    guard count > 0, let address = bytes.baseAddress else { return 0 }
                    return unsafe pwrite(file.descriptor, address + start, count, offset)
                }
            } / block * block
        } catch {
            // What open(2) says of file systems that do not have it, or want other addresses.
            if error.underlying == .system(EINVAL) { return 0 }
            throw error
        }
    }

    /// How far into the bytes, from `start` on, the next address is that the device can read from.
    static func alignedStart(_ bytes: [UInt8], from start: Int) -> Int {
        let block = JournalRecord.blockBytes
        return unsafe bytes.withUnsafeBytes { bytes in
            let address = Int(bitPattern: bytes.baseAddress) &+ start
            return start &+ (0 &- address) & (block &- 1)
        }
    }

    /// A page of the page cache: blocks of the journal make whole ones.
    static let pageBytes = max(Int(sysconf(Int32(_SC_PAGESIZE))), JournalRecord.blockBytes)

    /// Lets the page cache forget a file that is on stable storage.
    func forgetPages(_ file: File) {
        posix_fadvise(file.descriptor, 0, 0, POSIX_FADV_DONTNEED)
    }

    /// Finds blocks for a range of a file, whose length stays as it is.
    func reserve(_ file: File, _ range: Range<Int>) throws(QueueError) {
        _ = try call(.reserve, "reservation of blocks") { _ in
            Int(postern_reserve_blocks(file.descriptor, range.lowerBound, range.count))
        }
    }

    /// Lets the kernel begin to write a part of a file; not more than a hint.
    func startWriteBack(_ file: File, _ range: Range<Int>) {
        _ = try? call(.writeBack, "write-back of file") { _ in
            Int(postern_start_write_back(file.descriptor, range.lowerBound, range.count))
        }
    }

    /// The journal's bytes reach the device; as `syncData`, told apart by tests.
    func syncJournal(_ file: File) throws(QueueError) {
        _ = try call(.syncJournal, "fdatasync of journal") { _ in Int(fdatasync(file.descriptor)) }
    }

    /// The file's bytes, and what is needed to read them, reach the device.
    ///
    /// A failure must not be tried again: the kernel may have dropped the pages that it could not
    /// write, and a second call would report success (https://wiki.postgresql.org/wiki/Fsync_Errors).
    func syncData(_ file: File) throws(QueueError) {
        _ = try call(.syncData, "fdatasync of file") { _ in Int(fdatasync(file.descriptor)) }
    }

    /// The file's bytes and all its metadata reach the device.
    func sync(_ file: File) throws(QueueError) {
        _ = try call(.sync, "fsync of file") { _ in Int(fsync(file.descriptor)) }
    }

    /// New, renamed and removed names in the folder reach the device.
    func syncFolder(_ path: String) throws(QueueError) {
        let folder = try open(path, .folder)
        _ = try call(.sync, "fsync of folder") { _ in Int(fsync(folder.descriptor)) }
    }

    func truncate(_ file: File, to size: Int) throws(QueueError) {
        _ = try call(.truncate, "truncation of file") { _ in
            Int(ftruncate(file.descriptor, size))
        }
    }

    /// Gives a file a second name; throws when that name is taken.
    func link(_ path: String, as other: String) throws(QueueError) {
        _ = try call(.link, "link of file") { _ in unsafe Int(Glibc.link(path, other)) }
    }

    func rename(_ path: String, to other: String) throws(QueueError) {
        _ = try call(.rename, "renaming of file") { _ in unsafe Int(Glibc.rename(path, other)) }
    }

    func remove(_ path: String) throws(QueueError) {
        _ = try call(.remove, "removal of file") { _ in unsafe Int(unlink(path)) }
    }

    /// Takes the lock of this file for as long as it is open; `.locked` when another process has it.
    func lock(_ file: File) throws(QueueError) {
        _ = try call(.lock, "lock of queue") { _ in
            Int(flock(file.descriptor, LOCK_EX | LOCK_NB))
        }
    }

    /// Bytes that an ordinary user can still write to the file system of this folder.
    func spaceLeft(_ path: String) throws(QueueError) -> Int {
        var status = statvfs()
        _ = try call(.space, "free space of folder") { _ in
            unsafe Int(statvfs(path, &status))
        }
        let (bytes, overflow) = UInt(status.f_bavail).multipliedReportingOverflow(
            by: UInt(status.f_frsize))
        return overflow ? .max : Int(clamping: bytes)
    }
}

extension QueueError {
    /// From an `errno`.
    init(errno number: Int32, operation: String) {
        let code: Code =
            switch number {
            case ENOSPC, EDQUOT: .diskFull
            case EROFS, EACCES, EPERM: .readOnly
            case EIO: .inputOutput
            case ENOENT, ENOTDIR: .notFound
            case EWOULDBLOCK: .locked
            case EFBIG: .tooLarge
            default: .system
            }
        self.init(code, operation, .system(number))
    }
}
