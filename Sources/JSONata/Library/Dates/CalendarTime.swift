/// Calendar arithmetic of ECMAScript's Date in UTC (ECMA-262 §21.4.1): proleptic Gregorian, no leap
/// seconds, ±100,000,000 days around 1970. NaN stands for a time outside, as there.
struct CalendarTime {
    static let millisecondsPerDay = 86_400_000.0

    var year = Double.nan
    /// 0–11.
    var month = Double.nan
    var day = Double.nan
    var hour = Double.nan
    var minute = Double.nan
    var second = Double.nan
    var millisecond = Double.nan
    /// Milliseconds since 1970, integral.
    let milliseconds: Double

    /// The fields of an instant.
    init(milliseconds value: Double) {
        milliseconds = Self.clipped(value)
        guard !milliseconds.isNaN else { return }
        let days = (milliseconds / Self.millisecondsPerDay).rounded(.down)
        let inDay = Int(milliseconds - days * Self.millisecondsPerDay)
        hour = Double(inDay / 3_600_000)
        minute = Double(inDay / 60_000 % 60)
        second = Double(inDay / 1000 % 60)
        millisecond = Double(inDay % 1000)
        // Days are counted from 0000-03-01, so that a leap day ends its year; 146,097 days are 400
        // years.
        let shifted = Int(days) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = Double(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
        month = Double((monthFromMarch + 2) % 12)
        year = Double(yearOfEra + era * 400 + (month < 2 ? 1 : 0))
    }

    /// 1–7, Monday first.
    var weekday: Double {
        guard !milliseconds.isNaN else { return .nan }
        let days = Int((milliseconds / Self.millisecondsPerDay).rounded(.down))
        return Double((days + 3) % 7 + ((days + 3) % 7 < 0 ? 7 : 0) + 1)
    }

    /// TimeClip.
    static func clipped(_ value: Double) -> Double {
        value.magnitude <= 8.64e15 ? value.rounded(.towardZero) + 0 : .nan
    }

    /// Days from 1970-01-01 to a day; months and days beyond their range carry over.
    private static func days(_ year: Double, _ month: Double, _ day: Double) -> Double {
        let wholeYear = year + (month / 12).rounded(.down)
        guard wholeYear.magnitude < 400_000 else { return .nan }
        let month = Int(month - (month / 12).rounded(.down) * 12)
        let fromMarch = (month + 10) % 12
        let year = Int(wholeYear) - (month < 2 ? 1 : 0)
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * fromMarch + 2) / 5
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return Double(era * 146_097 + dayOfEra - 719_468) + day - 1
    }

    /// Date.UTC: years 0 to 99 mean 1900 to 1999, fractions are cut, whatever is too large carries
    /// over.
    static func utc(
        year: Double, month: Double = 0, day: Double = 1, hour: Double = 0, minute: Double = 0,
        second: Double = 0, millisecond: Double = 0
    ) -> Double {
        func whole(_ value: Double) -> Double { value.rounded(.towardZero) }
        let fields = [year, month, day, hour, minute, second, millisecond]
        guard fields.allSatisfy(\.isFinite) else { return .nan }
        let year = whole(year)
        let days = days(year >= 0 && year <= 99 ? year + 1900 : year, whole(month), whole(day))
        let time =
            whole(hour) * 3_600_000 + whole(minute) * 60_000 + whole(second) * 1000
            + whole(millisecond)
        return clipped(days * millisecondsPerDay + time)
    }

    /// The Monday that begins the first week of a year or of a month: the week with its first
    /// Thursday (ISO 8601; XPath Functions 3.1 §9.8.4.3 does the same for months).
    private static func firstWeek(year: Double, month: Double) -> Double {
        let first = utc(year: year, month: month)
        let weekday = CalendarTime(milliseconds: first).weekday
        return weekday > 4
            ? first + (8 - weekday) * millisecondsPerDay
            : first - (weekday - 1) * millisecondsPerDay
    }

    private static func weeks(_ start: Double, _ end: Double) -> Double {
        (end - start) / (millisecondsPerDay * 7) + 1
    }

    private var midnight: Double { Self.utc(year: year, month: month, day: day) }

    private var nextMonth: (year: Double, month: Double) {
        month == 11 ? (year + 1, 0) : (year, month + 1)
    }

    private var previousMonth: (year: Double, month: Double) {
        month == 0 ? (year - 1, 11) : (year, month - 1)
    }

    /// The value of a numeric component (`[d]` day of year, `[W]` ISO week, `[w]` week of month, `[X]`
    /// year and `[x]` month that these weeks belong to …); nil for one that has no number.
    func component(_ name: Character) -> Double? {
        switch name {
        case "Y": return year
        case "M": return month + 1
        case "D": return day
        case "d":
            return (midnight - Self.utc(year: year)) / Self.millisecondsPerDay + 1
        case "F": return weekday
        case "W": return weekOfYear
        case "w": return weekOfMonth
        case "X":
            if milliseconds < Self.firstWeek(year: year, month: 0) { return year - 1 }
            return milliseconds >= Self.firstWeek(year: year + 1, month: 0) ? year + 1 : year
        case "x":
            if milliseconds < Self.firstWeek(year: year, month: month) {
                return previousMonth.month + 1
            }
            let next = nextMonth
            let isNext = milliseconds >= Self.firstWeek(year: next.year, month: next.month)
            return (isNext ? next.month : month) + 1
        case "H": return hour
        case "h":
            let half = hour.truncatingRemainder(dividingBy: 12)
            return half == 0 ? 12 : half
        case "m": return minute
        case "s": return second
        case "f": return millisecond
        default: return nil
        }
    }

    private var weekOfYear: Double {
        let today = midnight
        var week = Self.weeks(Self.firstWeek(year: year, month: 0), today)
        if week > 52 {
            if today >= Self.firstWeek(year: year + 1, month: 0) { week = 1 }
        } else if week < 1 {
            week = Self.weeks(Self.firstWeek(year: year - 1, month: 0), today)
        }
        return week.rounded(.down)
    }

    private var weekOfMonth: Double {
        let today = midnight
        var week = Self.weeks(Self.firstWeek(year: year, month: month), today)
        if week > 4 {
            let next = nextMonth
            if today >= Self.firstWeek(year: next.year, month: next.month) { week = 1 }
        } else if week < 1 {
            let previous = previousMonth
            week = Self.weeks(Self.firstWeek(year: previous.year, month: previous.month), today)
        }
        return week.rounded(.down)
    }
}
