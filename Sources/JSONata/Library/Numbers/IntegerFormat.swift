/// A picture of `$formatInteger`, analysed: how an integer is written
/// (XPath Functions 3.1 §4.6.1, as far as the reference follows it).
struct IntegerFormat {
    enum Numbering {
        case decimal
        case letters
        case roman
        case words
        /// A numbering that begins with this text; the reference supports none.
        case sequence(CodeUnits)
    }

    enum LetterCase {
        case upper
        case lower
        case title
    }

    struct Separator {
        /// How many digits stand to its right.
        var position: Int
        /// One character, which is one or two code units.
        var character: CodeUnits
    }

    enum Grouping {
        /// The same separator after every `position` digits.
        case regular(Separator)
        /// Just these, from right to left.
        case listed([Separator])
    }

    var numbering = Numbering.decimal
    var letterCase = LetterCase.lower
    var isOrdinal = false
    /// The digit zero of the digits that the picture uses.
    var zero: UInt32 = 0x30
    /// Digits to be written at least; NaN when the picture has no digits at all. A double, because
    /// a date picture's width may be no number and the reference then computes with NaN.
    var mandatoryDigits = Double.nan
    var optionalDigits = Double.nan
    var grouping = Grouping.listed([])
    /// How many digits a date picture reads, when the next component follows at once.
    var parseWidth: Double?

    /// Analyses a picture.
    ///
    /// - Throws: D3131 when digits of different sets are mixed.
    init(picture: CodeUnits) throws(JSONataError) {
        var primary = picture
        if let semicolon = picture.lastIndex(of: 0x3B) {
            primary = CodeUnits(picture[..<semicolon])
            isOrdinal = picture[(semicolon + 1)...].first == 0x6F
        }
        switch primary.text {
        case "A": (numbering, letterCase) = (.letters, .upper)
        case "a": numbering = .letters
        case "I": (numbering, letterCase) = (.roman, .upper)
        case "i": numbering = .roman
        case "W": (numbering, letterCase) = (.words, .upper)
        case "Ww": (numbering, letterCase) = (.words, .title)
        case "w": numbering = .words
        default: try analyseDigits(primary)
        }
    }

    /// The zeros of Unicode's decimal digits in the Basic Multilingual Plane that the reference knows.
    private static let zeros: [UInt32] = [
        0x30, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66,
        0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946,
        0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0,
        0xA9F0, 0xAA50, 0xABF0, 0xFF10,
    ]

    /// A decimal-digit-pattern: `#` optional and `0` mandatory digits, anything else a separator.
    private mutating func analyseDigits(_ pattern: CodeUnits) throws(JSONataError) {
        var found: UInt32?
        var mandatory = 0
        var optional = 0
        var separators: [Separator] = []
        for scalar in pattern.text.unicodeScalars.reversed() {
            if let zero = Self.zeros.first(where: { $0 <= scalar.value && scalar.value <= $0 + 9 })
            {
                guard found == nil || found == zero else { throw JSONataError(.d3131) }
                found = zero
                mandatory += 1
            } else if scalar == "#" {
                optional += 1
            } else {
                separators.append(
                    Separator(
                        position: mandatory + optional,
                        character: CodeUnits(units: String(scalar))))
            }
        }
        guard let found else {
            numbering = .sequence(pattern)
            return
        }
        zero = found
        mandatoryDigits = Double(mandatory)
        optionalDigits = Double(optional)
        let interval = Self.regularInterval(separators.map(\.position))
        if interval > 0, let first = separators.first,
            separators.allSatisfy({ $0.character == first.character })
        {
            grouping = .regular(Separator(position: interval, character: first.character))
        } else {
            grouping = .listed(separators)
        }
    }

    /// The interval at which `positions` repeat without a gap, or 0.
    static func regularInterval(_ positions: [Int]) -> Int {
        var interval = 0
        for position in positions {
            var (a, b) = (interval, position)
            while b != 0 { (a, b) = (b, a % b) }
            interval = a
        }
        for multiple in positions.indices where !positions.contains((multiple + 1) * interval) {
            return 0
        }
        return interval
    }
}
