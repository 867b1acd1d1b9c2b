internal import JSON

/// What a value is, whether read or not.
enum ValueKind {
    case undefined
    case null
    case bool
    case number
    case string
    case array
    case object
    case function
}

/// One evaluation of an expression: the documents it reads, what it has used of its limits.
///
/// Follows the reference's evaluation step by step, so that sequences are flattened and unwrapped at
/// the same places.
final class Evaluator {
    let limits: EvaluationLimits
    let environment: EvaluationEnvironment
    private(set) var documents: [JSONDocument] = []
    private var depth = 0
    private var calls = 0
    private var steps = 0
    private var bytes = 0
    private let deadline: UInt64

    init(limits: EvaluationLimits, environment: EvaluationEnvironment) {
        self.limits = limits
        self.environment = environment
        deadline =
            environment.monotonicNanoseconds()
            &+ UInt64(max(0, limits.timeMilliseconds)) &* 1_000_000
    }

    // MARK: Limits

    private func enter() throws(JSONataError) {
        depth += 1
        steps += 1
        if depth > limits.depthMax || steps > limits.stepsMax {
            throw JSONataError("U1001", value: depth > limits.depthMax ? "depth" : "steps")
        }
        if steps & 0xFF == 0 { try checkTime() }
    }

    /// Counts a call that is under way: a built-in function that calls back from a tail call recurses
    /// without any node's being under evaluation.
    func enterCall() throws(JSONataError) {
        try step()
        calls += 1
        if calls > limits.depthMax { throw JSONataError("U1001", value: "depth") }
    }

    func leaveCall() { calls -= 1 }

    func checkTime() throws(JSONataError) {
        if environment.monotonicNanoseconds() > deadline {
            throw JSONataError("U1001", value: "time")
        }
    }

    /// Counts work done inside a built-in function.
    func step(_ count: Int = 1) throws(JSONataError) {
        let before = steps >> 8
        steps += count
        if steps > limits.stepsMax { throw JSONataError("U1001", value: "steps") }
        if steps >> 8 != before { try checkTime() }
    }

    /// Counts memory about to be taken.
    func allocate(_ count: Int) throws(JSONataError) {
        bytes &+= max(0, count)
        if bytes > limits.bytesAllocatedMax { throw JSONataError("U1003") }
    }

    /// Refuses work whose result would not fit, before it begins.
    func checkRoom(_ count: Int) throws(JSONataError) {
        if bytes &+ count > limits.bytesAllocatedMax { throw JSONataError("U1003") }
    }

    func checkString(_ bytes: Int) throws(JSONataError) {
        if bytes > limits.stringBytesMax { throw JSONataError("U1002") }
        try allocate(bytes)
    }

    // MARK: Reading values

    func add(_ document: JSONDocument) -> Int32 {
        if let place = documents.firstIndex(where: { $0 === document }) { return Int32(place) }
        documents.append(document)
        return Int32(documents.count - 1)
    }

    func kind(of value: Value) -> ValueKind {
        switch value {
        case .undefined, .lazy: .undefined
        case .null: .null
        case .bool: .bool
        case .number: .number
        case .string: .string
        case .array: .array
        case .object, .tuple: .object
        case .function: .function
        case .node(let document, let index):
            switch documents[Int(document)].kind(at: Int(index)) {
            case .null: .null
            case .bool: .bool
            case .number: .number
            case .string: .string
            case .array: .array
            case .object: .object
            }
        }
    }

    /// The value at a place of a document: literals read at once, anything else left.
    func value(_ document: Int32, _ index: Int) -> Value {
        let source = documents[Int(document)]
        switch source.kind(at: index) {
        case .null: return .null
        case .bool: return .bool(source.bool(at: index))
        default: return .node(document: document, index: Int32(truncatingIfNeeded: index))
        }
    }

    func number(of value: Value) -> Double? {
        switch value {
        case .number(let number): return number
        case .node(let document, let index):
            let source = documents[Int(document)]
            guard source.kind(at: Int(index)) == .number else { return nil }
            return source.double(at: Int(index))
        default: return nil
        }
    }

    func string(of value: Value) -> String? {
        switch value {
        case .string(let text): return text
        case .node(let document, let index):
            let source = documents[Int(document)]
            guard source.kind(at: Int(index)) == .string else { return nil }
            return source.string(at: Int(index))
        default: return nil
        }
    }

