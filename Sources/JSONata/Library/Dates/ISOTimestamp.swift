import JSON

/// `$toMillis` without a picture: the reference's expression for ISO 8601, and then what Date.parse
/// makes of the text (ECMA-262 §21.4.1.32), with the time zone UTC where none is given.
enum ISOTimestamp {
    /// - Throws: D3110 when the text does not look like a timestamp; NaN is one that does and names
    ///   no instant.
    static func milliseconds(_ text: String) throws(JSONataError) -> Double {
        var scanner = Scanner(bytes: Array(text.utf8))
        guard let fields = scanner.fields() else {
            throw JSONataError(.d3110, value: .string(text))
        }
        return fields.milliseconds
    }

    private struct Fields {
        var year = 0
        var month: Int?
        var day: Int?
        var time: (hour: Int, minute: Int, second: Int)?
        /// The first three digits of the fraction, and how many digits there were.
        var fraction: (milliseconds: Int, digits: Int)?
        /// Minutes; `Z` is zero.
        var offset: Int?
        var isUTC = false

        var milliseconds: Double {
            var day = self.day ?? 1
            var month = self.month ?? 1
            // A fraction belongs to a time. Without one V8 falls back on another format, in which the
            // digits are the month or the day: `2017.6`, `2017-06.5`.
            if time == nil, let fraction {
                guard self.day == nil, fraction.digits <= 2 else { return .nan }
                let number = fraction.milliseconds / (fraction.digits == 1 ? 100 : 10)
                if self.month == nil { month = number } else { day = number }
            }
            guard (1...12).contains(month), (1...31).contains(day) else { return .nan }
            // An offset without a time is a fallback too, which refuses it; `Z` passes.
            if time == nil, offset != nil, !isUTC { return .nan }
            var minutes = -(offset ?? 0)
            if minutes.magnitude >= 24 * 60 { return .nan }
            var milliseconds = 0
            if let time {
                let isEndOfDay = time.hour == 24 && time.minute == 0 && time.second == 0
                guard time.hour < 24 || isEndOfDay && fraction?.milliseconds ?? 0 == 0 else {
                    return .nan
                }
                minutes += time.hour * 60 + time.minute
                milliseconds = time.second * 1000 + (fraction?.milliseconds ?? 0)
            }
            // Years below 100 are themselves here, unlike in Date.UTC: 400 years are 146,097 days.
            let base = CalendarTime.utc(
                year: Double(year + 400), month: Double(month - 1), day: Double(day))
            return base - 146_097 * CalendarTime.millisecondsPerDay + Double(minutes) * 60_000
                + Double(milliseconds)
        }
    }

    /// `^\d{4}(-[01]\d)?(-[0-3]\d)?(T[0-2]\d:[0-5]\d:[0-5]\d)?(\.\d+)?([+-][0-2]\d:?[0-5]\d|Z)?$`
    private struct Scanner {
        let bytes: [UInt8]
        var index = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        /// `-01` may be a month or begin an offset: the longest reading that fits counts.
        mutating func fields() -> Fields? {
            for groups in [2, 1, 0] {
                var copy = self
                if let fields = copy.fields(dateGroups: groups) { return fields }
            }
            return nil
        }

        private mutating func fields(dateGroups: Int) -> Fields? {
            var fields = Fields()
            guard let high = pair(firstMax: 9), let low = pair(firstMax: 9) else { return nil }
            fields.year = high * 100 + low
            if dateGroups > 0 {
                fields.month = optional { $0.literal("-") ? $0.pair(firstMax: 1) : nil }
            }
            if dateGroups > 1 || dateGroups == 1 && fields.month == nil {
                fields.day = optional { $0.literal("-") ? $0.pair(firstMax: 3) : nil }
            }
            // `2017-25` skips the month and is taken by the day's group.
            if fields.month == nil, let day = fields.day {
                (fields.month, fields.day) = (day, nil)
            }
            fields.time = optional { $0.time() }
            fields.fraction = optional { $0.fraction() }
            if literal("Z") {
                fields.offset = 0
                fields.isUTC = true
            } else {
                fields.offset = optional { $0.offset() }
            }
            return index == bytes.count ? fields : nil
        }

        /// Steps back when `read` finds nothing.
        private mutating func optional<T>(_ read: (inout Scanner) -> T?) -> T? {
            var copy = self
            guard let value = read(&copy) else { return nil }
            self = copy
            return value
        }

        private mutating func literal(_ character: Unicode.Scalar) -> Bool {
            guard index < bytes.count, bytes[index] == UInt8(ascii: character) else {
                return false
            }
            index += 1
            return true
        }

        private mutating func digit(max: UInt8 = 9) -> Int? {
            guard index < bytes.count, bytes[index] &- UInt8(ascii: "0") <= max else { return nil }
            index += 1
            return Int(bytes[index - 1] - UInt8(ascii: "0"))
        }

        private mutating func pair(firstMax: UInt8) -> Int? {
            guard let tens = digit(max: firstMax), let ones = digit() else { return nil }
            return tens * 10 + ones
        }

        private mutating func time() -> (hour: Int, minute: Int, second: Int)? {
            guard literal("T"), let hour = pair(firstMax: 2), literal(":"),
                let minute = pair(firstMax: 5), literal(":"), let second = pair(firstMax: 5)
            else { return nil }
            return (hour, minute, second)
        }

        private mutating func fraction() -> (milliseconds: Int, digits: Int)? {
            guard literal(".") else { return nil }
            var milliseconds = 0
            var count = 0
            while let digit = digit() {
                if count < 3 { milliseconds = milliseconds * 10 + digit }
                count += 1
            }
            guard count > 0 else { return nil }
            for _ in min(count, 3)..<3 { milliseconds *= 10 }
            return (milliseconds, count)
        }

        private mutating func offset() -> Int? {
            let sign = literal("+") ? 1 : literal("-") ? -1 : 0
            guard sign != 0, let hours = pair(firstMax: 2) else { return nil }
            _ = literal(":")
            guard let minutes = pair(firstMax: 5) else { return nil }
            return sign * (hours * 60 + minutes)
        }
    }
}
