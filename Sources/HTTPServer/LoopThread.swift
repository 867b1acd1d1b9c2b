/// A thread with the stack that the loops have, for measuring and testing what runs on them.
package enum LoopThread {
    /// Runs `body` on such a thread and waits for its end.
    ///
    /// - Parameter body: what to run.
    /// - Throws: `SystemError` when no thread can be started.
    package static func run(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let thread = try SystemCalls.startThread(
            name: "as-loop", stackBytes: HTTPServer.stackBytes, body)
        SystemCalls.join(thread)
    }
}
