/// One sub-picture of `$formatNumber`, taken apart (XPath Functions 3.1 §4.7.3 and §4.7.4, with the
/// reference's readings of it).
struct NumberPicture {
    let picture: CodeUnits
    var prefix: CodeUnits
    let suffix: CodeUnits
    private(set) var integerGrouping: [Int] = []
    /// The interval of a regular grouping, or 0.
    private(set) var regularGrouping = 0
    private(set) var fractionGrouping: [Int] = []
    private(set) var integerDigitsMin = 0
    private(set) var fractionDigitsMin = 0
    private(set) var fractionDigitsMax = 0
    private(set) var exponentDigitsMin = 0
    /// How many digits stand before the point when there is an exponent.
    private(set) var scaling = 0

    private let activePart: CodeUnits
    private let mantissa: CodeUnits
    private let exponent: CodeUnits?
    private let integer: CodeUnits
    private let fraction: CodeUnits

    /// Takes a sub-picture apart and checks it.
    ///
    /// - Throws: D3081–D3093.
    init(
        _ picture: CodeUnits, _ characters: NumberFormatCharacters
    ) throws(JSONataError) {
        self.picture = picture
        func bounds(_ unit: UInt16) -> Bool {
            characters.isActive(unit) && characters.exponent != [unit]
        }
        let first = picture.firstIndex(where: bounds)
        let last = picture.lastIndex(where: bounds)
        prefix = picture.substring(0, first ?? 0)
        suffix = last.map { picture.substring($0 + 1) } ?? []
        activePart = picture.substring(prefix.count, picture.count - suffix.count)
        if let position = picture.firstIndex(of: characters.exponent, from: prefix.count),
            position <= picture.count - suffix.count
        {
            // The position counts from the start of the sub-picture, prefix included: the reference
            // does the same.
            mantissa = activePart.substring(0, position)
            exponent = activePart.substring(position + 1)
        } else {
            mantissa = activePart
            exponent = nil
        }
        if let position = mantissa.firstIndex(of: characters.decimal) {
            integer = mantissa.substring(0, position)
            fraction = mantissa.substring(position + 1)
        } else {
            integer = mantissa
            fraction = suffix
        }
        if let code = problem(characters) { throw JSONataError(code) }
        analyse(characters)
    }

    /// The last rule that the sub-picture breaks, as the reference reports it.
    private func problem(_ characters: NumberFormatCharacters) -> JSONataErrorCode? {
        func isRepeated(_ part: CodeUnits) -> Bool {
            picture.firstIndex(of: part) != picture.lastIndex(of: part)
        }
        func has(_ part: CodeUnits) -> Bool { picture.firstIndex(of: part) != nil }
        var code: JSONataErrorCode?
        let decimal = picture.firstIndex(of: characters.decimal)
        if isRepeated(characters.decimal) { code = .d3081 }
        if isRepeated(characters.percent) { code = .d3082 }
        if isRepeated(characters.perMille) { code = .d3083 }
        if has(characters.percent), has(characters.perMille) { code = .d3084 }
        if !mantissa.contains(where: characters.isDigit) { code = .d3085 }
        if !activePart.allSatisfy(characters.isActive) { code = .d3086 }
        if let decimal {
            if picture.unit(at: decimal - 1) == characters.grouping
                || picture.unit(at: decimal + 1) == characters.grouping
            {
                code = .d3087
            }
        } else if integer.unit(at: integer.count - 1) == characters.grouping {
            code = .d3088
        }
        if has(characters.grouping + characters.grouping) { code = .d3089 }
        if let position = integer.firstIndex(of: characters.digit),
            integer[..<position].contains(where: characters.isDecimalDigit)
        {
            code = .d3090
        }
        if let position = fraction.lastIndex(of: characters.digit),
            fraction[position...].contains(where: characters.isDecimalDigit)
        {
            code = .d3091
        }
        if let exponent {
            if !exponent.isEmpty, has(characters.percent) || has(characters.perMille) {
                code = .d3092
            }
            if exponent.isEmpty || !exponent.allSatisfy(characters.isDecimalDigit) {
                code = .d3093
            }
        }
        return code
    }

    private mutating func analyse(_ characters: NumberFormatCharacters) {
        integerGrouping = groupingPositions(integer, characters) { integer[$0...] }
        regularGrouping = IntegerFormat.regularInterval(integerGrouping)
        fractionGrouping = groupingPositions(fraction, characters) { fraction[..<$0] }
        integerDigitsMin = integer.count(where: characters.isDecimalDigit)
        scaling = integerDigitsMin
        fractionDigitsMin = fraction.count(where: characters.isDecimalDigit)
        fractionDigitsMax = fraction.count(where: characters.isDigit)
        if integerDigitsMin == 0, fractionDigitsMax == 0 {
            if exponent != nil {
                fractionDigitsMin = 1
                fractionDigitsMax = 1
            } else {
                integerDigitsMin = 1
            }
        }
        if exponent != nil, integerDigitsMin == 0,
            integer.firstIndex(of: characters.digit) != nil
        {
            integerDigitsMin = 1
        }
        if integerDigitsMin == 0, fractionDigitsMin == 0 { fractionDigitsMin = 1 }
        exponentDigitsMin = exponent?.count(where: characters.isDecimalDigit) ?? 0
    }

    /// How many digits stand on the far side of each grouping separator. From the second one on, the
    /// reference looks for them in the integer part, in whichever part it counts; kept.
    private func groupingPositions(
        _ part: CodeUnits, _ characters: NumberFormatCharacters,
        _ side: (Int) -> ArraySlice<UInt16>
    ) -> [Int] {
        guard !characters.grouping.isEmpty else { return [] }
        var positions: [Int] = []
        var position = part.firstIndex(of: characters.grouping)
        while let found = position {
            // Beyond the part's end nothing is left, or all of it.
            let inside = Swift.min(found, part.count)
            positions.append(side(inside).count(where: characters.isDigit))
            position = integer.firstIndex(of: characters.grouping, from: found + 1)
        }
        return positions
    }
}
