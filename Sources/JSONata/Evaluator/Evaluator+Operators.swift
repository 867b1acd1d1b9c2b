internal import JSON

internal import func Glibc.fmod

extension Evaluator {
    mutating func evaluateBinary(
        _ place: Int32, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        let node = code.nodes[Int(place)]
        guard node.lhs >= 0, node.rhs >= 0 else { return .undefined }
        let left = try evaluate(node.lhs, input, frame)
        if node.operation == .and || node.operation == .or {
            do throws(JSONataError) {
                if try truth(left) == (node.operation == .or) {
                    return .bool(node.operation == .or)
                }
                return .bool(try truth(try evaluate(node.rhs, input, frame)))
            } catch {
                throw located(error, place)
            }
        }
        let right = try evaluate(node.rhs, input, frame)
        do throws(JSONataError) {
            switch node.operation {
            case .add, .subtract, .multiply, .divide, .remainder:
                return try arithmetic(node.operation, left, right)
            case .equal: return .bool(try isEqual(left, right))
            case .unequal:
                if left.isUndefined || right.isUndefined { return .bool(false) }
                return .bool(!(try isEqual(left, right)))
            case .less, .lessOrEqual, .greater, .greaterOrEqual:
                return try compare(node.operation, left, right)
            case .concatenate: return try concatenate(left, right)
            case .range: return try range(left, right)
            case .includes: return .bool(try includes(left, right))
            case .none, .and, .or: return .undefined
            }
        } catch {
            throw located(error, place)
        }
    }

    private func located(_ error: JSONataError, _ place: Int32) -> JSONataError {
        let node = code.nodes[Int(place)]
        var located = error
        located.position = Int(node.position)
        located.token = code.token(node)
        return located
    }

    private func arithmetic(
        _ operation: Code.Operation, _ left: Value, _ right: Value
    ) throws(JSONataError) -> Value {
        let a = try operand(left, "T2001")
        let b = try operand(right, "T2002")
        guard let a, let b else { return .undefined }
        switch operation {
        case .add: return .number(a + b)
        case .subtract: return .number(a - b)
        case .multiply: return .number(a * b)
        case .divide: return .number(a / b)
        default: return .number(fmod(a, b))
        }
    }

    /// A number, nil when missing.
    private func operand(_ value: Value, _ code: String) throws(JSONataError) -> Double? {
        if value.isUndefined { return nil }
        guard let number = number(of: value), !number.isNaN else {
            throw JSONataError(code, value: plainText(value))
        }
        return try finite(number)
    }

    /// A literal's text, for error messages.
    func plainText(_ value: Value) -> String {
        switch value {
        case .undefined: "undefined"
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .number(let number): ScriptNumber.string(number)
        case .string(let range): string(range)
        default: "value"
        }
    }

    mutating func evaluateNegate(
        _ place: Int32, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        let node = code.nodes[Int(place)]
        guard node.lhs >= 0 else { return .undefined }
        let value = try evaluate(node.lhs, input, frame)
        if value.isUndefined { return .undefined }
        guard let number = number(of: value), !number.isNaN else {
            throw JSONataError("D1002", position: Int(node.position), token: "-")
        }
        return .number(-(try finite(number)))
    }

    private mutating func compare(
        _ operation: Code.Operation, _ left: Value, _ right: Value
    ) throws(JSONataError) -> Value {
        try checkComparable(left)
        try checkComparable(right)
        if left.isUndefined || right.isUndefined { return .undefined }
        if let a = number(of: left), let b = number(of: right) {
            switch operation {
            case .less: return .bool(a < b)
            case .lessOrEqual: return .bool(a <= b)
            case .greater: return .bool(a > b)
            default: return .bool(a >= b)
            }
        }
        guard let a = textRange(of: left), let b = textRange(of: right) else {
            throw JSONataError("T2009", value: plainText(left))
        }
        let order = compare(a, b)
        switch operation {
        case .less: return .bool(order < 0)
        case .lessOrEqual: return .bool(order <= 0)
        case .greater: return .bool(order > 0)
        default: return .bool(order >= 0)
        }
    }

    private func checkComparable(_ value: Value) throws(JSONataError) {
        switch kind(of: value) {
        case .undefined, .number, .string: break
        default: throw JSONataError("T2010", value: plainText(value))
        }
    }

