internal import JSON
internal import Synchronization

/// One evaluation of an expression: its memory, the documents it reads, what it has used of its limits.
///
/// Follows the reference's evaluation step by step, so that sequences are flattened and unwrapped at
/// the same places. Values name places in the arrays below; nothing is given back before the
/// evaluation ends, which `EvaluationLimits.bytesAllocatedMax` bounds.
struct Evaluator: ~Copyable {
    /// Never used. An atomic lies at an address of its own, and so does what holds one: without it every
    /// call of a method that changes nothing would copy all of this onto the stack first.
    private let address = Atomic<Bool>(false)
    var limits = EvaluationLimits()
    var environment = EvaluationEnvironment()
    let functions: FunctionTable
    var code: Code
    var documents = DocumentTable()

    // MARK: Memory

    /// UTF-8 of texts that were made.
    var text = Arena<UInt8>()
    /// Memory for the text of a result.
    var spareOutput: Arena<UInt8>? = Arena()
    /// Items of arrays, keys and values of objects.
    var cells = Arena<Value>()
    var arrays = Arena<ArrayHeader>()
    var objects = Arena<ObjectHeader>()
    var tuples = Arena<TupleHeader>()
    var tupleBindings = Arena<Binding>()
    var made: ContiguousArray<FunctionValue> = []
    var frames = Arena<Frame>()
    var bindings = Arena<Binding>()
    var thunks = Arena<Thunk>()
    /// The oldest frame in which a variable was bound since the last `markFrames`.
    var oldestBound = Int32.max
    /// Values on their way: items of an array that is being made, arguments of calls.
    var stack = Arena<Value>()
    /// Indexes of the keys of large objects.
    var indexes: ContiguousArray<[JSON.CodeUnits: Int]> = []
    /// Arrays of documents that were laid out in cells.
    var laidOut: [UInt64: Int32] = [:]
    var input = LazyInput()
    /// Variables were given with the input, by whatever names.
    var hasBindings = false
    /// Pictures of dates that are written out in the expression, kept for the next evaluation too.
    var datePictures: [(place: UInt32, picture: DatePicture)] = []

    // MARK: Limits

    private var depth = 0
    private var calls = 0
    private var steps = 0
    private var bytes = 0
    /// Bytes of results that were made.
    var resultBytes = 0
    private var deadline: UInt64 = 0

    init(code: Code, functions: FunctionTable) {
        self.code = code
        self.functions = functions
    }

    /// Begins to count.
    mutating func startLimits() {
        (depth, calls, steps, bytes) = (0, 0, 0, 0)
        resultBytes = 0
        deadline =
            environment.monotonicNanoseconds()
            &+ UInt64(max(0, limits.timeMilliseconds)) &* 1_000_000
    }

    @inline(__always) private mutating func enter() throws(JSONataError) {
        depth &+= 1
        steps &+= 1
        if depth > limits.depthMax || steps > limits.stepsMax {
            throw JSONataError("U1001", value: depth > limits.depthMax ? "depth" : "steps")
        }
        if steps & 0xFF == 0 { try checkTime() }
    }

    /// Counts a call that is under way: a built-in function that calls back from a tail call recurses
    /// without any node's being under evaluation.
    mutating func enterCall() throws(JSONataError) {
        try step()
        calls += 1
        if calls > limits.depthMax { throw JSONataError("U1001", value: "depth") }
    }

    mutating func leaveCall() { calls -= 1 }

    func checkTime() throws(JSONataError) {
        if environment.monotonicNanoseconds() > deadline {
            throw JSONataError("U1001", value: "time")
        }
    }

    /// Counts work done inside a built-in function.
    mutating func step(_ count: Int = 1) throws(JSONataError) {
        let before = steps >> 8
        steps &+= count
        if steps > limits.stepsMax { throw JSONataError("U1001", value: "steps") }
        if steps >> 8 != before { try checkTime() }
    }

    /// Counts memory about to be taken.
    mutating func allocate(_ count: Int) throws(JSONataError) {
        bytes &+= max(0, count)
        if bytes > limits.bytesAllocatedMax { throw JSONataError("U1003") }
    }

    /// Refuses work whose result would not fit, before it begins.
    func checkRoom(_ count: Int) throws(JSONataError) {
        if bytes &+ count > limits.bytesAllocatedMax { throw JSONataError("U1003") }
    }

    mutating func checkString(_ bytes: Int) throws(JSONataError) {
        if bytes > limits.stringBytesMax { throw JSONataError("U1002") }
        try allocate(bytes)
    }

    // MARK: Evaluation

    mutating func evaluate(
        _ place: Int32, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        try enter()
        let flags = code.nodes[Int(place)].flags
        var result = try evaluateKind(place, input, frame)
        if flags.contains(.hasPlainResult) {
            guard case .array = result else {
                depth &-= 1
                return result
            }
        } else {
            result = try finish(place, result, frame)
        }
        if case .array(let array) = result {
            let header = arrays[Int(array)]
            if header.flags.contains(.isSequence), !header.flags.contains(.isTupleStream) {
                if flags.contains(.keepArray) {
                    arrays[Int(array)].flags.insert(.keepSingleton)
                }
                if header.count == 0 {
                    result = .undefined
                } else if header.count == 1, !flags.contains(.keepArray),
                    !header.flags.contains(.keepSingleton)
                {
                    result = cells[header.start]
                }
            }
        }
        depth &-= 1
        return result
    }

