import JSON

extension Dates {
    /// `$toMillis`: milliseconds since 1970 of a text in ISO 8601, or in the picture's form.
    ///
    /// nil when the text does not fit the picture; NaN when it names no instant (month 13). With a
    /// picture, what stands above the greatest component given is taken from `now`.
    ///
    /// - Throws: D3110; D3130–D3133, D3135, D3136; U1001.
    package static func toMillis(
        _ text: String, picture: String? = nil, now: Double
    ) throws(JSONataError) -> Double? {
        guard let picture else { return try ISOTimestamp.milliseconds(text) }
        let parts = try DatePicture(CodeUnits(units: picture)).parts
        var steps: [DateMatcher.Step] = []
        var readers: [DateReader?] = []
        for (index, part) in parts.enumerated() {
            switch part {
            case .literal(let literal):
                steps.append((index, .literal(literal)))
                readers.append(nil)
            case .component(let component):
                let reader = try DateReader(component)
                steps += reader.patterns.map { (index, $0) }
                readers.append(reader)
            }
        }
        let units = CodeUnits(units: text)
        guard
            (steps.count + 1).multipliedReportingOverflow(by: units.count + 1).partialValue
                <= matchStepsMax
        else {
            throw JSONataError(.u1001, value: .string("\(matchStepsMax) steps for a date"))
        }
        guard let pieces = DateMatcher(units).match(steps, partCount: parts.count) else {
            return nil
        }
        var components = DateComponents()
        for (reader, piece) in zip(readers, pieces) {
            if let reader { components.set(reader.component.name, to: try reader.value(piece)) }
        }
        return try components.milliseconds(now: CalendarTime(milliseconds: now))
    }

    /// Parts of the picture times code units of the text, at most.
    package static let matchStepsMax = 1_000_000
}

/// Reads one component of a picture: which text it may be, and what that means.
private struct DateReader {
    let component: DatePicture.Component
    let patterns: [DateMatcher.Pattern]

    init(_ component: DatePicture.Component) throws(JSONataError) {
        self.component = component
        switch component.name {
        case "Z", "z":
            patterns = Self.timeZonePatterns(component)
        case "f": patterns = [.run(DateMatcher.isDigit)]
        default:
            if let format = component.format {
                patterns = try Self.numberPatterns(format)
            } else {
                guard ["M", "x", "F", "P"].contains(component.name) else {
                    throw JSONataError(.d3133, value: .string(component.letter.text))
                }
                patterns = [.run(Self.isLetter)]
            }
        }
    }

    private static func isLetter(_ unit: UInt16) -> Bool { (unit | 0x20) &- 0x61 < 26 }

    private static func timeZonePatterns(
        _ component: DatePicture.Component
    ) -> [DateMatcher.Pattern] {
        let digits = DateMatcher.Pattern.run(DateMatcher.isDigit)
        var patterns: [DateMatcher.Pattern] =
            component.name == "z" ? [.literal(CodeUnits(units: "GMT"))] : []
        patterns += [.one([0x2B, 0x2D]), digits]
        if case .regular(let separator)? = component.format?.grouping {
            // The reference puts the separator into an expression as it is, where a dot is any unit.
            patterns += [
                separator.character == [0x2E] ? .any : .literal(separator.character), digits,
            ]
        }
        return patterns
    }

    private static func numberPatterns(
        _ format: IntegerFormat
    ) throws(JSONataError) -> [DateMatcher.Pattern] {
        switch format.numbering {
        case .letters: return [.run(isLetter)]
        case .roman:
            return [.run { unit in isLetter(unit) && "mdclxvi".utf16.contains(unit | 0x20) }]
        case .words: return [.words]
        case .decimal:
            var patterns = [DateMatcher.Pattern.run(DateMatcher.isDigit)]
            if let width = format.parseWidth.flatMap({ Int(exactly: $0) }), width > 0 {
                patterns = [.digits(width)]
            }
            return format.isOrdinal ? patterns + [.ordinalSuffix] : patterns
        case .sequence(let token): throw JSONataError(.d3130, value: .string(token.text))
        }
    }

    /// What `piece` says; nil for a name that is none.
    func value(_ piece: CodeUnits) throws(JSONataError) -> Double? {
        switch component.name {
        case "Z", "z": return timeZone(piece)
        case "f":
            let digits = String(codeUnits: piece.prefix(3))
            return (Double("0." + digits) ?? .nan) * 1000
        default: break
        }
        if let format = component.format { return try format.parse(piece) }
        let text = piece.text
        func position(in names: [String]) -> Double? {
            var most = Int.max
            if let width = component.widthMax, width != 0, !width.isNaN {
                most = Int(exactly: max(width, 0)) ?? .max
            }
            // Of two names with the same beginning the reference keeps the later one.
            return names.lastIndex { $0.prefix(most).elementsEqual(text) }.map(Double.init)
        }
        switch component.name {
        case "M", "x": return position(in: Dates.months).map { $0 + 1 }
        case "F": return position(in: Array(Dates.days.dropFirst())).map { $0 + 1 }
        default: return ["am": 0, "AM": 0, "pm": 1, "PM": 1][text]
        }
    }

