extension StringProtocol {
    /// The same text in memory of its own, for a thread that refers to it often (`LoopRoutes`).
    func copy() -> String { String(decoding: Array(utf8), as: UTF8.self) }
}
