/// The types of a function's parameters, as in `<s-nn?:s>` (JSONata documentation, "Function
/// signatures").
final class Signature: Sendable {
    /// Symbols `a` to `z`, a bit each: every call asks, and hashing characters is slow.
    private struct Symbols: Sendable {
        private var bits: UInt32 = 0

        init(_ symbols: some Sequence<Character>) {
            for symbol in symbols { bits |= Self.bit(symbol) }
        }

        func contains(_ symbol: Character) -> Bool { bits & Self.bit(symbol) != 0 }

        private static func bit(_ symbol: Character) -> UInt32 {
            guard let value = symbol.asciiValue, value >= 0x61, value <= 0x7A else { return 0 }
            return 1 << UInt32(value - 0x61)
        }

        /// True when the symbol of `kind` is one of them.
        func accept(_ kind: ValueKind) -> Bool {
            let symbol: UInt32 =
                switch kind {
                case .undefined: 0x6D
                case .null: 0x6C
                case .bool: 0x62
                case .number: 0x6E
                case .string: 0x73
                case .array: 0x61
                case .object: 0x6F
                case .function: 0x66
                }
            return bits & (1 << (symbol - 0x61)) != 0
        }
    }

    private struct Parameter: Sendable {
        var type: Character
        /// The symbols that match: `s n b l o a f`, and `m` for a missing value.
        var accepts: Symbols
        var subtype: String?
        var usesContext = false
        var isOptional = false
        var repeats = false
    }

    private let parameters: [Parameter]

    /// Reads a signature.
    ///
    /// - Throws: S0401 for a type parameter on something else than an array or a function, S0402 for a
    ///   choice with type parameters; the position counts from the signature's start.
    init(_ text: String) throws(JSONataError) {
        let symbols = Array(text)
        var parameters: [Parameter] = []
        var index = 1
        while index < symbols.count, symbols[index] != ":" {
            let symbol = symbols[index]
            switch symbol {
            case "s", "n", "b", "l", "o":
                parameters.append(Parameter(type: symbol, accepts: Symbols([symbol, "m"])))
            case "f": parameters.append(Parameter(type: symbol, accepts: Symbols("f")))
            case "a", "x": parameters.append(Parameter(type: symbol, accepts: Symbols("asnblfom")))
            case "j": parameters.append(Parameter(type: symbol, accepts: Symbols("asnblom")))
            case "-":
                if !parameters.isEmpty { parameters[parameters.count - 1].usesContext = true }
            case "?":
                if !parameters.isEmpty { parameters[parameters.count - 1].isOptional = true }
            case "+":
                if !parameters.isEmpty { parameters[parameters.count - 1].repeats = true }
            case "(":
                let end = Self.closing(symbols, index, "(", ")")
                let choice = symbols[min(index + 1, end)..<end]
                if choice.contains("<") {
                    throw JSONataError("S0402", position: index, value: String(choice))
                }
                parameters.append(Parameter(type: "(", accepts: Symbols(choice + ["m"])))
                index = end
            case "<":
                guard let last = parameters.last, last.type == "a" || last.type == "f" else {
                    throw JSONataError("S0401", position: index)
                }
                let end = Self.closing(symbols, index, "<", ">")
                parameters[parameters.count - 1].subtype = String(
                    symbols[min(index + 1, end)..<end])
                index = end
            default: break
            }
            index += 1
        }
        self.parameters = parameters
    }

    private static func closing(
        _ symbols: [Character], _ start: Int, _ open: Character, _ close: Character
    ) -> Int {
        var depth = 1
        var index = start
        while index < symbols.count {
            index += 1
            guard index < symbols.count else { break }
            if symbols[index] == close {
                depth -= 1
                if depth == 0 { break }
            } else if symbols[index] == open {
                depth += 1
            }
        }
        return min(index, symbols.count)
    }