    func function(of value: Value) -> FunctionBox? {
        if case .function(let function) = value { return function }
        return nil
    }

    /// The items of an array, or nil when it is none.
    func items(of value: Value) -> [Value]? {
        switch value {
        case .array(let box): return box.items
        case .node(let document, let index):
            let source = documents[Int(document)]
            let start = Int(index)
            guard source.kind(at: start) == .array else { return nil }
            let count = source.count(of: start)
            var items: [Value] = []
            items.reserveCapacity(count)
            var entry = source.firstChild(of: start)
            for _ in 0..<count {
                items.append(self.value(document, entry))
                entry = source.next(after: entry)
            }
            return items
        default: return nil
        }
    }

    func isArray(_ value: Value) -> Bool { kind(of: value) == .array }

    /// The members of an object in ECMAScript's order, or nil when it is none.
    func members(of value: Value) throws(JSONataError) -> [(key: String, value: Value)]? {
        guard let box = objectBox(of: value) else { return nil }
        var members: [(key: String, value: Value)] = []
        members.reserveCapacity(box.count)
        for place in box.order { members.append((box.keys[place], try resolve(box, place))) }
        return members
    }

    /// An object read one level deep; an object made in memory as it is.
    func objectBox(of value: Value) -> ObjectBox? {
        switch value {
        case .object(let box): return box
        case .node(let document, let index):
            let source = documents[Int(document)]
            guard source.kind(at: Int(index)) == .object else { return nil }
            if source.hasPlainMembers(at: Int(index)) {
                return plainBox(source, document, Int(index))
            }
            let box = ObjectBox()
            var entry = source.firstChild(of: Int(index))
            for _ in 0..<source.count(of: Int(index)) {
                box.set(source.string(at: entry), self.value(document, entry + 1))
                entry = source.next(after: entry + 1)
            }
            return box
        case .tuple(let tuple):
            let box = ObjectBox()
            box.set("@", tuple.context)
            for (name, value) in tuple.bindings { box.set(name, value) }
            return box
        default: return nil
        }
    }

    func resolve(_ box: ObjectBox, _ place: Int) throws(JSONataError) -> Value {
        let value = box.values[place]
        guard case .lazy(let source, let member) = value else { return value }
        let made = source.value(Int(member), self)
        box.setValue(at: place, made)
        return made
    }

    /// The member `name` of an object, or undefined.
    func member(_ value: Value, _ name: String) throws(JSONataError) -> Value {
        switch value {
        case .object(let box):
            guard let place = box.place(of: name) else { return .undefined }
            return try resolve(box, place)
        case .node(let document, let index):
            let found = documents[Int(document)].member(of: Int(index), key: name)
            return found < 0 ? .undefined : self.value(document, found)
        case .tuple(let tuple):
            return name == "@"
                ? tuple.context : tuple.bindings.first { $0.name == name }?.value ?? .undefined
        default: return .undefined
        }
    }

    /// The member `name` of an object, or of every object in an array as a sequence.
    func lookup(_ value: Value, _ name: String) throws(JSONataError) -> Value {
        guard let items = items(of: value) else { return try member(value, name) }
        let result = ArrayBox([], isSequence: true)
        for item in items {
            try step()
            let found = try lookup(item, name)
            if let inner = self.items(of: found) {
                result.items.append(contentsOf: inner)
            } else if !found.isUndefined {
                result.items.append(found)
            }
        }
        try allocate(result.items.count * 24)
        return .array(result)
    }

    // MARK: Evaluation

    func evaluate(_ node: Node, _ input: Value, _ frame: Frame) throws(JSONataError) -> Value {
        try enter()
        var result = try evaluateKind(node, input, frame)
        if node.hasPlainResult {
            guard case .array = result else {
                depth -= 1
                return result
            }
        }
        for stage in node.predicates {
            if let predicate = stage.predicate { result = try filter(predicate, result, frame) }
        }
        if let group = node.group, node.kind != .path {
            result = try evaluateGroup(group, result, frame)
        }
        if case .array(let box) = result, box.isSequence, !box.isTupleStream {
            if node.keepArray { box.keepSingleton = true }
            if box.items.isEmpty {
                result = .undefined
            } else if box.items.count == 1, !box.keepSingleton {
                result = box.items[0]
            }
        }
        depth -= 1
        return result
    }

