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
        /// The loop takes over no connection any more.
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
            append(&box.answers)
            defer { box.isAsleep = false }
            return box.isAsleep
        }
        if wakes { wake() }
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
    /// - Parameter answers: empty; gets the answers, and leaves its room for those to come.
    func take(_ answers: inout [LoopAnswer]) -> News {
        state.withLock { box in
            swap(&box.answers, &answers)
            box.isAsleep = false
            defer { (box.limits, box.listeners, box.accepted) = (nil, nil, []) }
            return News(
                isStopped: box.isStopped, drainNanoseconds: box.drainNanoseconds,
                limits: box.limits, listeners: box.listeners, accepted: box.accepted)
        }
    }

    /// Takes over no connection from now on, if none waits.
    /// - Returns: false when one does.
    func closeIfEmpty() -> Bool {
        state.withLock { box in
            guard box.accepted.isEmpty else { return false }
            box.isClosed = true
            return true
        }
    }

    /// Takes over no connection from now on.
    /// - Returns: those that wait, for which it is too late.
    func close() -> [AcceptedSocket] {
        state.withLock { box in
            box.isClosed = true
            defer { box.accepted = [] }
            return box.accepted
        }
    }
}
