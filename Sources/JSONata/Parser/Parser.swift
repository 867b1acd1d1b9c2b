internal import JSON

/// A top-down operator precedence parser (Pratt, 1973) for JSONata's grammar.
struct Parser {
    /// One token that the parser looks at.
    private struct Symbol {
        var token: Lexer.Token
        var position: Int

        /// The operator's text; nil for any other token.
        var sign: String? {
            if case .operatorSign(let sign) = token { return sign }
            return nil
        }
        var isEnd: Bool {
            if case .end = token { return true }
            return false
        }
        var text: String {
            switch token {
            case .operatorSign(let text), .name(let text), .variable(let text), .string(let text):
                text
            case .number(let number): ScriptNumber.string(number)
            case .value(let value): value.plainText
            case .regex(let pattern, _): pattern
            case .end: "(end)"
            }
        }
    }

    private var lexer: Lexer
    private var current: Symbol
    private var depth = 0
    /// How deep expressions may nest; a parenthesis costs one level.
    static let depthMax = 256
    /// The height of the tree of the expression parsed last; a chain of operators grows to the left.
    private var height = 0
    /// How high trees may be: each pass over one, and its release, recurses.
    static let heightMax = 1_000

    private static let bindingPowers: [String: Int] = [
        ".": 75, "[": 80, "{": 70, "(": 80, "@": 80, "#": 80, "?": 20, "+": 50, "-": 50, "*": 60,
        "/": 60, "%": 60, "=": 40, "<": 40, ">": 40, "^": 40, ":=": 10, "!=": 40, "<=": 40,
        ">=": 40,
        "~>": 40, "?:": 40, "??": 40, "and": 30, "or": 25, "in": 40, "&": 50,
    ]
    /// Operators that have no meaning of their own but close or separate.
    private static let closers: Set<String> = [":", ";", ",", ")", "]", "}", "..", "|", "**"]

    /// Parses all of `source` and prepares it for evaluation.
    static func parse(_ source: String) throws(JSONataError) -> Node {
        guard source.utf8.count <= Expression.bytesMax else {
            throw JSONataError(.u1006, value: .number(JSONNumber(Double(Expression.bytesMax))))
        }
        var parser = try Parser(source)
        let tree = try parser.expression(0)
        guard parser.current.isEnd else {
            throw JSONataError(
                "S0201", position: parser.current.position, token: parser.current.text)
        }
        return try TreeProcessor().run(tree)
    }

    private init(_ source: String) throws(JSONataError) {
        lexer = Lexer(source)
        let (token, position) = try lexer.next(isInfix: false)
        current = Symbol(token: token, position: position)
        try checkKnown()
    }

    private func checkKnown() throws(JSONataError) {
        if current.sign == "!" || current.sign == "~" {
            throw JSONataError("S0204", position: current.position, token: current.text)
        }
    }

    /// Moves on; with `expected`, only over that operator.
    private mutating func advance(
        _ expected: String? = nil, isInfix: Bool = false
    ) throws(JSONataError) {
        if let expected, current.sign != expected {
            throw JSONataError(
                current.isEnd ? "S0203" : "S0202", position: current.position,
                token: current.text, value: expected)
        }
        let (token, position) = try lexer.next(isInfix: isInfix)
        current = Symbol(token: token, position: position)
        try checkKnown()
    }

    private mutating func expression(_ rightPower: Int) throws(JSONataError) -> Node {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else {
            throw JSONataError("U1007", position: current.position)
        }
        let highest = height
        height = 0
        let first = current
        try advance(isInfix: true)
        var left = try prefix(first)
        while let sign = current.sign, rightPower < Self.bindingPowers[sign] ?? 0 {
            let infixed = current
            try advance()
            left = try infix(sign, infixed.position, left)
            height += 1
            guard height <= Self.heightMax else {
                throw JSONataError("U1007", position: infixed.position)
            }
        }
        height = max(highest, height + 1)
        return left
    }

