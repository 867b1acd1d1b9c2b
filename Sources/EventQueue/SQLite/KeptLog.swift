/// Notes beside a database that its write-ahead log is to be kept whole.
///
/// Once a sync of the database has failed, what SQLite counts as copied may not be there: the kernel may
/// have dropped it, and reports success the next time (https://wiki.postgresql.org/wiki/Fsync_Errors). That count
/// is in memory that all processes share for as long as one of them has the database open; so none may
/// copy the rest, which would let the log begin anew. Whoever opens the database alone has no count, and
/// copies all.
struct KeptLog: Sendable {
    /// The database.
    let path: String
    private let system = FileSystem()

    private var notePath: String { path + "-unsynced" }

    init(path: String) { self.path = path }

    /// Whether the log is to be kept; true as well where that cannot be told.
    var isKept: Bool { (try? system.exists(notePath)) ?? true }

    /// Notes it, as far as the disk lets this be done.
    func keep() {
        _ = try? system.open(notePath, .create)
        try? system.syncFolder(FileSystem.parent(of: path))
    }

    /// Copies the whole log, if it was kept.
    /// - Throws: `.locked` while anybody else has the database open.
    func copyAnew(busyTimeoutMilliseconds: Int32) throws(QueueError) {
        guard isKept else { return }
        do throws(QueueError) {
            let connection = try SQLiteConnection(
                path: path, mode: .exclusive, busyTimeoutMilliseconds: busyTimeoutMilliseconds)
            guard try connection.copyLog() != nil else {
                throw QueueError(.locked, "copy of the log")
            }
        } catch {
            if error.code == .locked {
                throw QueueError(
                    .locked,
                    "copy of the log, after a sync that failed, while others use the database")
            }
            guard error.code == .notFound else { throw error }
        }
        try system.remove(notePath)
    }
}
