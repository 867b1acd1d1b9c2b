internal import JSON

internal import func Glibc.fmod

extension Evaluator {
    func evaluateBinary(
        _ node: Node, _ input: Value, _ frame: Frame
    ) throws(JSONataError) -> Value {
        guard let first = node.lhs, let second = node.rhs else { return .undefined }
        let left = try evaluate(first, input, frame)
        if node.text == "and" || node.text == "or" {
            do throws(JSONataError) {
                if try truth(left) == (node.text == "or") { return .bool(node.text == "or") }
                return .bool(try truth(try evaluate(second, input, frame)))
            } catch {
                throw located(error, node)
            }
        }
        let right = try evaluate(second, input, frame)
        do throws(JSONataError) {
            switch node.text {
            case "+", "-", "*", "/", "%": return try arithmetic(node.text, left, right)
            case "=": return .bool(try isEqual(left, right))
            case "!=":
                if left.isUndefined || right.isUndefined { return .bool(false) }
                return .bool(!(try isEqual(left, right)))
            case "<", "<=", ">", ">=": return try compare(node.text, left, right)
            case "&": return try concatenate(left, right)
            case "..": return try range(left, right)
            case "in": return .bool(try includes(left, right))
            default: return .undefined
            }
        } catch {
            throw located(error, node)
        }
    }

    private func located(_ error: JSONataError, _ node: Node) -> JSONataError {
        var located = error
        located.position = node.position
        located.token = node.text
        return located
    }

    private func arithmetic(
        _ sign: String, _ left: Value, _ right: Value
    ) throws(JSONataError) -> Value {
        let a = try operand(left, "T2001")
        let b = try operand(right, "T2002")
        guard let a, let b else { return .undefined }
        switch sign {
        case "+": return .number(a + b)
        case "-": return .number(a - b)
        case "*": return .number(a * b)
        case "/": return .number(a / b)
        default: return .number(fmod(a, b))
        }
    }

    /// A number, nil when missing.
    private func operand(_ value: Value, _ code: String) throws(JSONataError) -> Double? {
        if value.isUndefined { return nil }
        guard let number = number(of: value), !number.isNaN else {
            throw JSONataError(code, value: value.plainText)
        }
        return try finite(number)
    }

    func evaluateNegate(
        _ node: Node, _ input: Value, _ frame: Frame
    ) throws(JSONataError) -> Value {
        guard let operand = node.lhs else { return .undefined }
        let value = try evaluate(operand, input, frame)
        if value.isUndefined { return .undefined }
        guard let number = number(of: value), !number.isNaN else {
            throw JSONataError("D1002", position: node.position, token: "-")
        }
        return .number(-(try finite(number)))
    }

    private func compare(
        _ sign: String, _ left: Value, _ right: Value
    ) throws(JSONataError) -> Value {
        for value in [left, right] {
            switch kind(of: value) {
            case .undefined, .number, .string: break
            default: throw JSONataError("T2010", value: value.plainText)
            }
        }
        if left.isUndefined || right.isUndefined { return .undefined }
        if let a = number(of: left), let b = number(of: right) {
            switch sign {
            case "<": return .bool(a < b)
            case "<=": return .bool(a <= b)
            case ">": return .bool(a > b)
            default: return .bool(a >= b)
            }
        }
        guard let a = string(of: left), let b = string(of: right) else {
            throw JSONataError("T2009", value: left.plainText)
        }
        switch sign {
        case "<": return .bool(Text.precedes(a, b))
        case "<=": return .bool(!Text.precedes(b, a))
        case ">": return .bool(Text.precedes(b, a))
        default: return .bool(!Text.precedes(a, b))
        }
    }

    /// Deep equality: arrays by place, objects by key, strings by code unit, functions by identity.
    func isEqual(_ left: Value, _ right: Value) throws(JSONataError) -> Bool {
        try step()
        let kind = kind(of: left)
        guard kind == self.kind(of: right) else { return false }
        switch kind {
        case .undefined: return false
        case .null: return true
        case .bool:
            if case .bool(let a) = left, case .bool(let b) = right { return a == b }
            return false
        case .number: return number(of: left) == number(of: right)
        case .string:
            if case .node(let document, let index) = left, case .string(let text) = right,
                let isEqual = documents[Int(document)].isPlainString(at: Int(index), equalTo: text)
            {
                return isEqual
            }
            return (string(of: left) ?? "").hasSameCodeUnits(as: string(of: right) ?? "")
        case .function: return function(of: left) === function(of: right)
        case .array:
            guard let a = items(of: left), let b = items(of: right), a.count == b.count else {
                return false
            }
            for (x, y) in zip(a, b) where !(try isEqual(x, y)) { return false }
            return true
        case .object:
            guard let a = try members(of: left), let b = objectBox(of: right), a.count == b.count
            else { return false }
            for (key, value) in a {
                let other = try member(.object(b), key)
                if other.isUndefined { return false }
                guard try isEqual(value, other) else { return false }
            }
            return true
        }
    }

