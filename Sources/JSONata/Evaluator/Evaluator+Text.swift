internal import JSON

extension Evaluator {
    /// `$string`: strings as they are, functions as nothing, anything else as JSON whose fractions have
    /// 15 significant digits.
    func text(of value: Value, isPretty: Bool = false) throws(JSONataError) -> String {
        switch kind(of: value) {
        case .string: return string(of: value) ?? ""
        case .function: return ""
        case .number:
            let number = number(of: value) ?? 0
            guard number.isFinite else {
                throw JSONataError("D3001", value: ScriptNumber.string(number))
            }
            return ScriptNumber.string(Numbers.roundedForText(number))
        default:
            var source = value
            if case .array(let box) = value, box.isOuterWrapper, let first = box.items.first {
                source = first
            }
            var out: [UInt8] = []
            try write(source, isPretty: isPretty, level: 0, to: &out)
            try checkString(out.count)
            return String(decoding: out, as: UTF8.self)
        }
    }

    private func write(
        _ value: Value, isPretty: Bool, level: Int, to out: inout [UInt8]
    ) throws(JSONataError) {
        try step()
        guard level < 600 else { throw JSONataError("U1001", value: "depth") }
        if out.count > limits.stringBytesMax { throw JSONataError("U1002") }
        var writer = JSONWriter()
        switch kind(of: value) {
        case .undefined, .null: out.append(contentsOf: "null".utf8)
        case .bool:
            if case .bool(let flag) = value {
                out.append(contentsOf: (flag ? "true" : "false").utf8)
            }
        case .number:
            let number = number(of: value) ?? .nan
            if number.isInfinite { throw JSONataError("D1001", value: ScriptNumber.string(number)) }
            writer.write(Numbers.roundedForText(number))
            out.append(contentsOf: writer.bytes)
        case .string:
            writer.write(string(of: value) ?? "")
            out.append(contentsOf: writer.bytes)
        case .function: out.append(contentsOf: "\"\"".utf8)
        case .array:
            let items = items(of: value) ?? []
            try writeContainer("[", "]", items.count, isPretty, level, &out) {
                (place, out) throws(JSONataError) in
                try self.write(items[place], isPretty: isPretty, level: level + 1, to: &out)
            }
        case .object:
            let members = (try members(of: value) ?? []).filter { !$0.value.isUndefined }
            try writeContainer("{", "}", members.count, isPretty, level, &out) {
                (place, out) throws(JSONataError) in
                var writer = JSONWriter()
                writer.write(members[place].key)
                out.append(contentsOf: writer.bytes)
                out.append(contentsOf: (isPretty ? ": " : ":").utf8)
                try self.write(
                    members[place].value, isPretty: isPretty, level: level + 1, to: &out)
            }
        }
    }

    private func writeContainer(
        _ open: String, _ close: String, _ count: Int, _ isPretty: Bool, _ level: Int,
        _ out: inout [UInt8],
        _ item: (Int, inout [UInt8]) throws(JSONataError) -> Void
    ) throws(JSONataError) {
        let newLine = { (level: Int) in
            [UInt8(ascii: "\n")] + [UInt8](repeating: 0x20, count: 2 * level)
        }
        out.append(contentsOf: open.utf8)
        for place in 0..<count {
            if place > 0 { out.append(UInt8(ascii: ",")) }
            if isPretty { out.append(contentsOf: newLine(level + 1)) }
            try item(place, &out)
        }
        if isPretty, count > 0 { out.append(contentsOf: newLine(level)) }
        out.append(contentsOf: close.utf8)
    }
}
