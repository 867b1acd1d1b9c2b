internal import JSON

extension Evaluator {
    /// Where frames stood when something began, so that those it made can be given back.
    struct FrameMarks {
        let frames: Int
        let bindings: Int
        let made: Int
        let thunks: Int
        let oldestBound: Int32
    }

    mutating func markFrames() -> FrameMarks {
        defer { oldestBound = .max }
        return FrameMarks(
            frames: frames.count, bindings: bindings.count, made: made.count,
            thunks: thunks.count, oldestBound: oldestBound)
    }

    /// Gives back the frames made since `marks`, unless a function or a call that is still to be made
    /// may hold one of them, or an older frame holds one of their bindings.
    mutating func reuseFrames(since marks: FrameMarks) {
        guard made.count == marks.made, thunks.count == marks.thunks,
            Int(oldestBound) >= marks.frames
        else { return }
        frames.truncate(to: marks.frames)
        bindings.truncate(to: marks.bindings)
    }

    /// The same at the end of what the marks were made for.
    mutating func releaseFrames(to marks: FrameMarks) {
        reuseFrames(since: marks)
        oldestBound = min(oldestBound, marks.oldestBound)
    }

    mutating func makeFrame(_ parent: Int32) -> Int32 {
        frames.append(Frame(parent: parent))
        return Int32(truncatingIfNeeded: frames.count - 1)
    }

    /// A frame in which the bindings of a tuple are visible, when `item` is one.
    mutating func makeFrame(_ parent: Int32, with item: Value) -> Int32 {
        let frame = makeFrame(parent)
        if case .tuple(let tuple) = item { frames[Int(frame)].tuple = tuple }
        return frame
    }

    mutating func bind(_ name: Int32, _ value: Value, _ frame: Int32) {
        oldestBound = min(oldestBound, frame)
        var place = frames[Int(frame)].bindings
        while place >= 0 {
            if bindings[Int(place)].name == name {
                bindings[Int(place)].value = value
                return
            }
            place = bindings[Int(place)].next
        }
        bindings.append(Binding(name: name, next: frames[Int(frame)].bindings, value: value))
        frames[Int(frame)].bindings = Int32(truncatingIfNeeded: bindings.count - 1)
    }

    /// The value of a variable, nil when no frame has it.
    func lookupVariable(_ name: Int32, _ frame: Int32) -> Value? {
        var place = frame
        while place >= 0 {
            let frame = frames[Int(place)]
            var binding = frame.bindings
            while binding >= 0 {
                if bindings[Int(binding)].name == name { return bindings[Int(binding)].value }
                binding = bindings[Int(binding)].next
            }
            if frame.tuple >= 0, let value = tupleValue(frame.tuple, name) { return value }
            place = frame.parent
        }
        return nil
    }

    // MARK: Tuples

    mutating func makeTuple(_ context: Value, bindings: Int32 = -1) -> Int32 {
        tuples.append(TupleHeader(context: context, bindings: bindings))
        return Int32(truncatingIfNeeded: tuples.count - 1)
    }

    mutating func bindTuple(_ tuple: Int32, _ name: Int32, _ value: Value) {
        tupleBindings.append(
            Binding(name: name, next: tuples[Int(tuple)].bindings, value: value))
        tuples[Int(tuple)].bindings = Int32(truncatingIfNeeded: tupleBindings.count - 1)
    }

    func tupleValue(_ tuple: Int32, _ name: Int32) -> Value? {
        var place = tuples[Int(tuple)].bindings
        while place >= 0 {
            if tupleBindings[Int(place)].name == name { return tupleBindings[Int(place)].value }
            place = tupleBindings[Int(place)].next
        }
        return nil
    }

    /// The bindings of a tuple, the oldest first, without those that are hidden.
    func bindings(of tuple: Int32) -> [(name: Int32, value: Value)] {
        var found: [(name: Int32, value: Value)] = []
        var place = tuples[Int(tuple)].bindings
        while place >= 0 {
            let binding = tupleBindings[Int(place)]
            if !found.contains(where: { $0.name == binding.name }) {
                found.append((binding.name, binding.value))
            }
            place = binding.next
        }
        return found.reversed()
    }

    // MARK: Functions

    mutating func makeFunction(_ function: FunctionValue) -> Value {
        made.append(function)
        return .function(Int32(truncatingIfNeeded: made.count - 1))
    }

    /// The number of parameters, by which higher-order functions decide how many arguments to give.
    func arity(of value: Value) -> Int? {
        guard case .function(let function) = value else {
            if case .thunk = value { return 0 }
            return nil
        }
        if function < 0 { return functions.natives[Int(-1 - function)].arity }
        return switch made[Int(function)] {
        case .lambda(let node, _, _): Int(code.nodes[Int(node)].list.count)
        case .partial(let partial): partial.open.count
        case .closure(let closure, _): closure.arity
        case .regex: 2
        }
    }

    /// The regular expression that a value is.
    func regex(of value: Value) -> (regex: JSONataRegex, position: Int)? {
        guard case .function(let function) = value, function >= 0,
            case .regex(let regex, let position) = made[Int(function)]
        else { return nil }
        return (regex, position)
    }
}
