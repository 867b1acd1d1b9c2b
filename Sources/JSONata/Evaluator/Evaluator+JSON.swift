internal import JSON

/// Values from JSON, and results as JSON.
extension Evaluator {
    /// A JSON value for evaluation; parts of documents stay unread.
    mutating func value(_ json: JSONValue) -> Value {
        switch json {
        case .null: return .null
        case .bool(let flag): return .bool(flag)
        case .number(let number): return .number(number.double)
        case .string(let text): return makeString(text)
        case .array(let elements):
            let base = stack.count
            for element in elements {
                let made = value(element)
                stack.append(made)
            }
            return takeArray(from: base)
        case .object(let members):
            let object = makeObject(capacity: members.count)
            for (key, member) in members {
                if Self.arrayIndex(key.utf8) != nil { objects[Int(object)].hasIndexKeys = true }
                let key = makeText(key)
                append(object, key, value(member))
            }
            return .object(object)
        case .node(let node):
            let document = add(node.document)
            return value(document, node.index)
        }
    }

    /// A result as JSON, nil for undefined. Functions inside become empty strings, as `$string` has it.
    ///
    /// Counted against the limits: parts that a value shares are written as often as they are there, so
    /// that a small one may be a huge text.
    ///
    /// - Throws: U1001 or U1003.
    mutating func json(_ value: Value) throws(JSONataError) -> JSONValue? {
        switch value {
        case .undefined: return nil
        case .lazy(let member): return try json(lazyValue(member))
        case .null: return .null
        case .bool(let flag): return .bool(flag)
        case .number(let number): return .number(JSONNumber(number))
        case .string(let range):
            try countResult(Int(range.count))
            return .string(string(range))
        case .function, .thunk: return .string("")
        case .node(let document, let index):
            try countResult(documents[document].rawRange(at: Int(index)).count)
            return documents.node(document, index).map(JSONValue.node)
        case .array:
            guard var items = cursor(of: value) else { return nil }
            var elements: [JSONValue] = []
            elements.reserveCapacity(items.left)
            while let item = next(&items) {
                try countResult(MemoryLayout<JSONValue>.stride)
                elements.append(try json(item) ?? .null)
            }
            return .array(elements)
        case .object(let object): return .object(try members(of: object))
        case .tuple:
            guard let object = try self.object(of: value) else { return nil }
            return .object(try members(of: object))
        }
    }

    /// Counts a part of a result and its bytes.
    private mutating func countResult(_ bytes: Int) throws(JSONataError) {
        try step()
        resultBytes += bytes
        if resultBytes > limits.bytesAllocatedMax { throw JSONataError("U1003") }
    }

    /// Members of an object have different keys already.
    private mutating func members(of object: Int32) throws(JSONataError) -> JSONObject {
        var members: [JSONObject.Member] = []
        members.reserveCapacity(objects[Int(object)].count)
        for place in order(of: object) {
            let cell = objects[Int(object)].start + 2 * place + 1
            try countResult(MemoryLayout<JSONObject.Member>.stride)
            if let made = try json(cells[cell]) {
                members.append((string(key(object, place)), made))
            }
        }
        return JSONObject(distinct: members)
    }

    /// A result as JSON text, nil for undefined.
    ///
    /// - Throws: U1001 or U1003, as `json`.
    mutating func serialized(_ value: Value) throws(JSONataError) -> [UInt8]? {
        if value.isUndefined { return nil }
        // Not a part of the evaluator meanwhile, so that what is read there may be written here.
        var output = spareOutput.take() ?? Arena()
        output.truncate(to: 0)
        try write(value, to: &output)
        let bytes = output.array(0..<output.count)
        spareOutput = consume output
        return bytes
    }

    private mutating func write(
        _ value: Value, to output: inout Arena<UInt8>
    ) throws(JSONataError) {
        try step()
        if output.count > limits.bytesAllocatedMax { throw JSONataError("U1003") }
        switch value {
        case .undefined, .null: output.append(ascii: "null")
        case .lazy(let member): try write(lazyValue(member), to: &output)
        case .bool(let flag): output.append(ascii: flag ? "true" : "false")
        case .number(let number):
            if number.isFinite {
                output.append(number: number)
            } else {
                output.append(ascii: "null")
            }
        case .string(let range): write(range, to: &output)
        case .function, .thunk: output.append(ascii: "\"\"")
        case .node(let document, let index):
            let source = documents[document]
            source.withBytes(source.rawRange(at: Int(index))) { output.append($0) }
        case .array:
            guard var items = cursor(of: value) else { return }
            output.append(UInt8(ascii: "["))
            var isFirst = true
            while let item = next(&items) {
                if !isFirst { output.append(UInt8(ascii: ",")) }
                isFirst = false
                try write(item, to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let object): try writeMembers(of: object, to: &output)
        case .tuple:
            if let object = try self.object(of: value) { try writeMembers(of: object, to: &output) }
        }
    }

    private mutating func writeMembers(
        of object: Int32, to output: inout Arena<UInt8>
    ) throws(JSONataError) {
        output.append(UInt8(ascii: "{"))
        var isFirst = true
        let header = objects[Int(object)]
        if header.hasIndexKeys {
            for place in order(of: object) {
                try writeMember(header.start + 2 * place, &isFirst, to: &output)
            }
        } else {
            for place in 0..<header.count {
                try writeMember(header.start + 2 * place, &isFirst, to: &output)
            }
        }
        output.append(UInt8(ascii: "}"))
    }

    /// Writes the member whose key's cell is given.
    @inline(__always) private mutating func writeMember(
        _ cell: Int, _ isFirst: inout Bool, to output: inout Arena<UInt8>
    ) throws(JSONataError) {
        if case .lazy(let member) = cells[cell + 1] { cells[cell + 1] = lazyValue(member) }
        let value = cells[cell + 1]
        guard !value.isUndefined, case .string(let key) = cells[cell] else { return }
        if !isFirst { output.append(UInt8(ascii: ",")) }
        isFirst = false
        write(key, to: &output)
        output.append(UInt8(ascii: ":"))
        try write(value, to: &output)
    }

    /// A string with its quotes; one of a document as it was written there.
    private func write(_ range: TextRange, to output: inout Arena<UInt8>) {
        switch range.source {
        case TextRange.own: text.withSpan(range.range) { output.append(quoting: $0) }
        case TextRange.constants:
            let text = code.constants.span.extracting(range.range)
            if code.constantsNeedEscape {
                output.append(quoting: text)
            } else {
                output.append(quoted: text)
            }
        default:
            documents[range.source - TextRange.documents].withBytes(range.range) {
                output.append(quoted: $0)
            }
        }
    }

    /// The same for a text that is made.
    func write(_ range: TextRange, to writer: inout JSONWriter) {
        switch range.source {
        case TextRange.own: text.withSpan(range.range) { writer.write(utf8: $0) }
        case TextRange.constants: writer.write(utf8: code.constants.span.extracting(range.range))
        default:
            let source = documents[range.source - TextRange.documents]
            source.withBytes(range.range) { writer.writeChecked($0) }
        }
    }
}