    /// `in` compares as ECMAScript's `===`: containers only with themselves.
    private func includes(_ left: Value, _ right: Value) throws(JSONataError) -> Bool {
        if left.isUndefined || right.isUndefined { return false }
        let isContainer = { (value: Value) in
            let kind = self.kind(of: value)
            return kind == .array || kind == .object
        }
        for item in items(of: right) ?? [right] {
            if isContainer(item) || isContainer(left) {
                if isIdentical(item, left) { return true }
            } else if try isEqual(item, left) {
                return true
            }
        }
        return false
    }

    private func isIdentical(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.array(let a), .array(let b)): a === b
        case (.object(let a), .object(let b)): a === b
        case (.node(let d1, let i1), .node(let d2, let i2)): d1 == d2 && i1 == i2
        default: false
        }
    }

    private func concatenate(_ left: Value, _ right: Value) throws(JSONataError) -> Value {
        let a = left.isUndefined ? "" : try text(of: left)
        let b = right.isUndefined ? "" : try text(of: right)
        try checkString(a.utf8.count + b.utf8.count)
        return .string(a + b)
    }

    private func range(_ left: Value, _ right: Value) throws(JSONataError) -> Value {
        let a = try bound(left, "T2003")
        let b = try bound(right, "T2004")
        guard let a, let b, a <= b else { return .undefined }
        let size = b - a + 1
        if size > 1e7 { throw JSONataError("D2014", value: ScriptNumber.string(size)) }
        let count = Int(size)
        if count > limits.sequenceLengthMax { throw JSONataError("D2015") }
        try step(count / 16)
        try allocate(count * 24)
        var items: [Value] = []
        items.reserveCapacity(count)
        for offset in 0..<count { items.append(.number(a + Double(offset))) }
        return .array(ArrayBox(items, isSequence: true))
    }

    private func bound(_ value: Value, _ code: String) throws(JSONataError) -> Double? {
        if value.isUndefined { return nil }
        guard let number = number(of: value), number.isFinite, number.rounded() == number else {
            throw JSONataError(code, value: value.plainText)
        }
        return number
    }

    /// The boolean that `$boolean` gives; a missing value is false.
    func truth(_ value: Value) throws(JSONataError) -> Bool {
        switch kind(of: value) {
        case .undefined, .null, .function: return false
        case .bool:
            if case .bool(let flag) = value { return flag }
            return false
        case .number:
            let number = try finite(number(of: value) ?? 0)
            return number != 0 && !number.isNaN
        case .string: return !(string(of: value) ?? "").isEmpty
        case .array:
            guard let items = items(of: value) else { return false }
            if items.count == 1 { return try truth(items[0]) }
            var any = false
            for item in items where try truth(item) { any = true }
            return any
        case .object: return (objectBox(of: value)?.count ?? 0) > 0
        }
    }

    // MARK: Constructors

    func evaluateArray(
        _ node: Node, _ input: Value, _ frame: Frame
    ) throws(JSONataError) -> Value {
        // Like the reference's `append`: the first array appended to nothing keeps its flags out.
        let result = ArrayBox([])
        for item in node.nodes {
            let value = try evaluate(item, input, frame)
            if value.isUndefined { continue }
            if item.kind == .arrayConstructor {
                result.items.append(value)
            } else if let items = items(of: value) {
                result.items.append(contentsOf: items)
            } else {
                result.items.append(value)
            }
        }
        try checkSequence(result.items.count)
        result.isCons = node.isConsArray
        return try made(.array(result))
    }

    /// An object constructor; over several items, values with equal keys are grouped.
    func evaluateGroup(
        _ node: Node, _ input: Value, _ frame: Frame
    ) throws(JSONataError) -> Value {
        if let keys = node.literalKeys, !isArray(input) {
            return try evaluateObject(keys, node, input, frame)
        }
        var isTuples = false
        if case .array(let box) = input { isTuples = box.isTupleStream }
        var items = input.isUndefined ? [.undefined] : self.items(of: input) ?? [input]
        if items.isEmpty, !isTuples { items = [.undefined] }
        var keys: [String] = []
        var groups: [JSON.CodeUnits: (data: [Value], pair: Int)] = [:]
        let order = ObjectBox()
        for item in items {
            let inner = isTuples ? self.frame(frame, with: item) : frame
            var context = item
            if isTuples, case .tuple(let tuple) = item { context = tuple.context }
            for (place, pair) in node.pairs.enumerated() {
                let value = try evaluate(pair.key, context, inner)
                if value.isUndefined { continue }
                guard let key = string(of: value) else {
                    throw JSONataError("T1003", position: node.position, value: value.plainText)
                }
                if key == "_jsonata_lambda" || key == "_jsonata_function" {
                    throw JSONataError("D1013", position: node.position, value: key)
                }
                let name = JSON.CodeUnits(key)
                if var entry = groups[name] {
                    guard entry.pair == place else {
                        throw JSONataError("D1009", position: node.position, value: key)
                    }
                    if isTuples {
                        entry.data.append(item)
                    } else if let inner = self.items(of: item) {
                        entry.data.append(contentsOf: inner)
                    } else if !item.isUndefined {
                        entry.data.append(item)
                    }
                    groups[name] = entry
                } else {
                    groups[name] = ([item], place)
                    keys.append(key)
                    order.set(key, .null)
                }
            }
        }
        let result = ObjectBox()
        for place in order.order {
            let key = order.keys[place]
            guard let entry = groups[JSON.CodeUnits(key)] else { continue }
            let value = try evaluateGroupValue(
                node.pairs[entry.pair].value, entry.data, isTuples, frame)
            if !value.isUndefined { result.set(key, value) }
        }
        try allocate(result.count * 64)
        return try made(.object(result))
    }

    /// An object constructor with written-out keys over one item: nothing is to be grouped.
    private func evaluateObject(
        _ names: [String], _ node: Node, _ input: Value, _ frame: Frame
    ) throws(JSONataError) -> Value {
        var keys: [String] = []
        var values: [Value] = []
        keys.reserveCapacity(names.count)
        values.reserveCapacity(names.count)
        for (place, name) in names.enumerated() {
            let value = try evaluate(node.pairs[place].value, input, frame)
            if value.isUndefined { continue }
            keys.append(name)
            values.append(value)
        }
        try allocate(keys.count * 64)
        return try made(.object(ObjectBox(plain: keys, values)))
    }

    private func evaluateGroupValue(
        _ node: Node, _ data: [Value], _ isTuples: Bool, _ frame: Frame
    ) throws(JSONataError) -> Value {
        guard isTuples else {
            if data.count == 1 { return try evaluate(node, data[0], frame) }
            return try evaluate(node, .array(ArrayBox(data)), frame)
        }
        let merged = mergeTuples(data)
        if data.count == 1, case .tuple(let tuple) = data[0] {
            // The reference takes the context out of the tuple itself: a group made by another pair of the
            // same tuple is left without one.
            tuple.context = .undefined
        }
        let inner = Frame(frame)
        for (name, value) in merged.bindings { inner.bind(name, value) }
        return try evaluate(node, merged.context, inner)
    }

    /// One tuple whose members hold the values of all.
    private func mergeTuples(_ data: [Value]) -> TupleBox {
        var tuples: [TupleBox] = []
        for case .tuple(let tuple) in data { tuples.append(tuple) }
        guard let first = tuples.first else { return TupleBox(context: .undefined) }
        let result = TupleBox(context: first.context, bindings: first.bindings)
        for tuple in tuples.dropFirst() {
            result.context = appended(result.context, tuple.context)
            for (name, value) in tuple.bindings {
                let before = result.bindings.first { $0.name == name }?.value ?? .undefined
                result.bind(name, appended(before, value))
            }
        }
        return result
    }

    /// `$append`: both as arrays, one after the other; a missing one leaves the other as it is.
    func appended(_ left: Value, _ right: Value) -> Value {
        if left.isUndefined { return right }
        if right.isUndefined { return left }
        return .array(
            ArrayBox((items(of: left) ?? [left]) + (items(of: right) ?? [right])))
    }
}
