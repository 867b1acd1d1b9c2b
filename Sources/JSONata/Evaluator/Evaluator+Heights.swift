/// How deep values nest that expressions make. A tail call may wrap its value once more in every round,
/// and whatever walks through values (writing, comparing, their release) recurses.
extension Evaluator {
    /// Arrays and objects inside each other; what is beyond stops with U1001.
    static let heightMax = 2_000

    /// A constructor's result, unless it nests too deep.
    func made(_ value: Value) throws(JSONataError) -> Value {
        if height(of: value) > Self.heightMax { throw JSONataError("U1001", value: "depth") }
        return value
    }

    /// The height of what constructors made is known; between two of them only built-in functions can
    /// add levels, a few each, so that this recurses little. Documents count as flat: they were bounded
    /// when they were read.
    private func height(of value: Value) -> Int {
        switch value {
        case .array(let box):
            if let height = box.height { return height }
            let height = 1 + (box.items.lazy.map { self.height(of: $0) }.max() ?? 0)
            box.height = height
            return height
        case .object(let box):
            if let height = box.height { return height }
            let height = 1 + (box.values.lazy.map { self.height(of: $0) }.max() ?? 0)
            box.height = height
            return height
        default: return 0
        }
    }
}
