internal import JSON

/// Reading values, and making texts and arrays.
extension Evaluator {
    mutating func add(_ document: JSONDocument) -> Int32 {
        documents.add(document)
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
        case .function, .thunk: .function
        case .node(let document, let index):
            switch documents[document].kind(at: Int(index)) {
            case .null: .null
            case .bool: .bool
            case .number: .number
            case .string: .string
            case .array: .array
            case .object: .object
            }
        }
    }

    /// The value at a place of a document: literals and plain strings read at once, anything else left.
    func value(_ document: Int32, _ index: Int) -> Value {
        let source = documents[document]
        switch source.kind(at: index) {
        case .null: return .null
        case .bool: return .bool(source.bool(at: index))
        case .string where source.isPlainString(at: index):
            return .string(TextRange(TextRange.documents + document, source.textRange(at: index)))
        default: return .node(document: document, index: Int32(truncatingIfNeeded: index))
        }
    }

    func number(of value: Value) -> Double? {
        switch value {
        case .number(let number): return number
        case .node(let document, let index):
            let source = documents[document]
            guard source.kind(at: Int(index)) == .number else { return nil }
            return source.double(at: Int(index))
        default: return nil
        }
    }

    // MARK: Texts

    /// The text of a string, nil for anything else.
    mutating func textRange(of value: Value) -> TextRange? {
        switch value {
        case .string(let range): return range
        case .node(let document, let index):
            let source = documents[document]
            guard source.kind(at: Int(index)) == .string else { return nil }
            let start = text.count
            source.forEachPart(at: Int(index)) { text.append($0) }
            return TextRange(TextRange.own, start..<text.count)
        default: return nil
        }
    }

    func isString(_ value: Value) -> Bool { kind(of: value) == .string }

    func string(of value: Value) -> String? {
        switch value {
        case .string(let range): return string(range)
        case .node(let document, let index):
            let source = documents[document]
            guard source.kind(at: Int(index)) == .string else { return nil }
            return source.string(at: Int(index))
        default: return nil
        }
    }

    func string(_ range: TextRange) -> String {
        withText(range) { ByteText.string($0) }
    }

    /// Calls `body` with the bytes of a text.
    @inline(__always) func withText<Result>(
        _ range: TextRange, _ body: (Span<UInt8>) -> Result
    ) -> Result {
        switch range.source {
        case TextRange.own: return text.withSpan(range.range, body)
        case TextRange.constants: return body(code.constants.span.extracting(range.range))
        default:
            return documents[range.source - TextRange.documents].withBytes(range.range, body)
        }
    }

    mutating func makeText(_ string: String) -> TextRange {
        let start = text.count
        text.append(utf8: string)
        return TextRange(TextRange.own, start..<text.count)
    }

    mutating func makeString(_ string: String) -> Value { .string(makeText(string)) }

    /// Appends the bytes of a text to what is being made at the end of `text`.
    mutating func appendText(_ range: TextRange) {
        switch range.source {
        case TextRange.own: text.append(copying: range.range)
        case TextRange.constants:
            // Mostly a few bytes, for which holding the array would cost more.
            for place in range.range { text.append(code.constants[place]) }
        default:
            documents[range.source - TextRange.documents].withBytes(range.range) { text.append($0) }
        }
    }

    /// Mostly the lengths differ, and no call is made.
    @inline(__always) func isEqual(_ left: TextRange, _ right: TextRange) -> Bool {
        left.count == right.count && hasEqualBytes(left, right)
    }

    private func hasEqualBytes(_ left: TextRange, _ right: TextRange) -> Bool {
        withText(left) { a in withText(right) { b in ByteText.isEqual(a, b) } }
    }

    // MARK: Arrays

    func isArray(_ value: Value) -> Bool {
        switch value {
        case .array: true
        case .node(let document, let index):
            documents[document].kind(at: Int(index)) == .array
        default: false
        }
    }

    /// The items of an array, nil when it is none.
    func cursor(of value: Value) -> Cursor? {
        switch value {
        case .array(let array):
            let header = arrays[Int(array)]
            return Cursor(
                document: header.flags.contains(.isRange) ? Cursor.numbers : Cursor.cells,
                place: header.start, left: header.count)
        case .node(let document, let index):
            let source = documents[document]
            guard source.kind(at: Int(index)) == .array else { return nil }
            return Cursor(
                document: document, place: source.firstChild(of: Int(index)),
                left: source.count(of: Int(index)))
        default: return nil
        }
    }

    /// The items of an array, or the value itself as the only one.
    mutating func cursorOrSingle(_ value: Value) -> Cursor {
        if let items = cursor(of: value) { return items }
        cells.append(value)
        return Cursor(document: Cursor.cells, place: cells.count - 1, left: 1)
    }

    /// Moves on to the next item.
    @inline(__always) func next(_ cursor: inout Cursor) -> Value? {
        guard cursor.left > 0 else { return nil }
        cursor.left &-= 1
        if cursor.document < 0 {
            defer { cursor.place &+= 1 }
            return cursor.document == Cursor.cells
                ? cells[cursor.place] : .number(Double(cursor.place))
        }
        let found = value(cursor.document, cursor.place)
        cursor.place = documents[cursor.document].next(after: cursor.place)
        return found
    }

    func count(of value: Value) -> Int? { cursor(of: value)?.left }

    /// The items of an array as cells; those of a document are laid out once.
    mutating func cells(of value: Value) -> Range<Int>? {
        switch value {
        case .array(let array):
            let header = arrays[Int(array)]
            guard header.flags.contains(.isRange), var items = cursor(of: value) else {
                return header.start..<header.start + header.count
            }
            let start = cells.count
            while let item = next(&items) { cells.append(item) }
            return start..<cells.count
        case .node(let document, let index):
            guard var items = cursor(of: value) else { return nil }
            let key = UInt64(UInt32(bitPattern: document)) << 32 | UInt64(UInt32(bitPattern: index))
            if let array = laidOut[key] { return cells(of: .array(array)) }
            let start = cells.count
            while let item = next(&items) { cells.append(item) }
            if case .array(let array) = makeArray(start) { laidOut[key] = array }
            return start..<cells.count
        default: return nil
        }
    }

    /// An array of the cells from `start` to the last one.
    mutating func makeArray(_ start: Int, _ flags: ArrayHeader.Flags = []) -> Value {
        arrays.append(ArrayHeader(start: start, count: cells.count - start, flags: flags))
        return .array(Int32(truncatingIfNeeded: arrays.count - 1))
    }

    mutating func makeArray(single value: Value, _ flags: ArrayHeader.Flags = []) -> Value {
        cells.append(value)
        return makeArray(cells.count - 1, flags)
    }

    /// An array of the values on the stack from `base` on, which are taken off.
    mutating func takeArray(from base: Int, _ flags: ArrayHeader.Flags = []) -> Value {
        let start = cells.count
        for place in base..<stack.count { cells.append(stack[place]) }
        stack.truncate(to: base)
        return makeArray(start, flags)
    }

    func flags(of value: Value) -> ArrayHeader.Flags {
        if case .array(let array) = value { return arrays[Int(array)].flags }
        return []
    }
}
