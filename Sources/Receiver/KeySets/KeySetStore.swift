import Synchronization

/// JSON Web Key Sets by address, fetched on threads of their own and kept for as long as their servers
/// allow, within bounds. Asking never blocks; whoever finds nothing may wait for the fetch to end.
final class KeySetStore: Sendable {
    /// How long a set is kept, how often it is asked for, and how much may wait.
    struct Policy: Sendable {
        /// A set is asked for again after what Cache-Control says, within these bounds…
        var ageMillisecondsMin: Int64 = 300_000
        var ageMillisecondsMax: Int64 = 86_400_000
        /// …or after this, when nothing is said.
        var ageMillisecondsDefault: Int64 = 3_600_000
        /// A set that cannot be renewed is used this long past its age.
        var staleMillisecondsMax: Int64 = 86_400_000
        /// Between two fetches of one address, whoever asks: unknown keys are easily invented.
        var intervalMillisecondsMin: Int64 = 30_000
        /// After a failure without any set at hand.
        var failureMillisecondsMin: Int64 = 5000
        var addressesMax = 256
        /// Requests that wait for fetches, and their bodies.
        var waitersMax = 1024
        var waitingBytesMax = 16 << 20
        var threads = 2
    }

    typealias Fetch =
        @Sendable (_ address: String) -> Result<CurlFetcher.Document, CurlFetcher.Failure>

    private struct Waiter {
        let bytes: Int
        let resume: @Sendable () -> Void
    }
    private struct Entry {
        var document: [UInt8]?
        /// Monotonic milliseconds, as every time here.
        var freshUntil: Int64 = .min
        var nextFetch: Int64 = .min
        var isFetching = false
        var waiters: [Waiter] = []
    }
    private struct State {
        var entries: [String: Entry] = [:]
        var waiters = 0
        var waitingBytes = 0
        var workers: [SerialWorker] = []
        var nextWorker = 0
        var isStopped = false
    }

    private let state = Mutex(State())
    private let policy: Policy
    private let fetch: Mutex<Fetch>
    private let isUsable: @Sendable ([UInt8]) -> Bool
    private let clock: @Sendable () -> Int64
    private let report: @Sendable (_ address: String, _ failure: String?) -> Void

    /// - Parameters:
    ///   - fetch: gets a document, blocking; called on a thread of the store.
    ///   - isUsable: whether a document is a key set; one that is not counts as a failure.
    ///   - clock: monotonic milliseconds.
    ///   - report: told of the end of every fetch; nil = it went well.
    init(
        policy: Policy = Policy(), isUsable: @escaping @Sendable ([UInt8]) -> Bool,
        clock: @escaping @Sendable () -> Int64 = {
            Int64(clamping: Clock.monotonicNanoseconds / 1_000_000)
        },
        report: @escaping @Sendable (_ address: String, _ failure: String?) -> Void = { _, _ in },
        fetch: @escaping Fetch
    ) {
        self.policy = policy
        self.isUsable = isUsable
        self.clock = clock
        self.report = report
        self.fetch = Mutex(fetch)
    }

    /// What is known of an address.
    struct Found: Sendable {
        let document: [UInt8]?
        /// A fetch is under way whose end may bring what is missing.
        let isFetching: Bool
    }

    /// The set of an address at this moment; begins a fetch when it is missing or old.
    func current(_ address: String) -> Found {
        let now = clock()
        return state.withLock { state in
            var entry = state.entries[address] ?? Entry()
            // Too old to be believed: a key may have been withdrawn since.
            if entry.document != nil, now >= entry.freshUntil + policy.staleMillisecondsMax {
                entry.document = nil
            }
            if entry.document == nil || now >= entry.freshUntil {
                begin(address, &entry, &state, now)
            }
            keep(entry, address, &state)
            return Found(document: entry.document, isFetching: entry.isFetching)
        }
    }

    /// Asks for a set newer than the one at hand, as often as the policy lets; true when a fetch is
    /// under way.
    func renew(_ address: String) -> Bool {
        let now = clock()
        return state.withLock { state in
            var entry = state.entries[address] ?? Entry()
            begin(address, &entry, &state, now)
            keep(entry, address, &state)
            return entry.isFetching
        }
    }

