import JSON

import func Glibc.pow

/// The numeric functions of JSONata on doubles.
package enum Numbers {
    /// `$string` of a number: integers as ECMAScript writes them, others rounded to 15 significant
    /// digits first, so that 0.1 + 0.2 reads `0.3`.
    ///
    /// - Throws: D3001 for infinities and NaN.
    package static func string(_ value: Double) throws(JSONataError) -> String {
        guard value.isFinite else { throw JSONataError(.d3001) }
        return NumberText.ecmaScript(roundedForText(value))
    }

    /// The double nearest to `value` written with 15 significant digits; integers stay as they are.
    package static func roundedForText(_ value: Double) -> Double {
        guard value.isFinite, value.rounded(.towardZero) != value else { return value }
        var digits = DecimalDigits(shortest: value)
        guard digits.digits.count > 15 else { return value }
        // The shortest digits decide unless they sit right on the boundary: then, and only then, the
        // exact value may lie on its other side.
        let tail = digits.digits[15...]
        if tail.first == 5, tail.dropFirst().allSatisfy({ $0 == 0 }) {
            digits = DecimalDigits(exactly: value)
        }
        digits.round(keeping: 15)
        return value < 0 ? -digits.double : digits.double
    }

    /// `$number` of a string.
    ///
    /// Decimal in JSON's grammar with leading zeros allowed, or `0x`, `0o`, `0b`. The reference tests
    /// for the latter with an expression that is anchored on one side only, so that some malformed
    /// texts give NaN in place of an error; so do they here.
    ///
    /// - Throws: D3030.
    package static func number(_ text: String) throws(JSONataError) -> Double {
        let bytes = Array(text.utf8)
        if isDecimal(bytes), let value = Double(text), value.isFinite { return value }
        if hasRadixMark(bytes) { return radixNumber(CodeUnits(units: text)) }
        throw JSONataError(.d3030, value: .string(text), argumentIndex: 1)
    }

    /// `-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?`
    private static func isDecimal(_ bytes: [UInt8]) -> Bool {
        var index = 0
        func digits() -> Bool {
            let start = index
            while index < bytes.count, isDigit(bytes[index]) { index += 1 }
            return index > start
        }
        if bytes.first == UInt8(ascii: "-") { index = 1 }
        guard digits() else { return false }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            guard digits() else { return false }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < bytes.count, [UInt8(ascii: "-"), UInt8(ascii: "+")].contains(bytes[index]) {
                index += 1
            }
            guard digits() else { return false }
        }
        return index == bytes.count
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    /// `^0[xX]` and a digit, `0[oO]` and a digit anywhere, or `0[bB]` and digits at the end.
    private static func hasRadixMark(_ bytes: [UInt8]) -> Bool {
        for index in bytes.indices.dropLast(2) where bytes[index] == UInt8(ascii: "0") {
            let mark = bytes[index + 1] | 0x20
            if mark == UInt8(ascii: "x"), index == 0, digit(UInt16(bytes[2])) < 16 { return true }
            if mark == UInt8(ascii: "o"), digit(UInt16(bytes[index + 2])) < 8 { return true }
            if mark == UInt8(ascii: "b"),
                bytes[(index + 2)...].allSatisfy({ $0 & 0xFE == UInt8(ascii: "0") })
            {
                return true
            }
        }
        return false
    }

    /// ECMAScript's StringToNumber of a text that can only be a radix literal (ECMA-262 §7.1.4.1).
    private static func radixNumber(_ text: CodeUnits) -> Double {
        let units = trimmed(text)
        guard units.count > 2, units[0] == 0x30 else { return .nan }
        let bits: Int? = [0x78: 4, 0x6F: 3, 0x62: 1][units[1] | 0x20]
        guard let bits else { return .nan }
        return powerOfTwoRadix(units.dropFirst(2), bitsPerDigit: bits) ?? .nan
    }

    private static func trimmed(_ text: CodeUnits) -> CodeUnits {
        var slice = text[...]
        while let first = slice.first, TextRules.isSpace(first) { slice.removeFirst() }
        while let last = slice.last, TextRules.isSpace(last) { slice.removeLast() }
        return CodeUnits(slice)
    }

    /// The nearest double of digits in base 2, 8 or 16, half to even; nil for anything else.
    static func powerOfTwoRadix(_ units: ArraySlice<UInt16>, bitsPerDigit: Int) -> Double? {
        var significand: UInt64 = 0
        var exponent = 0
        var sticky = false
        for unit in units {
            let value = digit(unit)
            guard value < 1 << bitsPerDigit else { return nil }
            if significand < 1 << 58 {
                significand = significand << UInt64(bitsPerDigit) | UInt64(value)
            } else {
                exponent += bitsPerDigit
                sticky = sticky || value != 0
            }
        }
        // At least 58 bits are kept, so a set last bit stands for all that were dropped.
        if sticky { significand |= 1 }
        guard exponent < 2000 else { return significand == 0 ? 0 : .infinity }
        return Double(significand) * pow(2, Double(exponent))
    }

    /// The value of a digit or letter, 255 for anything else.
    private static func digit(_ unit: UInt16) -> Int {
        switch unit {
        case 0x30...0x39: Int(unit) - 0x30
        case 0x41...0x5A: Int(unit) - 0x41 + 10
        case 0x61...0x7A: Int(unit) - 0x61 + 10
        default: 255
        }
    }

    /// `$round`: half to even at a decimal place, which may be negative.
    ///
    /// The point is shifted in the decimal text, as in the reference, so that 4.525 is a tie.
    package static func round(_ value: Double, places: Double = 0) -> Double {
        let shifts = places != 0 && !places.isNaN
        let shifted = shifts ? shift(value, by: places) : value
        var result = (shifted.rounded(.down))
        if shifted - result >= 0.5 { result += 1 }
        if (result - shifted).magnitude == 0.5,
            result.truncatingRemainder(dividingBy: 2).magnitude == 1
        {
            result -= 1
        }
        if shifts { result = shift(result, by: -places) }
        return result == 0 ? 0 : result
    }

    /// `value` × 10^`places` through the decimal text; NaN when `places` is no usable integer.
    private static func shift(_ value: Double, by places: Double) -> Double {
        guard value.isFinite, let places = Int(exactly: places), places.magnitude < 1 << 53 else {
            return .nan
        }
        if let scaled = NumberText.scaled(value, by: places) { return scaled }
        let text = NumberText.ecmaScript(value)
        let parts = text.utf8.split(separator: UInt8(ascii: "e"))
        let exponent = parts.count > 1 ? Int(String(parts[1]) ?? "") ?? 0 : 0
        return Double("\(String(parts[0]) ?? "")e\(exponent + places)") ?? .nan
    }

    /// `$power`.
    ///
    /// ECMAScript leaves the last digit of Math.pow open (ECMA-262 §6.1.6.1.3); this is the C
    /// library's, whose powers of ten are exact where V8's are not.
    ///
    /// - Throws: D3061 when the result is not finite.
    package static func power(_ base: Double, _ exponent: Double) throws(JSONataError) -> Double {
        let result = pow(base, exponent)
        guard result.isFinite, exponent.isFinite else {
            throw JSONataError(
                .d3061, value: .number(JSONNumber(base)),
                secondValue: .number(JSONNumber(exponent)), argumentIndex: 1)
        }
        return result
    }

    /// `$sqrt`.
    ///
    /// - Throws: D3060 for a negative number.
    package static func squareRoot(_ value: Double) throws(JSONataError) -> Double {
        guard !(value < 0) else {
            throw JSONataError(.d3060, value: .number(JSONNumber(value)), argumentIndex: 1)
        }
        return value.squareRoot()
    }

    /// `$formatBase`: the rounded number in a base from 2 to 36.
    ///
    /// - Throws: D3100 for another base.
    package static func formatBase(
        _ value: Double, radix: Double = 10
    ) throws(JSONataError) -> String {
        let value = round(value)
        let radix = round(radix)
        guard radix >= 2, radix <= 36 else {
            throw JSONataError(.d3100, value: .number(JSONNumber(radix)))
        }
        guard radix != 10, value.isFinite else { return NumberText.ecmaScript(value) }
        var reversed: [UInt8] = []
        var rest = value.magnitude
        // What a double cannot tell apart is filled with zeros, as V8 does it; the standard leaves the
        // digits beyond 2^53 open.
        while rest / radix >= 9_007_199_254_740_992 {
            rest /= radix
            reversed.append(UInt8(ascii: "0"))
        }
        repeat {
            let remainder = rest.truncatingRemainder(dividingBy: radix)
            let digit = UInt8(remainder)
            reversed.append(digit < 10 ? digit + UInt8(ascii: "0") : digit - 10 + UInt8(ascii: "a"))
            rest = (rest - remainder) / radix
        } while rest > 0
        if value < 0 { reversed.append(UInt8(ascii: "-")) }
        return String(decoding: reversed.reversed(), as: UTF8.self)
    }
}
