/// Between doubles and their decimal text.
package enum NumberText {
    /// The nearest double of a number in JSON's grammar.
    ///
    /// Up to 15 digits with a small exponent need one exact multiplication or division (Clinger,
    /// "How to Read Floating Point Numbers Accurately", 1990); the standard library does the rest.
    static func double(_ text: UnsafeBufferPointer<UInt8>) -> Double {
        var mantissa: UInt64 = 0
        var digits = 0
        var exponent = 0
        var index = 0
        var seenPoint = false
        let negative = unsafe text.first == UInt8(ascii: "-")
        if negative { index = 1 }
        while index < text.count {
            let byte = unsafe text[index]
            let digit = byte &- UInt8(ascii: "0")
            if digit < 10 {
                mantissa = mantissa &* 10 &+ UInt64(digit)
                if mantissa != 0 { digits += 1 }
                if seenPoint { exponent -= 1 }
            } else if byte == UInt8(ascii: ".") {
                seenPoint = true
            } else {
                break
            }
            index += 1
        }
        guard index == text.count, digits <= 15, exponent >= -22 else {
            return Double(unsafe String(decoding: text, as: UTF8.self)) ?? .nan
        }
        let value = Double(mantissa)
        let result = exponent == 0 ? value : value / powersOfTen[-exponent]
        return negative ? -result : result
    }

    /// The nearest double of `-?[0-9]+(\.[0-9]+)?` with few digits; nil for any other text, which may be
    /// a number too.
    package static func short(_ text: Span<UInt8>) -> Double? {
        var mantissa: UInt64 = 0
        var place = text.count > 0 && text[0] == UInt8(ascii: "-") ? 1 : 0
        let isNegative = place == 1
        let first = place
        var point = text.count
        guard text.count - place <= 16 else { return nil }
        while place < text.count {
            let digit = text[place] &- UInt8(ascii: "0")
            if digit < 10 {
                mantissa = mantissa &* 10 &+ UInt64(digit)
            } else if text[place] == UInt8(ascii: "."), point == text.count, place > first {
                point = place
            } else {
                return nil
            }
            place += 1
        }
        guard place > first, point != text.count - 1, mantissa < 1 << 53 else { return nil }
        let decimals = point == text.count ? 0 : text.count - point - 1
        let value = Double(mantissa) / powersOfTen[decimals]
        return isNegative ? -value : value
    }

    /// The double nearest to `value`, as its shortest text has it, times ten to the power of `places`; nil
    /// where one exact operation does not give it (see `double`).
    package static func scaled(_ value: Double, by places: Int) -> Double? {
        guard places.magnitude <= 22, value.magnitude < 9e15 else { return nil }
        if value.rounded(.towardZero) == value {
            return places >= 0
                ? (value * powersOfTen[places] < 9e15 ? value * powersOfTen[places] : nil)
                : value / powersOfTen[-places]
        }
        var mantissa: UInt64 = 0
        var decimals = 0
        var seenPoint = false
        for byte in value.magnitude.description.utf8 {
            let digit = byte &- UInt8(ascii: "0")
            if digit < 10 {
                mantissa = mantissa &* 10 &+ UInt64(digit)
                if seenPoint { decimals += 1 }
            } else if byte == UInt8(ascii: ".") {
                seenPoint = true
            } else {
                return nil
            }
            guard mantissa < 1 << 53 else { return nil }
        }
        let exponent = places - decimals
        guard exponent.magnitude <= 22 else { return nil }
        let result =
            exponent < 0
            ? Double(mantissa) / powersOfTen[-exponent] : Double(mantissa) * powersOfTen[exponent]
        return value < 0 ? -result : result
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// The text of `value` as ECMAScript's Number::toString gives it (ECMA-262 §6.1.6.1.20): shortest
    /// digits that read back the same, plain up to 1e21, with an exponent beyond and below 1e-6.
    package static func ecmaScript(_ value: Double) -> String {
        var out: [UInt8] = []
        append(value, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// Appends the same text. Infinities and NaN have their ECMAScript names.
    package static func append(_ value: Double, to out: inout [UInt8]) {
        if value.magnitude < 9_007_199_254_740_992, let integer = Int64(exactly: value) {
            appendInteger(integer, to: &out)
        } else if !value.isFinite {
            let name = value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
            out.append(contentsOf: name.utf8)
        } else {
            appendDecimal(value, to: &out)
        }
    }

    private static func appendInteger(_ value: Int64, to out: inout [UInt8]) {
        if value < 0 { out.append(UInt8(ascii: "-")) }
        let start = out.count
        var rest = value.magnitude
        repeat {
            out.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        out[start...].reverse()
    }

    /// Lays the standard library's shortest digits (`1.5e-07`, `123.25`) out ECMAScript's way.
    private static func appendDecimal(_ value: Double, to out: inout [UInt8]) {
        var digits: [UInt8] = []
        var point: Int?
        var exponent = 0
        var text = value.description.utf8[...]
        if text.first == UInt8(ascii: "-") {
            out.append(UInt8(ascii: "-"))
            text = text.dropFirst()
        }
        if let mark = text.firstIndex(of: UInt8(ascii: "e")) {
            exponent = Int(String(text[text.index(after: mark)...]) ?? "") ?? 0
            text = text[..<mark]
        }
        for byte in text {
            if byte == UInt8(ascii: ".") { point = digits.count } else { digits.append(byte) }
        }
        /// Where the decimal point stands, counted in digits from the first one.
        var scale = (point ?? digits.count) + exponent
        let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeFirst(zeros)
        scale -= zeros
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        layOut(digits, scale: scale, to: &out)
    }

    private static func layOut(_ digits: [UInt8], scale: Int, to out: inout [UInt8]) {
        let zero = UInt8(ascii: "0")
        if digits.count <= scale, scale <= 21 {
            out.append(contentsOf: digits)
            out.append(contentsOf: repeatElement(zero, count: scale - digits.count))
        } else if scale > 0, scale <= 21 {
            out.append(contentsOf: digits[..<scale])
            out.append(UInt8(ascii: "."))
            out.append(contentsOf: digits[scale...])
        } else if scale > -6, scale <= 0 {
            out.append(contentsOf: [zero, UInt8(ascii: ".")])
            out.append(contentsOf: repeatElement(zero, count: -scale))
            out.append(contentsOf: digits)
        } else {
            out.append(digits.first ?? zero)
            if digits.count > 1 {
                out.append(UInt8(ascii: "."))
                out.append(contentsOf: digits[1...])
            }
            out.append(UInt8(ascii: "e"))
            out.append(scale > 0 ? UInt8(ascii: "+") : UInt8(ascii: "-"))
            appendInteger(Int64((scale - 1).magnitude), to: &out)
        }
    }
}
