import JSON

extension Numbers {
    /// `$formatInteger`.
    ///
    /// - Throws: D3130, D3131; U1010 for a number that this numbering cannot hold.
    package static func formatInteger(
        _ value: Double, picture: String
    ) throws(JSONataError) -> String {
        let format = try IntegerFormat(picture: CodeUnits(units: picture))
        return try format.format(value.rounded(.down)).text
    }
}

extension IntegerFormat {
    /// Digits or letters that a picture may ask for at most.
    static let widthMax = 1_000_000

    /// Writes an integral value. NaN is written as such, as in the reference.
    func format(_ value: Double) throws(JSONataError) -> CodeUnits {
        let magnitude = value.magnitude
        var out: CodeUnits
        switch numbering {
        case .letters: out = Self.letters(magnitude, from: letterCase == .upper ? 0x41 : 0x61)
        case .roman:
            guard magnitude.isNaN || magnitude <= 10_000_000 else {
                throw JSONataError(.u1010, value: .number(JSONNumber(value)))
            }
            let text = Self.roman(magnitude)
            out = CodeUnits(units: letterCase == .upper ? text.uppercased() : text)
        case .words:
            guard magnitude.isFinite else {
                throw JSONataError(.u1010, value: .number(JSONNumber(value)))
            }
            let text = NumberWords.words(magnitude, ordinal: isOrdinal)
            out = CodeUnits(
                units: letterCase == .upper
                    ? text.uppercased() : letterCase == .lower ? text.lowercased() : text)
        case .decimal: out = try decimal(magnitude)
        case .sequence(let token): throw JSONataError(.d3130, value: .string(token.text))
        }
        return value < 0 ? [0x2D] + out : out
    }

    private func decimal(_ magnitude: Double) throws(JSONataError) -> CodeUnits {
        var out = CodeUnits(units: NumberText.ecmaScript(magnitude))
        let padding = mandatoryDigits - Double(out.count)
        if padding > 0 {
            guard padding <= Double(Self.widthMax) else {
                throw JSONataError(.u1008, value: .number(JSONNumber(Double(Self.widthMax))))
            }
            out = CodeUnits(repeating: 0x30, count: Int(padding)) + out
        }
        if zero != 0x30 {
            out = out.map { UInt16(truncatingIfNeeded: UInt32($0) &+ zero &- 0x30) }
        }
        insertSeparators(&out)
        if isOrdinal { out += Self.ordinalSuffix(of: out) }
        return out
    }

    private func insertSeparators(_ out: inout CodeUnits) {
        switch grouping {
        case .regular(let separator):
            var group = (out.count - 1) / separator.position
            while group > 0 {
                out.insert(
                    contentsOf: separator.character, at: out.count - group * separator.position)
                group -= 1
            }
        case .listed(let separators):
            // A separator to the left of the first digit: the reference takes the text apart with a
            // negative offset, and what that gives is kept.
            for separator in separators.reversed() {
                let position = out.count - separator.position
                out =
                    (position > 0 ? CodeUnits(out.prefix(position)) : []) + separator.character
                    + out.slice(position, out.count)
            }
        }
    }

    private static func ordinalSuffix(of digits: CodeUnits) -> CodeUnits {
        let suffixes: [UInt16: String] = [0x31: "st", 0x32: "nd", 0x33: "rd"]
        let isTeen = digits.count > 1 && digits[digits.count - 2] == 0x31
        let suffix = isTeen ? nil : digits.last.flatMap { suffixes[$0] }
        return CodeUnits(units: suffix ?? "th")
    }

    /// `a`, `b` … `z`, `aa` …; nothing for zero.
    private static func letters(_ magnitude: Double, from first: UInt16) -> CodeUnits {
        guard magnitude.isFinite else { return [] }
        var reversed: CodeUnits = []
        var rest = magnitude
        while rest > 0 {
            let letter = (rest - 1).truncatingRemainder(dividingBy: 26)
            reversed.append(first &+ UInt16(letter))
            rest = ((rest - 1) / 26).rounded(.down)
        }
        return reversed.reversed()
    }

    private static let romanNumerals: [(Double, String)] = [
        (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
        (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
    ]

    private static func roman(_ magnitude: Double) -> String {
        var out = ""
        var rest = magnitude
        for (value, numeral) in romanNumerals {
            while rest >= value {
                out += numeral
                rest -= value
            }
        }
        return out
    }
}