    /// Applies predicates and the grouping to the result of a node that is no step of a path.
    private mutating func finish(
        _ place: Int32, _ value: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        let node = code.nodes[Int(place)]
        let (predicates, group) = (
            code.details[Int(node.detail)].predicates, code.details[Int(node.detail)].group
        )
        var result = value
        for stage in predicates.range where code.stages[stage].predicate >= 0 {
            result = try filter(code.stages[stage].predicate, result, frame)
        }
        if group >= 0, node.kind != .path { result = try evaluateGroup(group, result, frame) }
        return result
    }

    @inline(__always) private mutating func evaluateKind(
        _ place: Int32, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        switch code.nodes[Int(place)].kind {
        case .path: return try evaluatePath(place, input, frame)
        case .literal: return code.nodes[Int(place)].literal
        case .variable: return variable(place, input, frame)
        case .binary: return try evaluateBinary(place, input, frame)
        case .function: return try evaluateCall(place, input, frame, applied: nil)
        case .condition: return try evaluateCondition(place, input, frame)
        case .objectConstructor: return try evaluateGroup(place, input, frame)
        case .name: return try lookup(input, code.nodes[Int(place)].literal)
        case .negate: return try evaluateNegate(place, input, frame)
        case .arrayConstructor: return try evaluateArray(place, input, frame)
        case .wildcard: return try evaluateWildcard(input)
        case .descendant: return try evaluateDescendants(place, input)
        case .parent:
            let slot = code.details[Int(code.nodes[Int(place)].detail)].slot
            return lookupVariable(slot, frame) ?? .undefined
        case .block: return try evaluateBlock(place, input, frame)
        case .bind:
            let node = code.nodes[Int(place)]
            guard node.lhs >= 0, node.rhs >= 0 else { return .undefined }
            let value = try evaluate(node.rhs, input, frame)
            bind(code.nodes[Int(node.lhs)].name, value, frame)
            return value
        case .regex: return evaluateRegex(place)
        case .lambda: return evaluateLambda(place, input, frame)
        case .partial: return try evaluatePartial(place, input, frame)
        case .apply: return try evaluateApply(place, input, frame)
        case .transform: return evaluateTransform(place, frame)
        case .sort, .operatorToken, .end: return .undefined
        }
    }

    private mutating func evaluateBlock(
        _ place: Int32, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        let marks = markFrames()
        let inner = makeFrame(frame)
        var result = Value.undefined
        for entry in code.nodes[Int(place)].list.range {
            result = try evaluate(code.lists[entry], input, inner)
        }
        releaseFrames(to: marks)
        return result
    }

    private mutating func evaluateRegex(_ place: Int32) -> Value {
        let node = code.nodes[Int(place)]
        guard let regex = code.details[Int(node.detail)].regex else { return .undefined }
        return makeFunction(.regex(regex, position: Int(node.position)))
    }

    private mutating func evaluateCondition(
        _ place: Int32, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        let node = code.nodes[Int(place)]
        guard node.lhs >= 0 else { return .undefined }
        let value = try evaluate(node.lhs, input, frame)
        if node.rhs >= 0 {
            if try truth(value) { return try evaluate(node.rhs, input, frame) }
        } else if try node.flags.contains(.asksExistence) ? !value.isUndefined : truth(value) {
            // `a ?? c` and `a ?: c`: what was tested is the result.
            return value
        }
        return node.third < 0 ? .undefined : try evaluate(node.third, input, frame)
    }

    func variable(_ place: Int32, _ input: Value, _ frame: Int32) -> Value {
        let node = code.nodes[Int(place)]
        if node.name >= 0 {
            if node.flags.contains(.isFree), !hasBindings { return node.literal }
            return lookupVariable(node.name, frame) ?? node.literal
        }
        if case .array(let array) = input {
            let header = arrays[Int(array)]
            if header.flags.contains(.isOuterWrapper) {
                return header.count > 0 ? cells[header.start] : .undefined
            }
        }
        return input
    }

    private mutating func evaluateWildcard(_ input: Value) throws(JSONataError) -> Value {
        var source = input
        if case .array(let array) = input {
            let header = arrays[Int(array)]
            if header.flags.contains(.isOuterWrapper), header.count > 0 {
                source = cells[header.start]
            }
        }
        let base = stack.count
        var isPlain = false
        var values = cursor(of: source)
        if values == nil, let object = try object(of: source) {
            let start = cells.count
            for member in order(of: object) {
                cells.append(try resolve(object, member))
            }
            values = Cursor(document: Cursor.cells, place: start, left: cells.count - start)
        }
        while var rest = values, let value = next(&rest) {
            values = rest
            try step()
            if isArray(value) {
                // Appending an array makes a plain array of the results so far.
                try flatten(value)
                isPlain = true
            } else {
                stack.append(value)
            }
        }
        // Marks are members in the reference, and a wildcard finds them.
        let flags = flags(of: source)
        for mark: ArrayHeader.Flags in [.isSequence, .keepSingleton, .isTupleStream]
        where flags.contains(mark) {
            stack.append(.bool(true))
        }
        return takeArray(from: base, isPlain ? [] : .isSequence)
    }

    /// Pushes the value, or what an array holds, arrays within it included.
    private mutating func flatten(_ value: Value) throws(JSONataError) {
        try step()
        guard var items = cursor(of: value) else { return stack.append(value) }
        while let item = next(&items) { try flatten(item) }
    }
}
