/// The form of RFC 9110 §5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// The date of `seconds` since 1970-01-01T00:00:00Z; earlier ones count as 0.
    static func text(_ seconds: Int64) -> String {
        let all = Int(max(0, min(seconds, 253_402_300_799)))
        let (day, rest) = all.quotientAndRemainder(dividingBy: 86_400)
        // Days since 0000-03-01 of the proleptic Gregorian calendar, in eras of 400 years: with March
        // first, the leap day ends the year and every month's start is a linear formula.
        let shifted = day + 719_468
        let (era, dayOfEra) = shifted.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        let clock = [rest / 3600, rest / 60 % 60, rest % 60].map { padded($0, 2) }
        return "\(days[day % 7]), \(padded(dayOfMonth, 2)) \(months[month - 1]) "
            + "\(padded(year, 4)) \(clock.joined(separator: ":")) GMT"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
}
