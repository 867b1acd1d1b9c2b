internal import Synchronization

/// A connection that one loop has accepted and another is to serve; counted as that one's already.
struct AcceptedSocket: Sendable {
    let fd: Int32
    let address: String
    let settings: HTTPListener
}

/// What other threads leave for a loop, and how they wake it.
final class LoopMailbox: Sendable {
    struct State {
        var answers: [LoopAnswer] = []
        var tasks: [any LoopTask] = []
        /// Connections that other loops hand over.
        var accepted: [AcceptedSocket] = []
        /// The loop is about to sleep or asleep and must be woken for the next answer.
        var isAsleep = false
        var drainNanoseconds: UInt64?
        /// Limits to hold connections to from now on.
        var limits: HTTPLimits?
        /// All listeners from now on.
        var listeners: [LoopListener]?
        var isStopped = false
        /// The loop takes over nothing any more.
        var isClosed = false
        /// Rounds begun, for whoever watches that the loop goes on.
        var rounds: UInt64 = 0
    }

    private let state = Mutex(State())
    /// Readable when the loop is to look here.
    let wakeDescriptor: Int32

    init() throws(SystemError) {
        wakeDescriptor = try SystemCalls.makeEventDescriptor()
    }

    deinit {
        SystemCalls.close(wakeDescriptor)
    }

    func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        state.withLock { body(&$0) }
    }

    func wake() { SystemCalls.wake(wakeDescriptor) }

    /// Hands answers over; wakes the loop when it sleeps.
    /// - Parameter append: appends them.
    func post(_ append: (inout [LoopAnswer]) -> Void) {
        let wakes = state.withLock { box in
            // Nobody is there to answer any more.
            if box.isClosed { return false }
            append(&box.answers)
            defer { box.isAsleep = false }
            return box.isAsleep
        }
        if wakes { wake() }
    }

    /// Hands tasks over; wakes the loop when it sleeps.
    /// - Returns: the tasks when the loop has ended and does none any more.
    func post(_ tasks: consuming [any LoopTask]) -> [any LoopTask] {
        var tasks = tasks
        let wakes = state.withLock { box in
            if box.isClosed { return false }
            if box.tasks.isEmpty {
                swap(&box.tasks, &tasks)
            } else {
                box.tasks.append(contentsOf: tasks)
                tasks = []
            }
            defer { box.isAsleep = false }
            return box.isAsleep
        }
        if wakes { wake() }
        return tasks
    }

    /// Hands a connection over.
    /// - Returns: false when the loop takes none any more.
    func post(_ socket: AcceptedSocket) -> Bool {
        let (isTaken, wakes) = state.withLock { box -> (Bool, Bool) in
            if box.isClosed || box.isStopped { return (false, false) }
            box.accepted.append(socket)
            defer { box.isAsleep = false }
            return (true, box.isAsleep)
        }
        if wakes { wake() }
        return isTaken
    }

    /// What a loop finds beside answers.
    struct News {
        let isStopped: Bool
        let drainNanoseconds: UInt64?
        let limits: HTTPLimits?
        let listeners: [LoopListener]?
        let accepted: [AcceptedSocket]
    }

    /// What is there, for the loop, which is awake. Answers and the wish to drain come together, so that
    /// one given after `drain` says that the connection closes.
    /// - Parameters:
    ///   - answers: empty; gets the answers, and leaves its room for those to come.
    ///   - tasks: the same of tasks.
    func take(_ answers: inout [LoopAnswer], _ tasks: inout [any LoopTask]) -> News {
        state.withLock { box in
            swap(&box.answers, &answers)
            swap(&box.tasks, &tasks)
            box.isAsleep = false
            defer { (box.limits, box.listeners, box.accepted) = (nil, nil, []) }
            return News(
                isStopped: box.isStopped, drainNanoseconds: box.drainNanoseconds,
                limits: box.limits, listeners: box.listeners, accepted: box.accepted)
        }
    }

    /// Takes over nothing from now on, if nothing waits.
    /// - Returns: false when something does.
    func closeIfEmpty() -> Bool {
        state.withLock { box in
            guard box.accepted.isEmpty, box.tasks.isEmpty else { return false }
            box.isClosed = true
            return true
        }
    }

    /// Takes over nothing from now on.
    /// - Returns: what waits; for the connections it is too late.
    func close() -> (accepted: [AcceptedSocket], tasks: [any LoopTask]) {
        state.withLock { box in
            box.isClosed = true
            defer { (box.accepted, box.tasks) = ([], []) }
            return (box.accepted, box.tasks)
        }
    }
}
