/// How far every thread that must move had come at one moment.
package struct Pulse: Sendable, Equatable {
    /// Rounds of each event loop.
    let loops: [UInt64]
    /// Turns of each queue's committing thread; nil for one with nothing to do.
    let lanes: [UInt64?]

    /// True when each loop has begun a round since, and no thread is still in the commit it was in.
    package func hasMoved(since earlier: Pulse) -> Bool {
        guard loops.count == earlier.loops.count, lanes.count == earlier.lanes.count else {
            return true
        }
        return zip(loops, earlier.loops).allSatisfy { $0 != $1 }
            && zip(lanes, earlier.lanes).allSatisfy { now, before in
                now == nil || now != before
            }
    }
}
