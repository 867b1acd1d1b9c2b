internal import JSON

/// Splits an expression into tokens. Positions count UTF-16 units, as the reference's do.
struct Lexer {
    enum Token {
        case operatorSign(String)
        case name(String)
        case variable(String)
        case string(String)
        case number(Double)
        case value(Literal)
        case regex(pattern: String, flags: String)
        case end
    }

    let units: [UInt16]
    private(set) var position = 0

    init(_ source: String) { units = CodeUnits(units: source) }

    private func unit(_ index: Int) -> UInt16 {
        index < units.count && index >= 0 ? units[index] : 0
    }

    private func text(_ range: Range<Int>) -> String { String(codeUnits: units[range]) }

    private static func isSpace(_ unit: UInt16) -> Bool {
        unit == 0x20 || (unit >= 0x09 && unit <= 0x0B) || unit == 0x0D
    }

    private static let singleOperators = Set(".[]{}(),@#;:?+-*/%|=<>^&!~".utf16)
    private static let doubleOperators: Set<String> = [
        "..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??",
    ]

    /// The next token and where it begins. After an operand (`isInfix`) a slash divides; elsewhere it
    /// begins a regular expression.
    mutating func next(isInfix: Bool) throws(JSONataError) -> (token: Token, position: Int) {
        try skipSpaceAndComments()
        let start = position
        guard position < units.count else { return (.end, units.count) }
        let current = unit(position)
        if !isInfix, current == UInt16(ascii: "/") {
            position += 1
            return (try scanRegex(), start)
        }
        if position + 1 < units.count, current < 0x80, unit(position + 1) < 0x80 {
            let pair = text(position..<position + 2)
            if Self.doubleOperators.contains(pair) {
                position += 2
                return (.operatorSign(pair), start)
            }
        }
        if Self.singleOperators.contains(current) {
            position += 1
            return (.operatorSign(text(start..<position)), start)
        }
        if current == UInt16(ascii: "\"") || current == UInt16(ascii: "'") {
            return (try scanString(quote: current), start)
        }
        if let number = try scanNumber() { return (.number(number), start) }
        if current == UInt16(ascii: "`") {
            position += 1
            guard let end = units[position...].firstIndex(of: UInt16(ascii: "`")) else {
                position = units.count
                throw JSONataError("S0105", position: position)
            }
            let name = text(position..<end)
            position = end + 1
            return (.name(name), start)
        }
        return (scanName(), start)
    }

    private mutating func skipSpaceAndComments() throws(JSONataError) {
        while position < units.count {
            if Self.isSpace(unit(position)) {
                position += 1
            } else if unit(position) == UInt16(ascii: "/"), unit(position + 1) == UInt16(ascii: "*")
            {
                let start = position
                position += 2
                while !(unit(position) == UInt16(ascii: "*")
                    && unit(position + 1) == UInt16(ascii: "/"))
                {
                    position += 1
                    guard position < units.count else {
                        throw JSONataError("S0106", position: start)
                    }
                }
                position += 2
            } else {
                return
            }
        }
    }

    private mutating func scanName() -> Token {
        let start = position
        while position < units.count, !Self.isSpace(unit(position)),
            !Self.singleOperators.contains(unit(position))
        {
            position += 1
        }
        if unit(start) == UInt16(ascii: "$") { return .variable(text(start + 1..<position)) }
        switch text(start..<position) {
        case "or": return .operatorSign("or")
        case "in": return .operatorSign("in")
        case "and": return .operatorSign("and")
        case "true": return .value(.bool(true))
        case "false": return .value(.bool(false))
        case "null": return .value(.null)
        case let name: return .name(name)
        }
    }

    /// `(0|[1-9][0-9]*)(\.[0-9]+)?([Ee][-+]?[0-9]+)?` at the position, or nil.
    private mutating func scanNumber() throws(JSONataError) -> Double? {
        let isDigit = { (unit: UInt16) in unit >= 0x30 && unit <= 0x39 }
        guard isDigit(unit(position)) else { return nil }
        var end = position + 1
        if unit(position) != 0x30 { while isDigit(unit(end)) { end += 1 } }
        if unit(end) == UInt16(ascii: "."), isDigit(unit(end + 1)) {
            end += 2
            while isDigit(unit(end)) { end += 1 }
        }
        if unit(end) | 0x20 == UInt16(ascii: "e") {
            var mark = end + 1
            if unit(mark) == UInt16(ascii: "+") || unit(mark) == UInt16(ascii: "-") { mark += 1 }
            if isDigit(unit(mark)) {
                while isDigit(unit(mark)) { mark += 1 }
                end = mark
            }
        }
        let digits = text(position..<end)
        guard let number = Double(digits), number.isFinite else {
            throw JSONataError("S0102", position: position, token: digits)
        }
        position = end
        return number
    }

    private mutating func scanString(quote: UInt16) throws(JSONataError) -> Token {
        position += 1
        var out: [UInt16] = []
        while position < units.count {
            let current = unit(position)
            if current == quote {
                position += 1
                return .string(out.text)
            }
            if current != UInt16(ascii: "\\") {
                out.append(current)
                position += 1
                continue
            }
            position += 1
            switch unit(position) {
            case UInt16(ascii: "\""), UInt16(ascii: "\\"), UInt16(ascii: "/"):
                out.append(unit(position))
            case UInt16(ascii: "b"): out.append(0x08)
            case UInt16(ascii: "f"): out.append(0x0C)
            case UInt16(ascii: "n"): out.append(0x0A)
            case UInt16(ascii: "r"): out.append(0x0D)
            case UInt16(ascii: "t"): out.append(0x09)
            case UInt16(ascii: "u"):
                let digits = text(min(position + 1, units.count)..<min(position + 5, units.count))
                guard digits.utf8.count == 4, let value = UInt16(digits, radix: 16),
                    digits.first != "+"
                else { throw JSONataError("S0104", position: position) }
                out.append(value)
                position += 4
            default:
                let end = min(position + 1, units.count)
                throw JSONataError("S0103", position: position, token: text(position..<end))
            }
            position += 1
        }
        throw JSONataError("S0101", position: position)
    }

    /// From after the opening slash; slashes inside brackets and escaped ones do not end it.
    private mutating func scanRegex() throws(JSONataError) -> Token {
        let start = position
        var depth = 0
        while position < units.count {
            let current = unit(position)
            let isEscaped = unit(position - 1) == UInt16(ascii: "\\")
            if current == UInt16(ascii: "/"), depth == 0, backslashes(before: position) % 2 == 0 {
                guard position > start else { throw JSONataError("S0301", position: position) }
                let pattern = text(start..<position)
                position += 1
                let flagStart = position
                while unit(position) == UInt16(ascii: "i") || unit(position) == UInt16(ascii: "m") {
                    position += 1
                }
                return .regex(pattern: pattern, flags: text(flagStart..<position))
            }
            if "([{".utf16.contains(current), !isEscaped { depth += 1 }
            if ")]}".utf16.contains(current), !isEscaped { depth -= 1 }
            position += 1
        }
        throw JSONataError("S0302", position: position)
    }

    private func backslashes(before index: Int) -> Int {
        var count = 0
        while unit(index - count - 1) == UInt16(ascii: "\\"), index - count - 1 >= 0 { count += 1 }
        return count
    }
}

extension UInt16 {
    /// The unit of an ASCII character.
    @inline(__always) init(ascii scalar: Unicode.Scalar) {
        self = UInt16(truncatingIfNeeded: scalar.value)
    }
}
