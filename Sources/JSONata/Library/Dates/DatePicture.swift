import JSON

/// A date/time picture, analysed: literal text and components (XPath Functions 3.1 §9.8.4, as far as
/// the reference follows it).
struct DatePicture {
    enum Part {
        case literal(CodeUnits)
        case component(Component)
    }

    enum NameCase {
        case lower
        case upper
        case title
    }

    struct Component {
        /// The letter: `Y`, `M`, `D` …; nothing when the marker has none.
        var letter: CodeUnits
        /// `Y` as a character; a space when the letter is none of ASCII.
        var name: Character
        /// Set for `N`, `n`, `Nn`: to be written as a name.
        var nameCase: NameCase?
        /// Set when the component is written as a number.
        var format: IntegerFormat?
        /// The greatest width, when there is a width; NaN when that is no number.
        var widthMax: Double?
        var hasWidth = false
        /// The year is written modulo ten to this power.
        var yearDigits: Double?
        /// The presentation ends with `t`: UTC is written `Z`.
        var isTraditional = false
    }

    private(set) var parts: [Part] = []
    /// The same for the usual instant, when that can be written simply.
    private(set) var plain: PlainDatePicture?

    /// What `$fromMillis` writes without a picture.
    static let iso8601: Result<DatePicture, JSONataError> = {
        do throws(JSONataError) {
            return .success(
                try DatePicture(
                    CodeUnits(
                        units: "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]")))
        } catch {
            return .failure(error)
        }
    }()

    /// Analyses a picture.
    ///
    /// - Throws: D3131, D3132, D3135.
    init(_ picture: CodeUnits) throws(JSONataError) {
        let open: UInt16 = 0x5B
        var start = 0
        var index = 0
        while index < picture.count {
            if picture[index] != open {
                index += 1
                continue
            }
            appendLiteral(picture[start..<index])
            if index + 1 < picture.count, picture[index + 1] == open {
                parts.append(.literal([open]))
                index += 2
                start = index
                continue
            }
            guard let close = picture.firstIndex(of: [0x5D], from: index) else {
                throw JSONataError(.d3135)
            }
            let marker = picture[(index + 1)..<close].filter { !TextRules.isSpace($0) }
            try append(Component(marker: marker))
            index = close + 1
            start = index
        }
        appendLiteral(picture[start...])
        plain = PlainDatePicture(self)
    }

    private mutating func appendLiteral(_ text: ArraySlice<UInt16>) {
        guard !text.isEmpty else { return }
        let parts = CodeUnits(text).split(by: [0x5D, 0x5D])
        self.parts.append(.literal(CodeUnits(parts.joined(separator: [0x5D]))))
    }

    /// Numbers that follow each other without text between them are read with their full width.
    private mutating func append(_ component: Component) {
        if component.isPlainNumber, case .component(var previous) = parts.last,
            var format = previous.format
        {
            format.parseWidth = format.mandatoryDigits
            previous.format = format
            parts[parts.count - 1] = .component(previous)
        }
        parts.append(.component(component))
    }
}

extension DatePicture.Component {
    /// A component that is written as a number; the time zone is none of them.
    var isPlainNumber: Bool { nameCase == nil && Self.numbers.contains(name) }

    private static let numbers: Set<Character> = [
        "Y", "M", "D", "d", "F", "W", "w", "X", "x", "H", "h", "m", "s", "f",
    ]

    private static let defaults: [Character: String] = [
        "Y": "1", "M": "1", "D": "1", "d": "1", "F": "n", "W": "1", "w": "1", "X": "1", "x": "1",
        "H": "1", "h": "1", "P": "n", "m": "01", "s": "01", "f": "1", "Z": "01:01", "z": "01:01",
        "C": "n", "E": "n",
    ]

    /// Analyses what stands between the brackets: a letter, a presentation, after the last comma a
    /// width.
    init(marker: CodeUnits) throws(JSONataError) {
        letter = marker.unit(at: 0)
        name =
            letter.first.flatMap { UInt8(exactly: $0) }
            .map { Character(Unicode.Scalar($0)) } ?? " "
        var widthMin: Double?
        var presentation = marker.substring(1)
        if let comma = marker.lastIndex(of: 0x2C) {
            hasWidth = true
            presentation = marker.substring(1, comma)
            let width = marker.substring(comma + 1)
            if let dash = width.firstIndex(of: 0x2D) {
                widthMin = Self.width(width.substring(0, dash))
                widthMax = Self.width(width.substring(dash + 1))
            } else {
                widthMin = Self.width(width)
            }
        }
        var modifier: UInt16?
        if presentation.isEmpty {
            guard let standard = Self.defaults[name] else {
                throw JSONataError(.d3132, value: .string(letter.text))
            }
            presentation = CodeUnits(units: standard)
        } else if presentation.count > 1, let last = presentation.last,
            "atco".utf16.contains(last)
        {
            modifier = last
            presentation.removeLast()
        }
        isTraditional = modifier == 0x74
        try interpret(presentation, modifier: modifier, widthMin: widthMin)
    }

    private static func width(_ text: CodeUnits) -> Double? {
        text == [0x2A] ? nil : Numbers.parseInt(text)
    }

    private mutating func interpret(
        _ presentation: CodeUnits, modifier: UInt16?, widthMin: Double?
    ) throws(JSONataError) {
        if presentation.first == 0x6E {
            nameCase = .lower
        } else if presentation.first == 0x4E {
            nameCase = presentation.unit(at: 1) == [0x6E] ? .title : .upper
        }
        if isPlainNumber {
            let pattern = presentation + (modifier.map { [0x3B, $0] } ?? [])
            var format = try IntegerFormat(picture: pattern)
            if let widthMin, format.mandatoryDigits < widthMin {
                format.mandatoryDigits = widthMin
            }
            if name == "Y" {
                if let widthMax {
                    yearDigits = widthMax
                    format.mandatoryDigits = widthMax
                } else if format.mandatoryDigits + format.optionalDigits >= 2 {
                    yearDigits = format.mandatoryDigits + format.optionalDigits
                }
            }
            self.format = format
        } else if name == "Z" || name == "z" {
            format = try IntegerFormat(picture: presentation)
        }
    }
}
