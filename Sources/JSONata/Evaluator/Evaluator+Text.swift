internal import JSON

extension Evaluator {
    /// `$string`: strings as they are, functions as nothing, anything else as JSON whose fractions have
    /// 15 significant digits.
    mutating func textOf(_ value: Value, isPretty: Bool = false) throws(JSONataError) -> TextRange {
        if let text = textRange(of: value) { return text }
        if let number = number(of: value) {
            guard number.isFinite else {
                throw JSONataError("D3001", value: ScriptNumber.string(number))
            }
            return makeText(ScriptNumber.string(Numbers.roundedForText(number)))
        }
        if kind(of: value) == .function { return TextRange(TextRange.own, 0..<0) }
        var source = value
        if case .array(let array) = value {
            let header = arrays[Int(array)]
            if header.flags.contains(.isOuterWrapper), header.count > 0 {
                source = cells[header.start]
            }
        }
        var writer = JSONWriter()
        try writeText(source, isPretty: isPretty, level: 0, to: &writer)
        try checkString(writer.bytes.count)
        let start = text.count
        text.append(writer.bytes.span)
        return TextRange(TextRange.own, start..<text.count)
    }

    private mutating func writeText(
        _ value: Value, isPretty: Bool, level: Int, to writer: inout JSONWriter
    ) throws(JSONataError) {
        try step()
        guard level < 600 else { throw JSONataError("U1001", value: "depth") }
        if writer.bytes.count > limits.stringBytesMax { throw JSONataError("U1002") }
        if let number = number(of: value) {
            if number.isInfinite { throw JSONataError("D1001", value: ScriptNumber.string(number)) }
            return writer.write(Numbers.roundedForText(number))
        }
        if let text = textRange(of: value) { return write(text, to: &writer) }
        if var items = cursor(of: value) {
            writer.byte("[")
            var isFirst = true
            while let item = next(&items) {
                if !isFirst { writer.byte(",") }
                isFirst = false
                if isPretty { Self.newLine(level + 1, &writer) }
                try writeText(item, isPretty: isPretty, level: level + 1, to: &writer)
            }
            if isPretty, !isFirst { Self.newLine(level, &writer) }
            return writer.byte("]")
        }
        if let object = try object(of: value) {
            return try writeText(members: object, isPretty: isPretty, level: level, to: &writer)
        }
        switch value {
        case .bool(let flag): writer.raw(flag ? "true" : "false")
        case .function, .thunk: writer.raw("\"\"")
        default: writer.raw("null")
        }
    }

    private mutating func writeText(
        members object: Int32, isPretty: Bool, level: Int, to writer: inout JSONWriter
    ) throws(JSONataError) {
        writer.byte("{")
        var isFirst = true
        for place in order(of: object) {
            let member = try resolve(object, place)
            if member.isUndefined { continue }
            if !isFirst { writer.byte(",") }
            isFirst = false
            if isPretty { Self.newLine(level + 1, &writer) }
            write(key(object, place), to: &writer)
            writer.raw(isPretty ? ": " : ":")
            try writeText(member, isPretty: isPretty, level: level + 1, to: &writer)
        }
        if isPretty, !isFirst { Self.newLine(level, &writer) }
        writer.byte("}")
    }

    private static func newLine(_ level: Int, _ writer: inout JSONWriter) {
        writer.bytes.append(UInt8(ascii: "\n"))
        writer.bytes.append(contentsOf: repeatElement(0x20, count: 2 * level))
    }
}
