extension FunctionRegistry {
    /// A function of one string; a missing one gives nothing.
    private static func text(
        _ name: String,
        _ body: @escaping @Sendable (Evaluator, String) throws(JSONataError) -> Value
    ) -> NativeFunction {
        NativeFunction(name, "<s-:s>", arity: 1) { (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.string(of: argument(arguments, 0)) else { return .undefined }
            try evaluator.step(text.utf8.count / 64)
            return try body(evaluator, text)
        }
    }

    static let strings: [NativeFunction] = [
        NativeFunction("string", "<x-b?:s>", arity: 1) {
            (evaluator, arguments, _) throws(JSONataError) in
            let value = argument(arguments, 0)
            if value.isUndefined { return .undefined }
            var isPretty = false
            if case .bool(true) = argument(arguments, 1) { isPretty = true }
            return .string(try evaluator.text(of: value, isPretty: isPretty))
        },
        NativeFunction("substring", "<s-nn?:s>", arity: 3) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.string(of: argument(arguments, 0)) else { return .undefined }
            return .string(
                StringFunctions.substring(
                    text, evaluator.number(of: argument(arguments, 1)) ?? 0,
                    evaluator.number(of: argument(arguments, 2))))
        },
        NativeFunction("substringBefore", "<s-s:s>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.string(of: argument(arguments, 0)) else { return .undefined }
            guard let mark = evaluator.string(of: argument(arguments, 1)),
                let range = StringFunctions.find(mark, in: text, from: text.startIndex)
            else { return .string(text) }
            return .string(String(text[..<range.lowerBound]))
        },
        NativeFunction("substringAfter", "<s-s:s>", arity: 2) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.string(of: argument(arguments, 0)) else { return .undefined }
            guard let mark = evaluator.string(of: argument(arguments, 1)),
                let range = StringFunctions.find(mark, in: text, from: text.startIndex)
            else { return .string(text) }
            return .string(String(text[range.upperBound...]))
        },
        text("lowercase") { (_, text) throws(JSONataError) in .string(TextCase.lowercased(text)) },
        text("uppercase") { (_, text) throws(JSONataError) in .string(TextCase.uppercased(text)) },
        text("length") { (_, text) throws(JSONataError) in
            .number(Double(text.unicodeScalars.count))
        },
        text("trim") { (_, text) throws(JSONataError) in .string(StringFunctions.trim(text)) },
        NativeFunction("pad", "<s-ns?:s>", arity: 3) {
            (evaluator, arguments, _) throws(JSONataError) in
            guard let text = evaluator.string(of: argument(arguments, 0)) else { return .undefined }
            let width = (evaluator.number(of: argument(arguments, 1)) ?? 0).rounded(.towardZero)
            var filler = evaluator.string(of: argument(arguments, 2)) ?? " "
            if filler.isEmpty { filler = " " }
            let missing = width.magnitude - Double(text.unicodeScalars.count)
            guard missing > 0 else { return .string(text) }
            guard missing < Double(evaluator.limits.stringBytesMax) else {
                throw JSONataError("U1002")
            }
            try evaluator.checkString(Int(missing) + text.utf8.count)
            let scalars = Array(filler.unicodeScalars)
            var padding = String.UnicodeScalarView()
            for place in 0..<Int(missing) { padding.append(scalars[place % scalars.count]) }
            return .string(width > 0 ? text + String(padding) : String(padding) + text)
        },
        text("base64encode") { (evaluator, text) throws(JSONataError) in
            try evaluator.checkString(text.utf8.count * 4 / 3)
            return .string(Base64.encode(Array(text.utf8)))
        },
        text("base64decode") { (_, text) throws(JSONataError) in
            .string(String(decoding: Base64.decode(text), as: UTF8.self))
        },
        text("encodeUrlComponent") { (_, text) throws(JSONataError) in
            .string(try PercentEncoding.encode(text, keeping: "", "encodeUrlComponent"))
        },
        text("encodeUrl") { (_, text) throws(JSONataError) in
            .string(try PercentEncoding.encode(text, keeping: ";/?:@&=+$,#", "encodeUrl"))
        },
        text("decodeUrlComponent") { (_, text) throws(JSONataError) in
            .string(try PercentEncoding.decode(text, leaving: "", "decodeUrlComponent"))
        },
        text("decodeUrl") { (_, text) throws(JSONataError) in
            .string(try PercentEncoding.decode(text, leaving: ";/?:@&=+$,#", "decodeUrl"))
        },
    ]
}

/// String functions on code points and UTF-16 units, as ECMAScript has them.
enum StringFunctions {
    /// `$substring`: by code points; a negative start counts from the end.
    static func substring(_ text: String, _ start: Double, _ length: Double?) -> String {
        let scalars = text.unicodeScalars
        let count = Double(scalars.count)
        var from = start
        if count + from < 0 { from = 0 }
        if let length {
            if !(length > 0) { return "" }
            let end = from >= 0 ? from + length : count + from + length
            return slice(text, from, end)
        }
        return slice(text, from, count)
    }

    /// ECMAScript's Array.prototype.slice on code points.
    private static func slice(_ text: String, _ start: Double, _ end: Double) -> String {
        let scalars = text.unicodeScalars
        let count = scalars.count
        let clamp = { (value: Double) -> Int in
            if value.isNaN { return 0 }
            let whole = value.rounded(.towardZero)
            let place = whole < 0 ? Double(count) + whole : whole
            return Int(min(max(0, place), Double(count)))
        }
        let (from, to) = (clamp(start), clamp(end))
        guard from < to else { return "" }
        let first = scalars.index(scalars.startIndex, offsetBy: from)
        return String(scalars[first..<scalars.index(first, offsetBy: to - from)])
    }

    /// Runs of space, tab and line ends become one space; those at the ends go.
    static func trim(_ text: String) -> String {
        let isSpace = { (byte: UInt8) in
            byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
        }
        let words = text.utf8.split(whereSeparator: isSpace)
        return words.map { String(Substring($0)) }.joined(separator: " ")
    }

    /// The first place of `needle` at or after `start`, compared by code units.
    static func find(
        _ needle: String, in text: String, from start: String.Index
    ) -> Range<String.Index>? {
        let units = Array(needle.utf8)
        guard let first = units.first else { return start..<start }
        let bytes = text.utf8
        var index = start
        while let found = bytes[index...].firstIndex(of: first) {
            guard let end = bytes.index(found, offsetBy: units.count, limitedBy: bytes.endIndex)
            else { return nil }
            if bytes[found..<end].elementsEqual(units) { return found..<end }
            index = bytes.index(after: found)
        }
        return nil
    }
}
