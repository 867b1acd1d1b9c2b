/// Whether a commit should wait for more: each time that waiting was in vain, twice as many commits go
/// without it as the time before.
struct CommitPatience {
    private static let pauseMax = 256

    private var pause = 0
    private var left = 0

    /// Notes whether enough came while a commit waited.
    mutating func note(paid: Bool) {
        pause = paid ? 0 : min(max(1, pause * 2), Self.pauseMax)
        left = pause
    }

    /// Asked once a commit: true when the next may wait.
    mutating func isLeft() -> Bool {
        if left == 0 { return true }
        left -= 1
        return false
    }
}