    // MARK: Prefix

    private mutating func prefix(_ symbol: Symbol) throws(JSONataError) -> Node {
        switch symbol.token {
        case .name(let text): return Node(.name, position: symbol.position, text: text)
        case .variable(let text): return Node(.variable, position: symbol.position, text: text)
        case .string(let text): return literal(.string(text), symbol.position, text)
        case .number(let number): return literal(.number(number), symbol.position, symbol.text)
        case .value(let value): return literal(value, symbol.position, symbol.text)
        case .regex(let pattern, let flags):
            let node = Node(.regex, position: symbol.position, text: pattern)
            do throws(JSONataError) {
                node.regex = try JSONataRegex(pattern: pattern, flags: flags)
            } catch {
                throw error.located(at: symbol.position)
            }
            return node
        case .end: return Node(.end, position: symbol.position, text: "(end)")
        case .operatorSign(let sign): return try prefixOperator(sign, symbol.position)
        }
    }

    private func literal(_ value: Literal, _ position: Int, _ text: String) -> Node {
        let node = Node(.literal, position: position, text: text)
        node.literal = value
        return node
    }

    private mutating func prefixOperator(
        _ sign: String, _ position: Int
    ) throws(JSONataError) -> Node {
        switch sign {
        case "and", "or", "in": return Node(.operatorToken, position: position, text: sign)
        case "-":
            let node = Node(.negate, position: position, text: sign)
            node.lhs = try expression(70)
            return node
        case "*": return Node(.wildcard, position: position, text: sign)
        case "**": return Node(.descendant, position: position, text: sign)
        case "%": return Node(.parent, position: position, text: sign)
        case "(": return try block(position)
        case "[": return try arrayConstructor(position)
        case "{":
            let node = Node(.objectConstructor, position: position, text: sign)
            node.pairs = try pairs()
            return node
        case "|": return try transform(position)
        default: throw JSONataError("S0211", position: position, token: sign)
        }
    }

    private mutating func block(_ position: Int) throws(JSONataError) -> Node {
        let node = Node(.block, position: position, text: "(")
        while current.sign != ")" {
            node.nodes.append(try expression(0))
            if current.sign != ";" { break }
            try advance(";")
        }
        try advance(")", isInfix: true)
        return node
    }

    private mutating func arrayConstructor(_ position: Int) throws(JSONataError) -> Node {
        let node = Node(.arrayConstructor, position: position, text: "[")
        if current.sign != "]" {
            while true {
                var item = try expression(0)
                if current.sign == ".." {
                    let range = Node(.binary, position: current.position, text: "..")
                    try advance("..")
                    range.lhs = item
                    range.rhs = try expression(0)
                    item = range
                }
                node.nodes.append(item)
                if current.sign != "," { break }
                try advance(",")
            }
        }
        try advance("]", isInfix: true)
        return node
    }

    private mutating func pairs() throws(JSONataError) -> [(key: Node, value: Node)] {
        var pairs: [(key: Node, value: Node)] = []
        if current.sign != "}" {
            while true {
                let key = try expression(0)
                try advance(":")
                pairs.append((key, try expression(0)))
                if current.sign != "," { break }
                try advance(",")
            }
        }
        try advance("}", isInfix: true)
        return pairs
    }

    /// `| pattern | update [, delete] |`.
    private mutating func transform(_ position: Int) throws(JSONataError) -> Node {
        let node = Node(.transform, position: position, text: "|")
        node.lhs = try expression(0)
        try advance("|")
        node.rhs = try expression(0)
        if current.sign == "," {
            try advance(",")
            node.third = try expression(0)
        }
        try advance("|")
        return node
    }

    // MARK: Infix

