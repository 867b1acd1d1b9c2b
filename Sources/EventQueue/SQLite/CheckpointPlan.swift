/// When the write-ahead log is copied into the database.
///
/// Little by little, while commits go on: pages that are copied and synced by the megabyte keep the disk
/// from commits for as long as one of them takes, where the whole log did for ten. Because commits go
/// on, copying never reaches the log's end, and SQLite begins a log anew only when all of it is copied:
/// once it is long, a commit copies the little that is left.
struct CheckpointPlan {
    enum Step {
        case none
        /// To be copied while commits go on; `copied` ends it.
        case copy
        /// To be copied by whoever commits.
        case finish
    }

    /// Fewer commits than this are never between the beginnings of two copies: where a sync takes long,
    /// most of them are to be those of commits.
    static let commitsMin = 4

    /// So many pages are a long log.
    let longPages: Int
    /// So many new pages are worth a copy.
    let stepPages: Int
    /// What was copied of the log.
    private var copiedPages = 0
    private var begunPages = 0
    private var commits = 0
    private var isCopying = false
    private var isCopied = false

    /// - Parameter longPages: the length of a log that is to begin anew; it is copied in sixteen parts.
    init(longPages: Int) {
        self.longPages = max(1, longPages)
        stepPages = max(1, longPages / 16)
    }

    /// Asked after every commit.
    /// - Parameter pages: the length of the log.
    mutating func committed(pages: Int) -> Step {
        commits += 1
        if isCopying { return .none }
        // Shorter than it was: it began anew.
        if pages < begunPages { (begunPages, copiedPages) = (0, 0) }
        if isCopied {
            isCopied = false
            // What is left is little, unless the disk is slow or a reader held the log: then another copy
            // comes first, but for a log that is much too long.
            let isLittle = pages - copiedPages <= 4 * stepPages
            if begunPages >= longPages, isLittle || pages >= 4 * longPages { return .finish }
        }
        guard pages - begunPages >= stepPages, commits >= Self.commitsMin else { return .none }
        (begunPages, commits, isCopying) = (pages, 0, true)
        return .copy
    }

    /// Notes the end of a copy.
    /// - Parameter pages: how much of the log is copied by now; nil when that is as it was.
    mutating func copied(pages: Int?) {
        (isCopying, isCopied) = (false, true)
        if let pages { copiedPages = pages }
    }
}
