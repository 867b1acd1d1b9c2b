extension Configuration {
    /// How many threads read sockets: `limits.threads`, else one for each processor that the process may run
    /// on. A SQLite queue's commits take a processor of their own, since a row costs as much as all else that
    /// is done for its request, so one is left for them; a file queue's take a third of one.
    ///
    /// - Parameter processors: how many those are; 0 when the system does not say.
    package func loopCount(processors: Int) -> Int {
        if let loops = limits.loops { return loops }
        let left = queues.contains { $0.kind == .sqlite } ? 1 : 0
        return max(1, processors - left)
    }
}