    private mutating func infix(
        _ sign: String, _ position: Int, _ left: Node
    ) throws(JSONataError) -> Node {
        switch sign {
        case "(": return try call(position, left)
        case "[": return try predicate(position, left)
        case "^": return try orderBy(position, left)
        case "?", "?:", "??": return try condition(sign, position, left)
        case "{":
            let node = binary(sign, position, left)
            node.pairs = try pairs()
            return node
        case ":=":
            guard left.kind == .variable else {
                throw JSONataError("S0212", position: left.position, token: left.text)
            }
            let node = binary(sign, position, left)
            node.rhs = try expression(9)
            return node
        case "@", "#":
            let node = binary(sign, position, left)
            let variable = try expression(80)
            guard variable.kind == .variable else {
                throw JSONataError("S0214", position: variable.position, token: sign)
            }
            node.rhs = variable
            return node
        default:
            let node = binary(sign, position, left)
            node.rhs = try expression(Self.bindingPowers[sign] ?? 0)
            return node
        }
    }

    private func binary(_ sign: String, _ position: Int, _ left: Node) -> Node {
        let node = Node(.binary, position: position, text: sign)
        node.lhs = left
        return node
    }

    private mutating func predicate(_ position: Int, _ left: Node) throws(JSONataError) -> Node {
        if current.sign == "]" {
            // `[]` keeps a single result an array.
            var step = left
            while step.kind == .binary, step.text == "[", let inner = step.lhs { step = inner }
            step.keepArray = true
            try advance("]")
            return left
        }
        let node = binary("[", position, left)
        node.rhs = try expression(0)
        try advance("]", isInfix: true)
        return node
    }

    private mutating func orderBy(_ position: Int, _ left: Node) throws(JSONataError) -> Node {
        let node = binary("^", position, left)
        try advance("(")
        while true {
            var isDescending = false
            if current.sign == "<" {
                try advance("<")
            } else if current.sign == ">" {
                isDescending = true
                try advance(">")
            }
            node.terms.append(
                Node.SortTerm(expression: try expression(0), isDescending: isDescending))
            if current.sign != "," { break }
            try advance(",")
        }
        try advance(")")
        return node
    }

    /// `a ? b : c`, `a ?: c` (a when it is truthy) and `a ?? c` (a when it exists).
    private mutating func condition(
        _ sign: String, _ position: Int, _ left: Node
    ) throws(JSONataError) -> Node {
        let node = Node(.condition, position: position, text: sign)
        if sign == "?" {
            node.lhs = left
            node.rhs = try expression(0)
            if current.sign == ":" {
                try advance(":")
                node.third = try expression(0)
            }
            return node
        }
        node.lhs = left
        node.third = try expression(0)
        return node
    }

    /// A call, a partial application, or the definition of a function.
    private mutating func call(_ position: Int, _ left: Node) throws(JSONataError) -> Node {
        let node = Node(.function, position: position, text: "(")
        node.lhs = left
        if current.sign != ")" {
            while true {
                if current.sign == "?" {
                    node.kind = .partial
                    node.nodes.append(Node(.operatorToken, position: current.position, text: "?"))
                    try advance("?")
                } else {
                    node.nodes.append(try expression(0))
                }
                if current.sign != "," { break }
                try advance(",")
            }
        }
        try advance(")", isInfix: true)
        if left.kind == .name, left.text == "function" || left.text == "λ" {
            try lambda(node)
        }
        return node
    }

    private mutating func lambda(_ node: Node) throws(JSONataError) {
        for argument in node.nodes where argument.kind != .variable {
            throw JSONataError("S0208", position: argument.position, token: argument.text)
        }
        node.kind = .lambda
        if current.sign == "<" {
            let start = current.position
            var depth = 1
            var text = "<"
            while depth > 0, current.sign != "{", !current.isEnd {
                try advance()
                if current.sign == ">" { depth -= 1 }
                if current.sign == "<" { depth += 1 }
                text += current.text
            }
            try advance(">")
            do throws(JSONataError) {
                node.signature = try Signature(text)
            } catch {
                throw JSONataError(error.code, position: start + max(0, error.position))
            }
        }
        try advance("{")
        node.rhs = try expression(0)
        try advance("}")
    }
}
