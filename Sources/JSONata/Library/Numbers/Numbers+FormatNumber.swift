import JSON

import func Glibc.pow

extension Numbers {
    /// `$formatNumber` (XPath Functions 3.1 §4.7.5).
    ///
    /// - Throws: D3080–D3093; U1010 where the reference would not end or fails without a code.
    package static func formatNumber(
        _ value: Double, picture: String, options: NumberFormatOptions = NumberFormatOptions()
    ) throws(JSONataError) -> String {
        let characters = NumberFormatCharacters(options)
        let subPictures = CodeUnits(units: picture).split(by: characters.pattern)
        guard subPictures.count <= 2, let first = subPictures.first else {
            throw JSONataError(.d3080)
        }
        var positive = try NumberPicture(first, characters)
        var negative = positive
        if subPictures.count == 2 {
            negative = try NumberPicture(subPictures[1], characters)
        } else {
            negative.prefix = characters.minus + negative.prefix
        }
        if !(value >= 0) { positive = negative }
        return try NumberFormatter(picture: positive, characters: characters).format(value).text
    }
}

/// Writes a number in a sub-picture. What the standard numbers as bullets is one step each.
private struct NumberFormatter {
    let picture: NumberPicture
    let characters: NumberFormatCharacters

    func format(_ value: Double) throws(JSONataError) -> CodeUnits {
        var mantissa = value
        if picture.picture.firstIndex(of: characters.percent) != nil {
            mantissa *= 100
        } else if picture.picture.firstIndex(of: characters.perMille) != nil {
            mantissa *= 1000
        }
        var exponent: Int?
        if picture.exponentDigitsMin > 0 { exponent = try split(&mantissa) }
        let places = picture.fractionDigitsMax
        var text = try digits(
            Numbers.round(mantissa, places: Double(places)), places: places)
        layOut(&text)
        if let exponent { text += try exponentText(exponent) }
        return picture.prefix + text + picture.suffix
    }

    /// Scales the mantissa so that it has the picture's digits before the point.
    private func split(_ mantissa: inout Double) throws(JSONataError) -> Int {
        let most = pow(10, Double(picture.scaling))
        let least = pow(10, Double(picture.scaling - 1))
        var exponent = 0
        guard mantissa != 0 else { return 0 }
        guard mantissa.isFinite, least.isFinite else { throw refusal(mantissa) }
        while mantissa.magnitude < least {
            mantissa *= 10
            exponent -= 1
        }
        while mantissa.magnitude > most {
            mantissa /= 10
            exponent += 1
        }
        return exponent
    }

    private func refusal(_ value: Double) -> JSONataError {
        JSONataError(
            .u1010, value: value.isFinite ? .number(JSONNumber(value)) : .string("\(value)"))
    }

    /// Number.prototype.toFixed in the picture's digits.
    private func digits(_ value: Double, places: Int) throws(JSONataError) -> CodeUnits {
        // toFixed takes up to 100 places (ECMA-262 §21.1.3.3).
        guard places <= 100 else { throw refusal(value) }
        var text: [UInt8]
        if !value.isFinite || value.magnitude >= 1e21 {
            text = Array(NumberText.ecmaScript(value.magnitude).utf8)
        } else {
            var digits = DecimalDigits(shortest: value)
            // 15 digits of the shortest form are those of the exact value.
            if digits.scale + places > 15 { digits = DecimalDigits(exactly: value) }
            digits.round(keeping: digits.scale + places)
            text = digits.fixed(places: places)
        }
        guard characters.zero != [0x30], let zero = characters.zero.first else {
            return text.map(UInt16.init)
        }
        return text.map { $0 &- 0x30 < 10 ? zero &+ UInt16($0 &- 0x30) : UInt16($0) }
    }

    private func layOut(_ text: inout CodeUnits) {
        let decimal = characters.decimal
        let zero = characters.zero
        if let point = text.firstIndex(of: 0x2E) {
            text.replaceSubrange(point...point, with: decimal)
        } else {
            text += decimal
        }
        if zero.count == 1 {
            text.removeFirst(text.prefix { [$0] == zero }.count)
            while let last = text.last, [last] == zero { text.removeLast() }
        }
        var point = text.firstIndex(of: decimal) ?? -1
        let padLeft = max(picture.integerDigitsMin - point, 0)
        let padRight = max(picture.fractionDigitsMin - (text.count - point - 1), 0)
        text =
            CodeUnits(repeatElement(zero, count: padLeft).joined()) + text
            + CodeUnits(repeatElement(zero, count: padRight).joined())
        point = text.firstIndex(of: decimal) ?? -1
        groupInteger(&text, point)
        point = text.firstIndex(of: decimal) ?? -1
        for position in picture.fractionGrouping {
            insertSeparator(&text, at: position + point + 1)
        }
        point = text.firstIndex(of: decimal) ?? -1
        if picture.picture.firstIndex(of: decimal) == nil || point == text.count - 1 {
            text = text.substring(0, text.count - 1)
        }
    }

    private func groupInteger(_ text: inout CodeUnits, _ start: Int) {
        var point = start
        if picture.regularGrouping > 0 {
            let interval = picture.regularGrouping
            let count = Int((Double(point - 1) / Double(interval)).rounded(.down))
            guard count > 0 else { return }
            for group in 1...count { insertSeparator(&text, at: point - group * interval) }
        } else {
            for position in picture.integerGrouping {
                insertSeparator(&text, at: point - position)
                point += 1
            }
        }
    }

    private func insertSeparator(_ text: inout CodeUnits, at index: Int) {
        text = text.slice(0, index) + characters.grouping + text.slice(index, text.count)
    }

    private func exponentText(_ exponent: Int) throws(JSONataError) -> CodeUnits {
        let text = try digits(Double(exponent), places: 0)
        let padding = max(picture.exponentDigitsMin - text.count, 0)
        return characters.exponent + (exponent < 0 ? characters.minus : [])
            + CodeUnits(repeatElement(characters.zero, count: padding).joined()) + text
    }
}