    enum Waiting: Sendable {
        /// `resume` will be called.
        case waiting
        /// No fetch is under way (any more).
        case ended
        /// Too much waits already.
        case full
    }

    /// Calls `resume` on a thread of the store when the fetch of an address that is under way has ended.
    func wait(
        for address: String, bytes: Int, _ resume: @escaping @Sendable () -> Void
    ) -> Waiting {
        state.withLock { state in
            guard var entry = state.entries[address], entry.isFetching else { return .ended }
            guard state.waiters < policy.waitersMax,
                bytes <= policy.waitingBytesMax - state.waitingBytes
            else { return .full }
            entry.waiters.append(Waiter(bytes: bytes, resume: resume))
            state.entries[address] = entry
            state.waiters += 1
            state.waitingBytes += bytes
            return .waiting
        }
    }

    /// True when a set of the address is kept.
    func peek(_ address: String) -> Bool {
        state.withLock { $0.entries[address]?.document != nil }
    }

    /// Fetches in another way from now on; what was fetched is used until it is fetched again, soon.
    func update(_ new: @escaping Fetch) {
        fetch.withLock { $0 = new }
        let now = clock()
        state.withLock { state in
            for address in state.entries.keys {
                state.entries[address]?.freshUntil = now
                state.entries[address]?.nextFetch = now
            }
        }
    }

    /// Ends the threads after the fetches under way.
    func stop() {
        let workers = state.withLock { state in
            state.isStopped = true
            return state.workers
        }
        for worker in workers { worker.stop() }
    }

    // MARK: Fetching

    private func keep(_ entry: Entry, _ address: String, _ state: inout State) {
        if state.entries[address] == nil, state.entries.count >= policy.addressesMax {
            // Addresses come from the configuration and contexts; a flood of them is an error there.
            guard let victim = state.entries.first(where: { !$0.value.isFetching })?.key else {
                return
            }
            state.entries[victim] = nil
        }
        state.entries[address] = entry
    }

    private func begin(_ address: String, _ entry: inout Entry, _ state: inout State, _ now: Int64)
    {
        guard !entry.isFetching, now >= entry.nextFetch, !state.isStopped else { return }
        if state.workers.isEmpty {
            // Threads are made for the first fetch: most receivers have none.
            state.workers = (0..<policy.threads).map { _ in
                SerialWorker(waitingMax: policy.addressesMax)
            }
            .filter { $0.start() }
        }
        guard !state.workers.isEmpty else { return }
        state.nextWorker = (state.nextWorker + 1) % state.workers.count
        entry.isFetching = state.workers[state.nextWorker].submit { self.run(address) }
    }

    private func run(_ address: String) {
        var failure: String?
        var document: CurlFetcher.Document?
        let fetch = fetch.withLock { $0 }
        switch fetch(address) {
        case .success(let found) where isUsable(found.bytes): document = found
        case .success: failure = "the document is no key set with a key that can be used"
        case .failure(let error): failure = error.description
        }
        report(address, failure)
        let now = clock()
        let waiters = state.withLock { state -> [Waiter] in
            guard var entry = state.entries[address] else { return [] }
            let waiters = entry.waiters
            entry.waiters = []
            entry.isFetching = false
            if let document {
                entry.document = document.bytes
                entry.freshUntil = now + age(document)
                entry.nextFetch = now + policy.intervalMillisecondsMin
            } else {
                entry.nextFetch =
                    now
                    + (entry.document == nil
                        ? policy.failureMillisecondsMin : policy.intervalMillisecondsMin)
            }
            state.entries[address] = entry
            state.waiters -= waiters.count
            state.waitingBytes -= waiters.reduce(0) { $0 + $1.bytes }
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private func age(_ document: CurlFetcher.Document) -> Int64 {
        guard let seconds = document.secondsToLive else { return policy.ageMillisecondsDefault }
        let (given, overflow) = Int64(seconds).multipliedReportingOverflow(by: 1000)
        if overflow { return policy.ageMillisecondsMax }
        return min(max(given, policy.ageMillisecondsMin), policy.ageMillisecondsMax)
    }
}
