/// How long a queue's commits take, learnt from those it has made: a fixed time for each, and a time for
/// each byte.
///
/// A line is fitted to the recent commits, the older the less they count. Without enough difference
/// between their sizes nothing tells one part from the other: then all is taken for fixed, which errs
/// towards accepting.
struct CommitPace {
    /// How much a commit counts against all before it.
    private static let newest = 0.1
    /// Differences of size below this tell little of the time for a byte.
    private static let bytesOfNoise = 65_536.0
    /// A commit is never made smaller than this.
    private static let commitBytesMin = 65_536.0

    private let limits: CommitLimits
    private var commits = 0.0
    private var meanEvents = 0.0
    private var meanBytes = 0.0
    private var meanNanoseconds = 0.0
    private var varianceBytes = 0.0
    private var covariance = 0.0

    init(limits: CommitLimits) { self.limits = limits }

    /// Learns from a commit that succeeded.
    mutating func record(events: Int, bytes: Int, nanoseconds: UInt64) {
        commits += 1
        let weight = max(1 / commits, Self.newest)
        let (size, time) = (Double(bytes) - meanBytes, Double(nanoseconds) - meanNanoseconds)
        meanEvents += weight * (Double(events) - meanEvents)
        meanBytes += weight * size
        meanNanoseconds += weight * time
        varianceBytes = (1 - weight) * (varianceBytes + weight * size * size)
        covariance = (1 - weight) * (covariance + weight * size * time)
    }

    /// How long a commit takes; 0 before the first.
    var usualNanoseconds: UInt64 { UInt64(meanNanoseconds) }

    private var nanosecondsPerByte: Double {
        max(0, covariance / (varianceBytes + Self.bytesOfNoise * Self.bytesOfNoise))
    }

    private var fixedNanoseconds: Double {
        max(0, meanNanoseconds - nanosecondsPerByte * meanBytes)
    }

    /// Bytes of the largest commit that does not take most of the time that an event may wait.
    var commitBytesMax: Int {
        let most = Double(limits.bytesPerCommitMax)
        let perByte = nanosecondsPerByte
        let share = Double(limits.queueTimeMilliseconds) * 1e6 / 4
        // When the fixed time alone is long, small commits would store less and be no faster.
        guard perByte > 0, fixedNanoseconds < share else { return limits.bytesPerCommitMax }
        return Int(min(most, max(Self.commitBytesMin, (share - fixedNanoseconds) / perByte)))
    }

    /// Bytes that may be under way when the last of them is to be stored within the time that an event
    /// may wait; `.max` before anything is known.
    var room: Int {
        guard commits > 0 else { return .max }
        let time = Double(limits.queueTimeMilliseconds) * 1e6
        let (perByte, fixed) = (nanosecondsPerByte, fixedNanoseconds)
        // As many events go into a commit as are allowed, or as fit into its bytes.
        let most = min(
            Double(commitBytesMax),
            Double(limits.eventsPerCommitMax) * meanBytes / max(1, meanEvents))
        // One commit is under way, and the last is not full.
        let cost = perByte + fixed / max(1, most)
        let many = cost > 0 ? max(0, time - 2 * fixed) / cost : .infinity
        // A disk that takes the whole time for one commit still gets one.
        let one = perByte > 0 ? min(most, time / perByte) : most
        return Int(min(max(many, one), 1e15))
    }
}
