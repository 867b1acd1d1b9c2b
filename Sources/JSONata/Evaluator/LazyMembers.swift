internal import JSON

/// The members of an evaluation's input that are made when they are touched.
struct LazyMembers {
    /// How a member is made; nil when the input is of another kind.
    var make: ((Int) -> JSONValue?)?
    /// What was made, `lazy` where nothing was yet.
    var made: [Value] = []
}

extension Evaluator {
    /// The value of a member, made when it is asked for first.
    mutating func lazyValue(_ member: Int32) -> Value {
        guard case .lazy = input.made[Int(member)] else { return input.made[Int(member)] }
        var made = Value.undefined
        if let json = input.make?(Int(member)) { made = value(json) }
        input.made[Int(member)] = made
        return made
    }
}
