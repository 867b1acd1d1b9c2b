internal import JSON

/// A picture of nothing but ASCII, decimal numbers and names: what most pictures are. It is written
/// byte by byte, without texts in between.
struct PlainDatePicture {
    private enum Part {
        case byte(UInt8)
        /// A component in at least so many digits, modulo a power of ten if that is not zero.
        case number(Field, width: Int, modulus: Double)
        case monthName(DatePicture.NameCase)
        case weekdayName(DatePicture.NameCase)
    }

    /// A component, by a number: characters take longer to compare than the rest takes.
    private enum Field {
        case year, month, day, dayOfYear, weekday, hour, halfDayHour, minute, second, fraction

        static let names: [Character: Field] = [
            "Y": .year, "M": .month, "D": .day, "d": .dayOfYear, "F": .weekday, "H": .hour,
            "h": .halfDayHour, "m": .minute, "s": .second, "f": .fraction,
        ]

        func value(_ time: CalendarTime) -> Double {
            switch self {
            case .year: time.year
            case .month: time.month + 1
            case .day: time.day
            case .dayOfYear: time.component("d") ?? 0
            case .weekday: time.weekday
            case .hour: time.hour
            case .halfDayHour: time.component("h") ?? 0
            case .minute: time.minute
            case .second: time.second
            case .fraction: time.millisecond
            }
        }
    }

    private var parts: [Part] = []

    /// Nil for a picture that needs more.
    init?(_ picture: DatePicture) {
        for part in picture.parts {
            switch part {
            case .literal(let text):
                for unit in text {
                    guard unit < 0x80 else { return nil }
                    parts.append(.byte(UInt8(unit)))
                }
            case .component(let component):
                guard let part = Self.part(component) else { return nil }
                parts.append(part)
            }
        }
    }

    private static func part(_ component: DatePicture.Component) -> Part? {
        if let nameCase = component.nameCase {
            guard component.name == "M" || component.name == "F", component.widthMax == nil,
                !component.hasWidth
            else { return nil }
            return component.name == "M" ? .monthName(nameCase) : .weekdayName(nameCase)
        }
        guard let field = Field.names[component.name], let format = component.format,
            case .decimal = format.numbering, !format.isOrdinal, format.zero == 0x30,
            case .listed(let separators) = format.grouping, separators.isEmpty,
            let width = Int(exactly: format.mandatoryDigits), width <= 20
        else { return nil }
        var modulus = 0.0
        if component.name == "Y", let digits = component.yearDigits, digits != -1 {
            guard let count = Int(exactly: digits), 1...15 ~= count else { return nil }
            modulus = (0..<count).reduce(1) { power, _ in power * 10 }
        }
        return .number(field, width: width, modulus: modulus)
    }

    /// Appends an instant of UTC; false, and nothing appended, for one whose year does not have up to
    /// four digits.
    func write(_ milliseconds: Double, to text: inout Arena<UInt8>) -> Bool {
        let time = CalendarTime(milliseconds: milliseconds)
        guard time.year >= 0, time.year <= 9999 else { return false }
        for part in parts {
            switch part {
            case .byte(let byte): text.append(byte)
            case .number(let field, let width, let modulus):
                var value = field.value(time)
                if modulus > 0 { value = value.truncatingRemainder(dividingBy: modulus) }
                text.append(digits: UInt64(value), width: width)
            case .monthName(let nameCase):
                Self.append(Dates.months[Int(time.month)], nameCase, to: &text)
            case .weekdayName(let nameCase):
                Self.append(Dates.days[Int(time.weekday)], nameCase, to: &text)
            }
        }
        return true
    }

    private static func append(
        _ name: String, _ nameCase: DatePicture.NameCase, to text: inout Arena<UInt8>
    ) {
        let start = text.count
        text.append(utf8: name)
        if nameCase != .title { fold(&text, from: start, nameCase == .upper) }
    }

    private static func fold(_ text: inout Arena<UInt8>, from start: Int, _ isUpper: Bool) {
        for place in start..<text.count {
            text[place] = isUpper ? text[place] & ~0x20 : text[place] | 0x20
        }
    }

    /// What `$fromMillis` writes without a picture, of UTC.
    static let iso8601: PlainDatePicture? = {
        let picture = try? DatePicture(
            CodeUnits(units: "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001]Z"))
        return picture.flatMap { PlainDatePicture($0) }
    }()
}
