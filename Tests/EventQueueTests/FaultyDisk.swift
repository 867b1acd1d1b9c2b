import CSQLite
import Glibc
import Synchronization

/// SQLite's calls to the system, some of which fail by plan: a VFS over the usual one
/// (https://www.sqlite.org/vfs.html). It becomes the default of this process; only files below a
/// folder with a plan are touched.
@safe
enum FaultyDisk {
    enum Call: String, CaseIterable, Sendable {
        case read
        case write
        case sync
        case truncate
    }

    struct Plan {
        let call: Call
        /// Calls that are let through first.
        var skip: Int
        /// What SQLite's own layer would report: `SQLITE_FULL` for ENOSPC, `SQLITE_IOERR_…` for EIO.
        let result: Int32
        /// Half of a write reaches the file before it fails.
        let isShort: Bool
        /// Every later call fails as well, as on a disk that stays full.
        let isLasting: Bool
        var hits = 0
    }

    private struct Entry {
        let path: String
        // unsafe: SQLite's own constant table, as an integer so that the dictionary can hold it.
        let methods: UInt
    }

    private struct State {
        var plans: [String: Plan] = [:]
        var files: [UInt: Entry] = [:]
        /// SQLite's table of methods → ours.
        var tables: [UInt: UInt] = [:]
    }

    private static let state = Mutex(State())

    /// Registers it, once.
    static let isRegistered: Bool = {
        // unsafe: the copy lives as long as the process; the usual VFS finds its data in pAppData.
        guard let usual = unsafe sqlite3_vfs_find(nil) else { return false }
        let copy = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        unsafe copy.initialize(to: usual.pointee)
        unsafe copy.pointee.pNext = nil
        unsafe copy.pointee.zName = UnsafePointer(strdup("faulty"))
        unsafe copy.pointee.xOpen = { vfs, name, file, flags, out in
            unsafe FaultyDisk.open(vfs, name, file, flags, out)
        }
        return unsafe sqlite3_vfs_register(copy, 1) == SQLITE_OK
    }()

    static func arm(
        _ folder: String, _ call: Call, skip: Int, result: Int32, isShort: Bool = false,
        isLasting: Bool = false
    ) {
        let plan = Plan(
            call: call, skip: skip, result: result, isShort: isShort, isLasting: isLasting)
        state.withLock { $0.plans[folder] = plan }
    }

    /// - Returns: how many calls failed.
    @discardableResult
    static func disarm(_ folder: String) -> Int {
        state.withLock { $0.plans.removeValue(forKey: folder)?.hits ?? 0 }
    }

    /// The file's usual methods, and the fault that this call meets.
    private static func meet(
        _ file: UnsafeMutablePointer<sqlite3_file>?, _ call: Call
    ) -> (methods: UnsafePointer<sqlite3_io_methods>?, fault: Plan?) {
        let (methods, fault) = state.withLock { state -> (UInt, Plan?) in
            guard let entry = state.files[UInt(bitPattern: file)] else { return (0, nil) }
            for (folder, plan) in state.plans
            where plan.call == call && entry.path.hasPrefix(folder) {
                var plan = plan
                defer { state.plans[folder] = plan }
                if plan.skip > 0 {
                    plan.skip -= 1
                    return (entry.methods, nil)
                }
                if plan.hits > 0, !plan.isLasting { return (entry.methods, nil) }
                plan.hits += 1
                return (entry.methods, plan)
            }
            return (entry.methods, nil)
        }
        return unsafe (UnsafePointer(bitPattern: methods), fault)
    }

    private static func open(
        _ vfs: UnsafeMutablePointer<sqlite3_vfs>?, _ name: UnsafePointer<CChar>?,
        _ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32,
        _ out: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        guard let usual = unsafe sqlite3_vfs_find("unix"), let file = unsafe file else {
            return SQLITE_CANTOPEN
        }
        let result = unsafe usual.pointee.xOpen(vfs, name, file, flags, out)
        guard result == SQLITE_OK, let name = unsafe name,
            let methods = unsafe file.pointee.pMethods
        else { return result }
        let entry = unsafe Entry(path: String(cString: name), methods: UInt(bitPattern: methods))
        let table = state.withLock { state in
            state.files[UInt(bitPattern: file)] = entry
            if let table = state.tables[entry.methods] { return table }
            let table = unsafe UInt(bitPattern: patched(methods))
            state.tables[entry.methods] = table
            return table
        }
        unsafe file.pointee.pMethods = UnsafePointer(bitPattern: table)
        return result
    }

    /// A copy of the table with our functions in it.
    private static func patched(
        _ methods: UnsafePointer<sqlite3_io_methods>
    ) -> UnsafeMutablePointer<sqlite3_io_methods> {
        let table = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        unsafe table.initialize(to: methods.pointee)
        unsafe table.pointee.xRead = { file, buffer, count, offset in
            let (usual, fault) = unsafe FaultyDisk.meet(file, .read)
            if let fault { return fault.result }
            return unsafe usual?.pointee.xRead(file, buffer, count, offset) ?? SQLITE_IOERR
        }
        unsafe table.pointee.xWrite = { file, bytes, count, offset in
            let (usual, fault) = unsafe FaultyDisk.meet(file, .write)
            if let fault {
                if fault.isShort {
                    _ = unsafe usual?.pointee.xWrite(file, bytes, count / 2, offset)
                }
                return fault.result
            }
            return unsafe usual?.pointee.xWrite(file, bytes, count, offset) ?? SQLITE_IOERR
        }
        unsafe table.pointee.xSync = { file, flags in
            let (usual, fault) = unsafe FaultyDisk.meet(file, .sync)
            if let fault { return fault.result }
            return unsafe usual?.pointee.xSync(file, flags) ?? SQLITE_IOERR
        }
        unsafe table.pointee.xTruncate = { file, size in
            let (usual, fault) = unsafe FaultyDisk.meet(file, .truncate)
            if let fault { return fault.result }
            return unsafe usual?.pointee.xTruncate(file, size) ?? SQLITE_IOERR
        }
        unsafe table.pointee.xClose = { file in
            let entry = FaultyDisk.state.withLock {
                $0.files.removeValue(forKey: UInt(bitPattern: file))
            }
            let usual = unsafe UnsafePointer<sqlite3_io_methods>(
                bitPattern: entry?.methods ?? 0)
            return unsafe usual?.pointee.xClose(file) ?? SQLITE_IOERR
        }
        return unsafe table
    }
}