    private func evaluateKind(
        _ node: Node, _ input: Value, _ frame: Frame
    ) throws(JSONataError) -> Value {
        switch node.kind {
        case .path: return try evaluatePath(node, input, frame)
        case .binary: return try evaluateBinary(node, input, frame)
        case .negate: return try evaluateNegate(node, input, frame)
        case .arrayConstructor: return try evaluateArray(node, input, frame)
        case .objectConstructor: return try evaluateGroup(node, input, frame)
        case .name: return try lookup(input, node.text)
        case .literal: return node.literal
        case .wildcard: return try evaluateWildcard(input)
        case .descendant: return try evaluateDescendants(input)
        case .parent: return node.slot.map { frame.lookup($0.label) } ?? .undefined
        case .condition: return try evaluateCondition(node, input, frame)
        case .block:
            let inner = Frame(frame)
            var result = Value.undefined
            for part in node.nodes { result = try evaluate(part, input, inner) }
            return result
        case .bind:
            guard let name = node.lhs?.text, let source = node.rhs else { return .undefined }
            let value = try evaluate(source, input, frame)
            frame.bind(name, value)
            return value
        case .regex:
            guard let regex = node.regex else { return .undefined }
            return .function(FunctionBox(.regex(regex, position: node.position)))
        case .function: return try evaluateCall(node, input, frame, applied: nil)
        case .variable:
            if !node.text.isEmpty { return frame.lookup(node.text, standard: node.standard) }
            if case .array(let box) = input, box.isOuterWrapper {
                return box.items.first ?? .undefined
            }
            return input
        case .lambda: return evaluateLambda(node, input, frame)
        case .partial: return try evaluatePartial(node, input, frame)
        case .apply: return try evaluateApply(node, input, frame)
        case .transform: return evaluateTransform(node, frame)
        case .sort, .operatorToken, .end: return .undefined
        }
    }

    private func evaluateCondition(
        _ node: Node, _ input: Value, _ frame: Frame
    ) throws(JSONataError) -> Value {
        guard let test = node.lhs else { return .undefined }
        let value = try evaluate(test, input, frame)
        if let positive = node.rhs {
            if try truth(value) { return try evaluate(positive, input, frame) }
        } else if try node.text == "??" ? !value.isUndefined : truth(value) {
            // `a ?? c` and `a ?: c`: what was tested is the result.
            return value
        }
        guard let negative = node.third else { return .undefined }
        return try evaluate(negative, input, frame)
    }

    private func evaluateWildcard(_ input: Value) throws(JSONataError) -> Value {
        var source = input
        if case .array(let box) = input, box.isOuterWrapper, let first = box.items.first {
            source = first
        }
        let result = ArrayBox([], isSequence: true)
        var values: [Value] = []
        if let items = items(of: source) {
            values = items
            // Marks are members in the reference, and a wildcard finds them.
            if case .array(let box) = source {
                for mark in [box.isSequence, box.keepSingleton, box.isTupleStream] where mark {
                    values.append(.bool(true))
                }
            }
        } else if let members = try members(of: source) {
            values = members.map(\.value)
        }
        var isPlain = false
        for value in values {
            try step()
            if isArray(value) {
                // Appending an array makes a plain array of the results so far.
                try flatten(value, into: &result.items)
                isPlain = true
            } else {
                result.items.append(value)
            }
        }
        result.isSequence = !isPlain
        return .array(result)
    }

    private func flatten(_ value: Value, into result: inout [Value]) throws(JSONataError) {
        try step()
        guard let items = items(of: value) else {
            result.append(value)
            return
        }
        for item in items { try flatten(item, into: &result) }
    }

    private func evaluateDescendants(_ input: Value) throws(JSONataError) -> Value {
        guard !input.isUndefined else { return .undefined }
        if case .node(let document, let index) = input,
            let items = try descendants(document, Int(index))
        {
            try allocate(items.count * 24)
            return items.count == 1 ? items[0] : .array(ArrayBox(items, isSequence: true))
        }
        let result = ArrayBox([], isSequence: true)
        // A stack of its own: input may be nested more deeply than the thread's stack allows.
        var waiting = [input]
        while let value = waiting.popLast() {
            try step()
            if let items = items(of: value) {
                waiting.append(contentsOf: items.reversed())
            } else {
                result.items.append(value)
                if let members = try members(of: value) {
                    waiting.append(contentsOf: members.map(\.value).reversed())
                }
            }
        }
        try allocate(result.items.count * 24)
        return result.items.count == 1 ? result.items[0] : .array(result)
    }
}
