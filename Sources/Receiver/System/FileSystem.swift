import Glibc

/// A system call on a file that failed.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    package let operation: String
    package let path: String
    package let code: Int32

    package var isMissing: Bool { code == ENOENT || code == ENOTDIR }

    /// `read of x.yaml: No such file or directory`.
    package var description: String {
        "\(operation) of \(path): \(SystemText.error(code))"
    }
}

/// The system's own words.
enum SystemText {
    static func error(_ code: Int32) -> String {
        // unsafe: strerror's text is copied at once.
        guard let text = unsafe strerror(code) else { return "errno \(code)" }
        return unsafe String(cString: text)
    }

    /// A variable of the process; nil when it is not set.
    static func environment(_ name: String) -> String? {
        // unsafe: copied at once; nothing in this program calls setenv.
        guard let text = unsafe getenv(name) else { return nil }
        return unsafe String(cString: text)
    }
}

/// The few file operations that configuration and quarantine need.
package enum FileSystem {
    /// A file's bytes, at most `maximum`.
    ///
    /// - Throws: `EFBIG` when the file is longer.
    package static func read(_ path: String, maximum: Int = 64 << 20) throws(FileError) -> [UInt8] {
        // unsafe: the path is lent for the call, as for every call of this file.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw FileError(operation: "opening", path: path, code: errno)
        }
        defer { Glibc.close(descriptor) }
        return try read(descriptor, path, maximum: maximum)
    }

    /// Everything that can be read from a descriptor.
    package static func read(
        _ descriptor: Int32, _ path: String, maximum: Int
    ) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            // unsafe: reads into an array of the size given.
            let count = unsafe chunk.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(operation: "reading", path: path, code: errno)
            }
            if count == 0 { return bytes }
            guard bytes.count + count <= maximum else {
                throw FileError(operation: "reading", path: path, code: EFBIG)
            }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// Replaces a file: written beside it, made durable if asked, then renamed over it.
    package static func write(
        _ bytes: [UInt8], to path: String, mode: UInt32 = 0o600, durable: Bool = false
    ) throws(FileError) {
        let temporary = path + ".tmp"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            throw FileError(operation: "making", path: temporary, code: errno)
        }
        var failure: Int32 = writeAll(bytes, to: descriptor) ? 0 : errno
        if failure == 0, durable, fdatasync(descriptor) != 0 { failure = errno }
        Glibc.close(descriptor)
        if failure == 0, unsafe rename(temporary, path) != 0 { failure = errno }
        if failure == 0, durable { failure = synchronizeFolder(of: path) }
        guard failure == 0 else {
            unsafe unlink(temporary)
            throw FileError(operation: "writing", path: path, code: failure)
        }
    }

    /// Writes all bytes; false with errno set when that fails.
    package static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var start = 0
        while start < bytes.count {
            // unsafe: lends the rest of the array for the call.
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(
                    descriptor, $0.baseAddress?.advanced(by: start), bytes.count - start)
            }
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            start += count
        }
        return true
    }

    /// Names in a folder, sorted by bytes, without `.` and `..`.
    package static func list(_ path: String) throws(FileError) -> [String] {
        // unsafe: the stream is closed below; each entry's name ends with NUL.
        guard let folder = unsafe opendir(path) else {
            throw FileError(operation: "listing", path: path, code: errno)
        }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    }

    /// How many entries a folder has, without `.` and `..`; nil when it cannot be read.
    static func count(_ path: String) -> Int? {
        // unsafe: the stream is closed below; entries are counted, not looked at.
        guard let folder = unsafe opendir(path) else { return nil }
        defer { unsafe closedir(folder) }
        var count = -2
        while unsafe readdir(folder) != nil { count += 1 }
        return count
    }

    /// Makes a folder and those above it; one that exists is fine.
    package static func makeFolder(_ path: String) throws(FileError) {
        if exists(path) { return }
        if unsafe mkdir(path, 0o750) == 0 || errno == EEXIST { return }
        let code = errno
        let parent = folder(of: path)
        guard code == ENOENT, parent != path else {
            throw FileError(operation: "making", path: path, code: code)
        }
        try makeFolder(parent)
        guard unsafe mkdir(path, 0o750) == 0 || errno == EEXIST else {
            throw FileError(operation: "making", path: path, code: errno)
        }
    }

    package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// True when files can be made in the folder.
    package static func isWritable(_ path: String) -> Bool { unsafe access(path, W_OK | X_OK) == 0 }

    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        // unsafe: fills the value given.
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// A file's size and time of change in milliseconds; nil when there is none.
    package static func status(_ path: String) -> (bytes: Int, changedMilliseconds: Int64)? {
        var status = stat()
        // unsafe: fills the value given.
        guard unsafe stat(path, &status) == 0 else { return nil }
        return (Int(status.st_size), Int64(status.st_mtim.tv_sec) * 1000)
    }

    /// The permission bits of a file; nil when there is none.
    static func permissions(_ path: String) -> UInt32? {
        var status = stat()
        // unsafe: fills the value given.
        return unsafe stat(path, &status) == 0 ? UInt32(status.st_mode) & 0o7777 : nil
    }

    /// Bytes that this user may still write where a path lies.
    static func freeBytes(_ path: String) -> UInt64? {
        var status = statvfs()
        // unsafe: fills the value given.
        guard unsafe statvfs(path, &status) == 0 else { return nil }
        return UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
            .partialValue
    }

    package static func remove(_ path: String) { unsafe unlink(path) }

    /// Removes a file; gone for good when it returns.
    package static func removeDurably(_ path: String) throws(FileError) {
        let code: Int32 = unsafe unlink(path) == 0 ? synchronizeFolder(of: path) : errno
        guard code == 0 else { throw FileError(operation: "removing", path: path, code: code) }
    }

    /// Makes the entries of a file's folder durable; 0 or the error.
    private static func synchronizeFolder(of path: String) -> Int32 {
        let descriptor = unsafe open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno }
        defer { Glibc.close(descriptor) }
        return fsync(descriptor) == 0 ? 0 : errno
    }

    /// `b` inside `a`; an absolute `b` stays.
    package static func join(_ folder: String, _ path: String) -> String {
        path.hasPrefix("/") ? path : folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
    }

    /// What stands before the last slash; `.` for a bare name.
    package static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
