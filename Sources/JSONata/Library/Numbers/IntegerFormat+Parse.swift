import JSON

import func Glibc.pow

extension Numbers {
    /// `$parseInteger`; NaN where the text is no number in this picture, as in the reference.
    ///
    /// - Throws: D3130, D3131; U1010.
    package static func parseInteger(
        _ text: String, picture: String
    ) throws(JSONataError) -> Double {
        let format = try IntegerFormat(picture: CodeUnits(units: picture))
        return try format.parse(CodeUnits(units: text))
    }

    /// ECMAScript's parseInt without a radix: leading digits count, `0x` is hexadecimal.
    static func parseInt(_ text: CodeUnits) -> Double {
        var rest = text[...]
        while let first = rest.first, TextRules.isSpace(first) { rest.removeFirst() }
        var sign = 1.0
        if let first = rest.first, first == 0x2B || first == 0x2D {
            sign = first == 0x2D ? -1 : 1
            rest.removeFirst()
        }
        if rest.count >= 2, rest.first == 0x30, rest[rest.startIndex + 1] | 0x20 == 0x78 {
            let digits = rest.dropFirst(2).prefix {
                (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20)
            }
            guard !digits.isEmpty else { return .nan }
            return sign * (powerOfTwoRadix(digits, bitsPerDigit: 4) ?? .nan)
        }
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty else { return .nan }
        return sign * (Double(String(codeUnits: digits)) ?? .nan)
    }
}

extension IntegerFormat {
    /// The number in a text that is taken to be written in this format; NaN when it is not.
    func parse(_ text: CodeUnits) throws(JSONataError) -> Double {
        switch numbering {
        case .letters: return Self.letters(text, from: letterCase == .upper ? 0x41 : 0x61)
        case .roman:
            return Self.roman(
                letterCase == .upper ? text : CodeUnits(units: TextCase.uppercased(text.text)))
        case .words: return NumberWords.number(CodeUnits(units: TextCase.lowercased(text.text)))
        case .decimal: return try decimal(text)
        case .sequence(let token): throw JSONataError(.d3130, value: .string(token.text))
        }
    }

    private func decimal(_ text: CodeUnits) throws(JSONataError) -> Double {
        var digits = isOrdinal ? text.substring(0, text.count - 2) : text
        switch grouping {
        // The reference removes commas here, whatever the separator of the picture is.
        case .regular: digits.removeAll { $0 == 0x2C }
        case .listed(let separators):
            for separator in separators {
                digits = digits.split(by: separator.character).flatMap { $0 }
            }
        }
        if zero != 0x30 {
            for index in digits.indices {
                let value = Int(digits[index]) - Int(zero) + 0x30
                guard value >= 0 else { throw JSONataError(.u1010, value: .string(text.text)) }
                digits[index] = UInt16(truncatingIfNeeded: value)
            }
        }
        return Numbers.parseInt(digits)
    }

    private static func letters(_ text: CodeUnits, from first: UInt16) -> Double {
        var result = 0.0
        for (place, unit) in text.reversed().enumerated() {
            result += (Double(unit) - Double(first) + 1) * pow(26, Double(place))
        }
        return result
    }

    private static let romanValues: [UInt16: Double] = [
        0x4D: 1000, 0x44: 500, 0x43: 100, 0x4C: 50, 0x58: 10, 0x56: 5, 0x49: 1,
    ]

    private static func roman(_ text: CodeUnits) -> Double {
        var result = 0.0
        var most = 1.0
        for unit in text.reversed() {
            let value = romanValues[unit] ?? .nan
            if value < most {
                result -= value
            } else {
                most = value
                result += value
            }
        }
        return result
    }
}