    /// Deep equality: arrays by place, objects by key, strings by code unit, functions by identity.
    mutating func isEqual(_ left: Value, _ right: Value) throws(JSONataError) -> Bool {
        try step()
        if case .string(let a) = left, case .string(let b) = right { return isEqual(a, b) }
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
            guard let a = textRange(of: left), let b = textRange(of: right) else { return false }
            return isEqual(a, b)
        case .function:
            if case .function(let a) = left, case .function(let b) = right { return a == b }
            return false
        case .array:
            guard var a = cursor(of: left), var b = cursor(of: right), a.left == b.left else {
                return false
            }
            while let x = next(&a), let y = next(&b) {
                guard try isEqual(x, y) else { return false }
            }
            return true
        case .object:
            guard let a = try object(of: left), let b = try object(of: right),
                objects[Int(a)].count == objects[Int(b)].count
            else { return false }
            for place in 0..<objects[Int(a)].count {
                guard let other = self.place(of: key(a, place), in: b) else { return false }
                let value = try resolve(b, other)
                if value.isUndefined { return false }
                guard try isEqual(try resolve(a, place), value) else { return false }
            }
            return true
        }
    }

    /// `in` compares as ECMAScript's `===`: containers only with themselves.
    private mutating func includes(_ left: Value, _ right: Value) throws(JSONataError) -> Bool {
        if left.isUndefined || right.isUndefined { return false }
        var items = cursorOrSingle(right)
        while let item = next(&items) {
            if isContainer(item) || isContainer(left) {
                if isIdentical(item, left) { return true }
            } else if try isEqual(item, left) {
                return true
            }
        }
        return false
    }

    private func isContainer(_ value: Value) -> Bool {
        let kind = kind(of: value)
        return kind == .array || kind == .object
    }

    private func isIdentical(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        case (.node(let d1, let i1), .node(let d2, let i2)): d1 == d2 && i1 == i2
        default: false
        }
    }

    /// A text whose halves of surrogate pairs that have met are characters again.
    mutating func joinedPairs(_ range: TextRange) -> Value {
        let hasHalves = withText(range) { bytes in
            bytes.indices.contains { bytes[$0] == 0xF4 }
        }
        return hasHalves ? makeString(Text.recombined(string(range))) : .string(range)
    }

    private mutating func concatenate(
        _ left: Value, _ right: Value
    ) throws(JSONataError) -> Value {
        let empty = TextRange(TextRange.own, 0..<0)
        let a = left.isUndefined ? empty : try textOf(left)
        let b = right.isUndefined ? empty : try textOf(right)
        try checkString(Int(a.count) + Int(b.count))
        // 0xF4 begins what stands for half of a surrogate pair.
        if b.count > 0, withText(b, { $0[0] == 0xF4 }) {
            return makeString(Text.recombined(string(a) + string(b)))
        }
        if a.source == TextRange.own, a.range.upperBound == text.count {
            // What was made last grows: a chain of `&` copies each part once.
            appendText(b)
            return .string(TextRange(TextRange.own, a.range.lowerBound..<text.count))
        }
        let start = text.count
        appendText(a)
        appendText(b)
        return .string(TextRange(TextRange.own, start..<text.count))
    }

    private mutating func range(_ left: Value, _ right: Value) throws(JSONataError) -> Value {
        let a = try bound(left, "T2003")
        let b = try bound(right, "T2004")
        guard let a, let b, a <= b else { return .undefined }
        let size = b - a + 1
        if size > 1e7 { throw JSONataError("D2014", value: ScriptNumber.string(size)) }
        let count = Int(size)
        if count > limits.sequenceLengthMax { throw JSONataError("D2015") }
        if count > 16, a.magnitude < 9e15, b.magnitude < 9e15 {
            // Long ranges are mostly walked through once, or only counted.
            arrays.append(ArrayHeader(start: Int(a), count: count, flags: [.isSequence, .isRange]))
            return .array(Int32(truncatingIfNeeded: arrays.count - 1))
        }
        try step(count / 16)
        try allocate(count * 24)
        let start = cells.count
        for offset in 0..<count { cells.append(.number(a + Double(offset))) }
        return makeArray(start, .isSequence)
    }

    private func bound(_ value: Value, _ code: String) throws(JSONataError) -> Double? {
        if value.isUndefined { return nil }
        guard let number = number(of: value), number.isFinite, number.rounded() == number else {
            throw JSONataError(code, value: plainText(value))
        }
        return number
    }

    /// The boolean that `$boolean` gives; a missing value is false.
    mutating func truth(_ value: Value) throws(JSONataError) -> Bool {
        switch value {
        case .bool(let flag): return flag
        case .undefined, .null, .function, .thunk, .lazy: return false
        case .number(let number): return try finite(number) != 0 && !number.isNaN
        case .string(let range): return range.count > 0
        case .array, .node, .object, .tuple: break
        }
        if let number = number(of: value) { return try finite(number) != 0 && !number.isNaN }
        if var items = cursor(of: value) {
            if items.left == 1, let only = next(&items) { return try truth(only) }
            var any = false
            while let item = next(&items) {
                if try truth(item) { any = true }
            }
            return any
        }
        if let text = textRange(of: value) { return text.count > 0 }
        switch value {
        case .object(let object): return objects[Int(object)].count > 0
        case .node(let document, let index):
            return documents[document].count(of: Int(index)) > 0
        default: return true
        }
    }
}
