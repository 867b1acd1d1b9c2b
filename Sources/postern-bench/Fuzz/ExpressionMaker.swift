/// Random expressions: made from the grammar, or from known ones by cutting, mixing and repeating.
struct ExpressionMaker {
    var random: SplitMix
    let corpus: [String]

    // MARK: Grammar

    static let functions = [
        "string", "length", "substring", "substringBefore", "substringAfter", "uppercase",
        "lowercase", "trim", "pad", "contains", "split", "join", "match", "replace", "eval",
        "base64encode", "base64decode", "encodeUrlComponent", "encodeUrl", "decodeUrlComponent",
        "decodeUrl", "number", "abs", "floor", "ceil", "round", "power", "sqrt", "random",
        "formatNumber", "formatBase", "formatInteger", "parseInteger", "boolean", "not", "exists",
        "count", "append", "sort", "reverse", "shuffle", "distinct", "zip", "sum", "max", "min",
        "average", "keys", "lookup", "spread", "merge", "sift", "each", "error", "assert", "type",
        "map", "filter", "single", "reduce", "now", "millis", "fromMillis", "toMillis", "clone",
    ]
    static let operators = [
        "+", "-", "*", "/", "%", "&", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in", "..",
        "~>", "?:", "??", ".", ".", ".",
    ]
    static let leaves = [
        "a", "b", "c", "d", "id", "items", "name", "`1`", "`é`", "$", "$$", "$x", "$f", "*", "**",
        "%", "null", "true", "false", "[]", "{}", "\"\"", "\"abc\"", "'a,b'", "\"aaaaaaaaaaaab\"",
        "0", "1", "2", "-1", "0.5", "1e10", "1e308", "50000000", "9007199254740993",
    ]
    static let patterns = [
        "a", "(a+)+$", "(a|a)*b", "^", "$", "(?=a)", "(?<=a)b", "(?!b)", "(a)|(b)", "\\1(a)", "\\b",
        "[^]", "[]", "\\u0061", "\\w+", "(?:)", "a{2,3}", ".*?", "((((a)*)*)*)*", "\\d{1,1000}",
        "(?<n>a)\\k<n>", "\\cA", "[\\s\\S]*", "\\p{L}", "a{99999}",
    ]
    static let pictures = [
        "#,##0.00", "0", "#.##", "00.0e0", "%", "‰", "w", "W", "Ww", "I", "i", "A", "a", "1", "01",
        "#:##0,000", "w;o", "[Y0001]-[M01]-[D01]", "[H01]:[m01]:[s01].[f001]", "[FNn]",
        "[MNn,*-3]", "[X0001]-W[W01]-[F1]", "[Z]", "[z0000]", "[f1][f1][f1][f1][f1]", "[Y", "[[",
        "#,##,#,0", "0;0;0", "",
    ]

    private mutating func text() -> String {
        "\"" + random.pick(JSONMaker.texts + Self.pictures).replacingQuotes + "\""
    }

    private mutating func arguments(_ depth: Int) -> String {
        var parts: [String] = []
        for _ in 0..<random.below(4) {
            parts.append(random.oneIn(12) ? "?" : expression(depth - 1))
        }
        return parts.joined(separator: ", ")
    }

    private mutating func lambda(_ depth: Int) -> String {
        let names = ["$x", "$x,$y", "$f", "", "$v,$i,$a", "$f,$n"]
        let signature = random.pick(["", "", "", "<n:n>", "<s-:s>", "<a<n>?:x>", "<(sn)j+f>"])
        return "function(\(random.pick(names)))\(signature){\(expression(depth - 1))}"
    }

    /// An expression nested at most `depth` deep.
    mutating func expression(_ depth: Int) -> String {
        guard depth > 0 else { return random.pick(Self.leaves) }
        switch random.below(24) {
        case 0, 1, 2: return random.pick(Self.leaves)
        case 3: return text()
        case 4, 5, 6, 7:
            let sign = random.pick(Self.operators)
            return "\(expression(depth - 1)) \(sign) \(expression(depth - 1))"
        case 8, 9, 10: return "$\(random.pick(Self.functions))(\(arguments(depth)))"
        case 11: return "(\(expression(depth - 1)))"
        case 12: return "(\(expression(depth - 1)); $x := \(expression(depth - 1)); $x)"
        case 13: return "($f := \(lambda(depth)); $f(\(arguments(depth))))"
        case 14: return "\(expression(depth - 1))[\(expression(depth - 1))]"
        case 15: return "[\(expression(depth - 1)), \(expression(depth - 1))]"
        case 16:
            return "\(expression(depth - 1)){\(expression(depth - 1)): \(expression(depth - 1))}"
        case 17: return "\(expression(depth - 1))^(\(random.pick(["<", ">", ""]))\(expression(1)))"
        case 18:
            let base = expression(depth - 1)
            return "\(base)@$x#$i.\(expression(depth - 1))"
        case 19:
            return "\(expression(1)) ~> |\(expression(depth - 1))|\(expression(depth - 1))|"
        case 20:
            let condition = expression(depth - 1)
            return "\(condition) ? \(expression(depth - 1)) : \(expression(depth - 1))"
        case 21:
            let function = random.pick(["match", "replace", "split", "contains"])
            let flags = random.pick(["", "i", "m", "im"])
            return
                "$\(function)(\(expression(1)), /\(random.pick(Self.patterns))/\(flags), "
                + "\(random.oneIn(2) ? text() : lambda(1)))"
        case 22:
            let function = random.pick([
                "formatNumber", "formatInteger", "parseInteger", "fromMillis", "toMillis",
            ])
            return
                "$\(function)(\(expression(1)), \"\(random.pick(Self.pictures))\(random.pick(Self.pictures))\")"
        default:
            let function = random.pick([
                "map", "filter", "reduce", "sift", "each", "sort", "single",
            ])
            return "$\(function)(\(expression(depth - 1)), \(lambda(depth)))"
        }
    }
}

extension String {
    /// Fit to stand between double quotes in an expression.
    var replacingQuotes: String {
        var text = ""
        for character in unicodeScalars {
            if character == "\"" || character == "\\" { text.unicodeScalars.append("\\") }
            text.unicodeScalars.append(character)
        }
        return text
    }
}
