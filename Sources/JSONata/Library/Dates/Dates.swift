import JSON

import func Glibc.pow

/// The date functions of JSONata. The clock is never read here: whoever calls passes the instant
/// that the evaluation takes for now.
package enum Dates {
    static let days = [
        "", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ]
    static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]

    /// `$fromMillis`: an instant in milliseconds since 1970, in ISO 8601 or as the picture says.
    ///
    /// `timeZone` is `±hhmm`, read as a number as the reference does: `+05:00` is five minutes.
    ///
    /// - Throws: D3131–D3135; U1008, U1010.
    package static func fromMillis(
        _ milliseconds: Double, picture: String? = nil, timeZone: String? = nil
    ) throws(JSONataError) -> String {
        var analysed: DatePicture?
        if let picture { analysed = try DatePicture(CodeUnits(units: picture)) }
        return try fromMillis(milliseconds, analysed: analysed, timeZone: timeZone)
    }

    /// The same with an analysed picture.
    static func fromMillis(
        _ milliseconds: Double, analysed picture: DatePicture?, timeZone: String?
    ) throws(JSONataError) -> String {
        if picture == nil, timeZone == nil, let text = iso8601(milliseconds) { return text }
        let analysed = if let picture { picture } else { try DatePicture.iso8601.get() }
        let offset = TimeZoneOffset(timeZone)
        let formatter = DateFormatter(
            time: CalendarTime(milliseconds: milliseconds + offset.milliseconds), offset: offset)
        var out: CodeUnits = []
        for part in analysed.parts {
            switch part {
            case .literal(let text): out += text
            case .component(let component): out += try formatter.text(component)
            }
        }
        return out.text
    }

    /// The common case without a picture; nil where the year does not have four digits.
    private static func iso8601(_ milliseconds: Double) -> String? {
        let time = CalendarTime(milliseconds: milliseconds)
        guard time.year >= 0, time.year <= 9999 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(24)
        func append(_ value: Double, _ width: Int, _ end: Unicode.Scalar) {
            var rest = Int(value)
            out.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: width))
            for place in 1...width {
                out[out.count - place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            out.append(UInt8(ascii: end))
        }
        append(time.year, 4, "-")
        append(time.month + 1, 2, "-")
        append(time.day, 2, "T")
        append(time.hour, 2, ":")
        append(time.minute, 2, ":")
        append(time.second, 2, ".")
        append(time.millisecond, 3, "Z")
        return String(decoding: out, as: UTF8.self)
    }
}

/// A `±hhmm` read as the reference reads it: as one number, split by hundreds, rounded down.
struct TimeZoneOffset {
    var hours = 0.0
    var minutes = 0.0

    init(_ text: String?) {
        guard let text else { return }
        let value = Numbers.parseInt(CodeUnits(units: text))
        hours = (value / 100).rounded(.down)
        minutes = value.truncatingRemainder(dividingBy: 100)
    }

    var milliseconds: Double { (60 * hours + minutes) * 60_000 }
    var number: Double { hours * 100 + minutes }
}

/// Writes the components of one instant.
private struct DateFormatter {
    let time: CalendarTime
    let offset: TimeZoneOffset

    func text(_ component: DatePicture.Component) throws(JSONataError) -> CodeUnits {
        switch component.name {
        case "Z", "z": return try timeZone(component)
        case "P":
            let text = time.hour >= 12 ? "pm" : "am"
            return CodeUnits(units: component.nameCase == .upper ? text.uppercased() : text)
        case "C", "E": return CodeUnits(units: "ISO")
        default: break
        }
        guard let value = time.component(component.name) else {
            // A letter that is no component but has a presentation: the reference writes JavaScript's
            // word for a missing value.
            return CodeUnits(units: "undefined")
        }
        if let nameCase = component.nameCase {
            return try name(component, value, nameCase)
        }
        guard let format = component.format else { throw refusal(component) }
        if component.name == "Y", let digits = component.yearDigits, digits != -1 {
            return try format.format(value.truncatingRemainder(dividingBy: pow(10, digits)))
        }
        return try format.format(value)
    }

    private func refusal(_ component: DatePicture.Component) -> JSONataError {
        JSONataError(.u1010, value: .string(component.letter.text))
    }

    private func name(
        _ component: DatePicture.Component, _ value: Double, _ nameCase: DatePicture.NameCase
    ) throws(JSONataError) -> CodeUnits {
        let names: [String]
        switch component.name {
        case "M", "x": names = [""] + Dates.months
        case "F": names = Dates.days
        case "f": throw refusal(component)
        default: throw JSONataError(.d3133, value: .string(component.letter.text))
        }
        guard let index = Int(exactly: value), names.indices.contains(index) else {
            guard nameCase == .title, !component.hasWidth else { throw refusal(component) }
            return CodeUnits(units: "undefined")
        }
        var name = names[index]
        if nameCase == .upper { name = name.uppercased() }
        if nameCase == .lower { name = name.lowercased() }
        let units = CodeUnits(units: name)
        guard let width = component.widthMax, Double(units.count) > width else { return units }
        return units.substring(0, Int(max(width, 0)))
    }

    private func timeZone(_ component: DatePicture.Component) throws(JSONataError) -> CodeUnits {
        guard let format = component.format else { throw refusal(component) }
        var out: CodeUnits
        if case .regular = format.grouping {
            out = try format.format(offset.number)
        } else {
            switch format.mandatoryDigits {
            case 1, 2:
                out = try format.format(offset.hours)
                if offset.minutes != 0 {
                    let minutes = try Numbers.formatInteger(offset.minutes, picture: "00")
                    out += CodeUnits(units: ":" + minutes)
                }
            case 3, 4: out = try format.format(offset.number)
            default:
                let digits = format.mandatoryDigits
                throw JSONataError(
                    .d3134, value: digits.isNaN ? nil : .number(JSONNumber(digits)))
            }
        }
        if offset.number >= 0 { out = [0x2B] + out }
        if component.name == "z" { out = CodeUnits(units: "GMT") + out }
        if offset.number == 0, component.isTraditional { out = [0x5A] }
        return out
    }
}