    /// Minutes; the minus of an hour does not reach its minutes, as in the reference.
    private func timeZone(_ piece: CodeUnits) -> Double {
        let piece = component.name == "z" ? piece.substring(3) : piece
        if case .regular(let separator)? = component.format?.grouping {
            let position = piece.firstIndex(of: separator.character) ?? -1
            let hours = Numbers.parseInt(piece.substring(0, position))
            return hours * 60 + Numbers.parseInt(piece.substring(position + 1))
        }
        if piece.count - 1 <= 2 { return Numbers.parseInt(piece) * 60 }
        return Numbers.parseInt(piece.substring(0, 3)) * 60
            + Numbers.parseInt(piece.substring(3))
    }
}

/// The components that a text gave, and what the missing ones are taken to be.
private struct DateComponents {
    /// nil within: named in the picture, but its text was no known name.
    private var values: [Character: Double?] = [:]

    mutating func set(_ name: Character, to value: Double?) {
        values[name] = .some(value)
    }

    private subscript(_ name: Character) -> Double? {
        get { values[name] ?? nil }
        set { values[name] = .some(newValue) }
    }

    private func mask(_ names: String) -> Int {
        names.reduce(0) { mask, name in
            let value = self[name] ?? 0
            return mask << 1 | (value != 0 && !value.isNaN ? 1 : 0)
        }
    }

    /// Only components of `type` are there, and at least one of them.
    private static func matches(_ mask: Int, _ type: Int) -> Bool {
        mask & ~type == 0 && mask & type != 0
    }

    /// The instant; nil when the picture has no component at all.
    func milliseconds(now: CalendarTime) throws(JSONataError) -> Double? {
        guard !values.isEmpty else { return nil }
        let date = mask("YXMxWwdD")
        let time = mask("PHhmsf")
        let isMonthDate = Self.matches(date, 0b1010_0001)
        let isDayOfYear = !isMonthDate && Self.matches(date, 0b1000_0010)
        let isWeekOfMonth = Self.matches(date, 0b0101_0100)
        let isWeekOfYear = !isWeekOfMonth && Self.matches(date, 0b0100_1000)
        // Dates by weeks can be written, and not read: so it is in the reference.
        if isWeekOfMonth || isWeekOfYear { throw JSONataError(.d3136) }
        let isHalfDay = !Self.matches(time, 0b01_0111) && Self.matches(time, 0b10_1111)
        var filled = self
        try filled.fill((isDayOfYear ? "YD" : "YMD") + (isHalfDay ? "Phmsf" : "Hmsf"), now)
        return filled.instant(isDayOfYear: isDayOfYear, isHalfDay: isHalfDay)
    }

    /// Takes what stands before the first component given from now, and zero for what stands after
    /// the last.
    private mutating func fill(_ names: String, _ now: CalendarTime) throws(JSONataError) {
        var isStarted = false
        var isEnded = false
        for name in names {
            if self[name] != nil {
                isStarted = true
                if isEnded { throw JSONataError(.d3136) }
            } else if isStarted {
                self[name] = name == "M" || name == "D" ? 1 : 0
                isEnded = true
            } else {
                // `P` of now is a text in the reference, and so never the 1 that means afternoon.
                self[name] = now.component(name) ?? 0
            }
        }
    }

    private func instant(isDayOfYear: Bool, isHalfDay: Bool) -> Double {
        let year = self["Y"] ?? .nan
        var month = self["M"] ?? .nan
        month = month > 0 ? month - 1 : 0
        var day = self["D"] ?? .nan
        if isDayOfYear {
            let first = CalendarTime.utc(year: year)
            let offset = ((self["d"] ?? .nan) - 1) * CalendarTime.millisecondsPerDay
            let derived = CalendarTime(milliseconds: first + offset)
            (month, day) = (derived.month, derived.day)
        }
        var hour = self["H"] ?? .nan
        if isHalfDay {
            let half = self["h"] ?? .nan
            hour = (half == 12 ? 0 : half) + (self["P"] == 1 ? 12 : 0)
        }
        var result = CalendarTime.utc(
            year: year, month: month, day: day, hour: hour, minute: self["m"] ?? .nan,
            second: self["s"] ?? .nan, millisecond: self["f"] ?? .nan)
        for name in ["Z", "z"] as [Character] {
            if let offset = self[name], offset != 0, !offset.isNaN {
                result -= offset * 60_000
                break
            }
        }
        return result
    }
}
