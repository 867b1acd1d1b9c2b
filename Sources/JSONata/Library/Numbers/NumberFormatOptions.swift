/// The characters that `$formatNumber` works with: XPath's decimal format (XPath Functions 3.1
/// §4.7.1), which the function's third argument overrides one by one.
package struct NumberFormatOptions: Sendable {
    package var decimalSeparator = "."
    package var groupingSeparator = ","
    package var exponentSeparator = "e"
    package var minusSign = "-"
    package var percent = "%"
    package var perMille = "\u{2030}"
    package var zeroDigit = "0"
    package var digit = "#"
    package var patternSeparator = ";"

    /// XPath's defaults.
    package init() {}

    /// Sets a property by its XPath name. `infinity` and `NaN` are known and have no effect, since
    /// neither value can be formatted; a name that is not known has none either.
    package mutating func set(_ name: String, to text: String) {
        switch name {
        case "decimal-separator": decimalSeparator = text
        case "grouping-separator": groupingSeparator = text
        case "exponent-separator": exponentSeparator = text
        case "minus-sign": minusSign = text
        case "percent": percent = text
        case "per-mille": perMille = text
        case "zero-digit": zeroDigit = text
        case "digit": digit = text
        case "pattern-separator": patternSeparator = text
        default: break
        }
    }
}

/// The same characters as code units.
struct NumberFormatCharacters {
    let decimal: CodeUnits
    let grouping: CodeUnits
    let exponent: CodeUnits
    let minus: CodeUnits
    let percent: CodeUnits
    let perMille: CodeUnits
    let zero: CodeUnits
    let digit: CodeUnits
    let pattern: CodeUnits

    init(_ options: NumberFormatOptions) {
        decimal = CodeUnits(units: options.decimalSeparator)
        grouping = CodeUnits(units: options.groupingSeparator)
        exponent = CodeUnits(units: options.exponentSeparator)
        minus = CodeUnits(units: options.minusSign)
        percent = CodeUnits(units: options.percent)
        perMille = CodeUnits(units: options.perMille)
        zero = CodeUnits(units: options.zeroDigit)
        digit = CodeUnits(units: options.digit)
        pattern = CodeUnits(units: options.patternSeparator)
    }

    /// A member of the decimal digit family: the zero digit and the nine after it.
    func isDecimalDigit(_ unit: UInt16) -> Bool {
        guard let first = zero.first else { return false }
        return unit &- first < 10
    }

    func isDigit(_ unit: UInt16) -> Bool { isDecimalDigit(unit) || digit == [unit] }

    /// A character that means something within a sub-picture.
    func isActive(_ unit: UInt16) -> Bool {
        isDigit(unit) || decimal == [unit] || exponent == [unit] || grouping == [unit]
            || pattern == [unit]
    }
}
