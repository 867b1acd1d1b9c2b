internal import JSON

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

        /// A bit for each kind that is accepted.
        var kinds: UInt8 {
            ValueKind.allCases.filter(accept).reduce(0) { $0 | 1 << $1.rawValue }
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
        var takesArray = false
        /// What the items of an array have to be, when the subtype is one symbol of a plain kind.
        var itemKind: ValueKind?
    }

    private let parameters: [Parameter]
    /// How many arguments may be taken as they lie: none with a parameter that repeats.
    private let requiredMax: Int

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
        for place in parameters.indices {
            parameters[place].takesArray = parameters[place].type == "a"
            parameters[place].itemKind = Self.kind(parameters[place].subtype)
        }
        self.parameters = parameters
        requiredMax = parameters.contains(where: \.repeats) ? -1 : parameters.count
    }

    /// What arguments that need no change look like.
    var shape: SignatureShape {
        guard requiredMax >= 0, parameters.count <= SignatureShape.countMax else {
            return SignatureShape(most: -1)
        }
        var shape = SignatureShape(most: Int8(parameters.count))
        for (place, parameter) in parameters.enumerated() {
            // What is to become an array is left to `validate`.
            let kinds = parameter.takesArray ? 1 << ValueKind.array.rawValue | 1 : 255
            shape.set(
                place, parameter.accepts.kinds & UInt8(kinds), items: parameter.itemKind,
                isOptional: parameter.isOptional)
        }
        return shape
    }

    private static func kind(_ subtype: String?) -> ValueKind? {
        switch subtype {
        case "s": .string
        case "n": .number
        case "b": .bool
        case "o": .object
        case "f": .function
        default: nil
        }
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

    /// How many of `symbols` each parameter takes, as many as it can from the first on, or nil.
    ///
    /// From the last parameter to the first, so that no signature costs more than parameters times
    /// arguments.
    private func match(_ symbols: [Character]) -> [Int]? {
        let width = symbols.count + 1
        // Whether the parameters from `row` on can take the symbols from `column` on.
        var fits = [Bool](repeating: false, count: (parameters.count + 1) * width)
        fits[fits.count - 1] = true
        func counts(_ row: Int, _ column: Int) -> ClosedRange<Int>? {
            let parameter = parameters[row]
            let limit = min(parameter.repeats ? symbols.count : 1, symbols.count - column)
            var most = 0
            while most < limit, parameter.accepts.contains(symbols[column + most]) { most += 1 }
            let least = parameter.isOptional || parameter.usesContext ? 0 : 1
            return least <= most ? least...most : nil
        }
        for row in parameters.indices.reversed() {
            for column in 0..<width {
                fits[row * width + column] =
                    counts(row, column)?.contains { fits[(row + 1) * width + column + $0] } ?? false
            }
        }
        guard fits[0] else { return nil }
        var taken: [Int] = []
        var column = 0
        for row in parameters.indices {
            let next = (row + 1) * width
            let count = counts(row, column)?.last { fits[next + column + $0] } ?? 0
            taken.append(count)
            column += count
        }
        return taken
    }

    /// The arguments as the function expects them: the context for one left out, an array for a single
    /// value. Those that need no change stay where they are, others are a new run on the stack.
    ///
    /// - Throws: T0410, T0411 or T0412.
    func validate(
        _ arguments: Arguments, context: Value, _ evaluator: inout Evaluator
    ) throws(JSONataError) -> Arguments {
        if try fitInPlace(arguments, &evaluator) { return arguments }
        let symbols = (0..<arguments.count).map {
            Self.symbol(of: evaluator.argument(arguments, $0), evaluator)
        }
        let work = parameters.count * symbols.count
        try evaluator.checkRoom(work)
        try evaluator.step(work / 64)
        guard let counts = match(symbols) else { throw Self.misfit(.t0410, firstBad(symbols)) }
        let base = evaluator.stack.count
        var index = 0
        for (parameter, count) in zip(parameters, counts) {
            if count == 0 {
                if parameter.usesContext {
                    guard parameter.accepts.contains(Self.symbol(of: context, evaluator)) else {
                        throw Self.misfit(.t0411, index)
                    }
                    evaluator.stack.append(context)
                } else {
                    evaluator.stack.append(evaluator.argument(arguments, index))
                    index += 1
                }
                continue
            }
            for _ in 0..<count {
                let argument = evaluator.argument(arguments, index)
                if parameter.type == "a", index < symbols.count, symbols[index] != "m" {
                    evaluator.stack.append(
                        try asArray(argument, symbols[index], parameter, index, &evaluator))
                } else {
                    evaluator.stack.append(argument)
                }
                index += 1
            }
        }
        return Arguments(base: base, count: evaluator.stack.count - base)
    }

    /// True when each argument is what the parameter at its place takes and only optional ones are left
    /// over: each then takes just its own. Single values become arrays where they lie.
    private func fitInPlace(
        _ arguments: Arguments, _ evaluator: inout Evaluator
    ) throws(JSONataError) -> Bool {
        guard arguments.count <= requiredMax else { return false }
        for place in parameters.indices {
            guard place < arguments.count else {
                if parameters[place].isOptional { continue }
                return false
            }
            let kind = evaluator.kind(of: evaluator.argument(arguments, place))
            guard parameters[place].accepts.accept(kind) else { return false }
        }
        for place in 0..<arguments.count where parameters[place].takesArray {
            let argument = evaluator.argument(arguments, place)
            if argument.isUndefined { continue }
            let parameter = parameters[place]
            if let kind = parameter.itemKind, var items = evaluator.cursor(of: argument) {
                while let item = evaluator.next(&items) {
                    if evaluator.kind(of: item) != kind {
                        throw Self.misfit(.t0412, place, parameter.subtype)
                    }
                }
            } else if parameter.itemKind != nil || !evaluator.isArray(argument) {
                evaluator.stack[arguments.base + place] = try asArray(
                    argument, Self.symbol(of: argument, evaluator), parameter, place, &evaluator)
            }
        }
        return true
    }

    private func asArray(
        _ argument: Value, _ symbol: Character, _ parameter: Parameter, _ index: Int,
        _ evaluator: inout Evaluator
    ) throws(JSONataError) -> Value {
        if symbol != "a" {
            if let subtype = parameter.subtype, String(symbol) != subtype {
                throw Self.misfit(.t0412, index, subtype)
            }
            return evaluator.makeArray(single: argument)
        }
        if let wanted = parameter.subtype?.first, var items = evaluator.cursor(of: argument) {
            while let item = evaluator.next(&items) {
                if Self.symbol(of: item, evaluator) != wanted {
                    throw Self.misfit(.t0412, index, parameter.subtype)
                }
            }
        }
        return argument
    }

    /// An error about the argument at a place, counted from 0.
    private static func misfit(
        _ code: JSONataErrorCode, _ argument: Int, _ items: String? = nil
    ) -> JSONataError {
        let names: [Character: String] = [
            "s": "strings", "n": "numbers", "b": "booleans", "l": "nulls", "o": "objects",
            "a": "arrays", "f": "functions",
        ]
        var error = JSONataError(code, argumentIndex: argument + 1)
        error.value = items?.first.map { names[$0] ?? "that type" }
        return error
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

    private static func symbol(of value: Value, _ evaluator: borrowing Evaluator) -> Character {
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