    /// How many of `symbols` from `index` on each parameter takes, greedily, or nil.
    private func match(_ symbols: [Character], _ index: Int, _ parameter: Int) -> [Int]? {
        guard parameter < parameters.count else { return index == symbols.count ? [] : nil }
        let current = parameters[parameter]
        var most = 0
        let limit = current.repeats ? symbols.count - index : 1
        while most < limit, index + most < symbols.count,
            current.accepts.contains(symbols[index + most])
        {
            most += 1
        }
        let least = current.isOptional || current.usesContext ? 0 : 1
        while most >= least {
            if let rest = match(symbols, index + most, parameter + 1) { return [most] + rest }
            most -= 1
        }
        return nil
    }

    /// The arguments as the function expects them: the context for one left out, an array for a single
    /// value.
    ///
    /// - Throws: T0410, T0411 or T0412.
    func validate(
        _ arguments: [Value], context: Value, _ evaluator: Evaluator
    ) throws(JSONataError) -> [Value] {
        if fitsInPlace(arguments, evaluator) { return arguments }
        let symbols = arguments.map { Self.symbol(of: $0, evaluator) }
        guard let counts = match(symbols, 0, 0) else {
            throw JSONataError("T0410", value: "argument \(firstBad(symbols) + 1)")
        }
        var valid: [Value] = []
        valid.reserveCapacity(max(parameters.count, arguments.count))
        var index = 0
        for (parameter, count) in zip(parameters, counts) {
            if count == 0 {
                if parameter.usesContext {
                    guard parameter.accepts.contains(Self.symbol(of: context, evaluator)) else {
                        throw JSONataError("T0411", value: "argument \(index + 1)")
                    }
                    valid.append(context)
                } else {
                    valid.append(index < arguments.count ? arguments[index] : .undefined)
                    index += 1
                }
                continue
            }
            for _ in 0..<count {
                guard index < arguments.count else {
                    valid.append(.undefined)
                    index += 1
                    continue
                }
                let argument = arguments[index]
                if parameter.type == "a", symbols[index] != "m" {
                    valid.append(
                        try asArray(argument, symbols[index], parameter, index, evaluator))
                } else {
                    valid.append(argument)
                }
                index += 1
            }
        }
        return valid
    }

    /// True when there is an argument for every parameter and each is what its parameter takes.
    private func fitsInPlace(_ arguments: [Value], _ evaluator: Evaluator) -> Bool {
        guard arguments.count == parameters.count else { return false }
        for (place, parameter) in parameters.enumerated() {
            let kind = evaluator.kind(of: arguments[place])
            guard parameter.accepts.accept(kind), !parameter.repeats else { return false }
            if parameter.type == "a", kind != .array || parameter.subtype != nil { return false }
        }
        return true
    }

    private func asArray(
        _ argument: Value, _ symbol: Character, _ parameter: Parameter, _ index: Int,
        _ evaluator: Evaluator
    ) throws(JSONataError) -> Value {
        if symbol != "a" {
            if let subtype = parameter.subtype, String(symbol) != subtype {
                throw JSONataError("T0412", value: "argument \(index + 1)")
            }
            return .array(ArrayBox([argument]))
        }
        if let wanted = parameter.subtype?.first, let items = evaluator.items(of: argument) {
            for item in items where Self.symbol(of: item, evaluator) != wanted {
                throw JSONataError("T0412", value: "argument \(index + 1)")
            }
        }
        return argument
    }

    /// The first argument that no longer fits.
    private func firstBad(_ symbols: [Character]) -> Int {
        var index = 0
        for parameter in parameters {
            var count = 0
            while index < symbols.count, parameter.accepts.contains(symbols[index]) {
                index += 1
                count += 1
                if !parameter.repeats { break }
            }
            if count == 0, !parameter.isOptional, !parameter.usesContext { break }
        }
        return index
    }

    private static func symbol(of value: Value, _ evaluator: Evaluator) -> Character {
        switch evaluator.kind(of: value) {
        case .undefined: "m"
        case .null: "l"
        case .bool: "b"
        case .number: "n"
        case .string: "s"
        case .array: "a"
        case .object: "o"
        case .function: "f"
        }
    }
}
