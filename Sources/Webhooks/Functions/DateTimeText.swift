/// Reads times as the npm package `luxon` does: by its tokens, ISO 8601, RFC 2822 and seconds. English names
/// only; zones are offsets, because zone tables change and belong to nobody here.
struct DateTimeText {
    /// The zone of times that name none, and of the answer.
    let zoneMinutes: Int
    /// The day that a time without a date is of.
    let nowMilliseconds: Int64

    private static let months = [
        "january", "february", "march", "april", "may", "june", "july", "august", "september",
        "october", "november", "december",
    ]
    private static let weekdays = [
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    ]

    /// What was found in a text.
    private struct Fields {
        var year: Int?
        var month: Int?
        var day: Int?
        var ordinal: Int?
        var weekYear: Int?
        var week: Int?
        var weekday: Int?
        var hour: Int?
        var hour12: Int?
        var isAfternoon: Bool?
        var minute: Int?
        var second: Int?
        var millisecond: Int?
        var offset: Int?
        var instant: Int64?
    }

    /// ISO 8601 in the zone of this reader, or nil.
    func read(_ text: String, _ format: String) -> String? {
        let fields: Fields?
        switch format {
        case "ISO": fields = iso(text)
        case "RFC2822":
            fields =
                [
                    "EEE, d MMM yyyy HH:mm:ss ZZZ", "d MMM yyyy HH:mm:ss ZZZ",
                    "EEE, d MMM yyyy HH:mm ZZZ",
                ]
                .lazy.compactMap { Scanner.read(Self.withoutZoneName(text), $0) }.first
        case "fromSeconds": fields = Scanner.read(text, "X")
        default: fields = Scanner.read(text, format)
        }
        return fields.flatMap(milliseconds).map(written)
    }

    private static func withoutZoneName(_ text: String) -> String {
        for name in [" GMT", " UTC", " UT", " Z"] where text.hasSuffix(name) {
            return text.dropLast(name.count) + " +0000"
        }
        return text
    }

    private func iso(_ text: String) -> Fields? {
        let parts = text.split(
            maxSplits: 1, omittingEmptySubsequences: false,
            whereSeparator: { $0 == "T" || $0 == "t" })
        let dates = [
            "yyyy-MM-dd", "yyyyMMdd", "yyyy-MM", "kkkk-'W'WW-c", "kkkk-'W'WW", "yyyy-ooo", "yyyy",
        ]
        let times = [
            "HH:mm:ss.u", "HH:mm:ss,u", "HHmmss.u", "HH:mm:ss", "HHmmss", "HH:mm", "HHmm", "HH",
        ]
        let zones = ["", "'Z'", "ZZ", "ZZZ", "Z"]
        if parts.count == 1 {
            if let date = Self.first(dates, text) { return date }
            guard text.contains(":") else { return nil }
        }
        for time in times {
            for zone in zones {
                let pattern = time + zone
                for date in parts.count == 1 ? [""] : dates {
                    let format = date.isEmpty ? pattern : date + "'T'" + pattern
                    if var fields = Scanner.read(text.uppercased(), format) {
                        if zone == "'Z'" { fields.offset = 0 }
                        return fields
                    }
                }
            }
        }
        return nil
    }

    private static func first(_ formats: [String], _ text: String) -> Fields? {
        for format in formats {
            if let fields = Scanner.read(text.uppercased(), format) { return fields }
        }
        return nil
    }

    /// Minutes east of Greenwich: `utc`, `UTC+2`, `+02:00`; nil for anything else.
    static func offset(ofZone name: String) -> Int? {
        var rest = name.lowercased()[...]
        for prefix in ["utc", "gmt"] where rest.hasPrefix(prefix) { rest = rest.dropFirst(3) }
        if rest.isEmpty || rest == "z" { return name.isEmpty ? nil : 0 }
        let sign = rest.first == "-" ? -1 : 1
        guard rest.first == "+" || rest.first == "-" else { return nil }
        let parts = rest.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let hours = Int(parts[0]), parts[0].count <= 2,
            let minutes = parts.count == 1 ? 0 : Int(parts[1]), (0...14).contains(hours),
            (0...59).contains(minutes)
        else { return nil }
        return sign * (hours * 60 + minutes)
    }

    private func milliseconds(_ fields: Fields) -> Int64? {
        if let instant = fields.instant { return instant }
        var hour = fields.hour ?? 0
        if let hour12 = fields.hour12 {
            guard (1...12).contains(hour12) else { return nil }
            hour = hour12 % 12 + (fields.isAfternoon == true ? 12 : 0)
        }
        let (minute, second) = (fields.minute ?? 0, fields.second ?? 0)
        let rest = (hour * 60 + minute) * 60_000 + second * 1000 + (fields.millisecond ?? 0)
        // 24:00 is the end of a day.
        guard (0...59).contains(minute), (0...59).contains(second), hour < 24 || rest == 86_400_000
        else { return nil }
        let today = TimeText.civil(Int(TimeText.floorDivide(nowMilliseconds, 86_400_000)))
        let days: Int
        if let week = fields.week {
            let year = fields.weekYear ?? today.0
            let fourth = TimeText.days(year, 1, 4)
            let monday = fourth - (fourth + 3 - 7 * TimeText.floorDivide(fourth + 3, 7))
            guard (1...53).contains(week) else { return nil }
            days = monday + (week - 1) * 7 + (fields.weekday ?? 1) - 1
        } else if let ordinal = fields.ordinal {
            let first = TimeText.days(fields.year ?? today.0, 1, 1)
            guard ordinal >= 1, ordinal <= TimeText.days((fields.year ?? today.0) + 1, 1, 1) - first
            else { return nil }
            days = first + ordinal - 1
        } else {
            let hasDate = fields.year != nil || fields.month != nil || fields.day != nil
            let year = fields.year ?? today.0
            let month = fields.month ?? (fields.year != nil ? 1 : today.1)
            let day = fields.day ?? (hasDate ? 1 : today.2)
            guard (1...12).contains(month), day >= 1, day <= Self.length(year, month) else {
                return nil
            }
            days = TimeText.days(year, month, day)
            if let weekday = fields.weekday,
                weekday != days + 3 - 7 * TimeText.floorDivide(days + 3, 7) + 1
            {
                return nil
            }
        }
        return Int64(days) * 86_400_000 + Int64(rest)
            - Int64(fields.offset ?? zoneMinutes) * 60_000
    }

    private static func length(_ year: Int, _ month: Int) -> Int {
        TimeText.days(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1)
            - TimeText.days(year, month, 1)
    }

    /// `2024-02-29T14:34:56.789+02:00`, or with Z for no offset.
    private func written(_ milliseconds: Int64) -> String {
        let text = TimeText.iso8601(milliseconds + Int64(zoneMinutes) * 60_000)
        guard zoneMinutes != 0 else { return text }
        let pad = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
        let minutes = zoneMinutes.magnitude
        return text.dropLast() + (zoneMinutes < 0 ? "-" : "+") + pad(Int(minutes / 60)) + ":"
            + pad(Int(minutes % 60))
    }

    // MARK: Tokens

    /// Reads a text by a format from left to right.
    private struct Scanner {
        private var rest: Substring
        private var fields = Fields()

        /// The fields, or nil when the text does not follow the format.
        static func read(_ text: String, _ format: String) -> Fields? {
            var scanner = Scanner(rest: text[...])
            return scanner.read(format)
        }

        private init(rest: Substring) { self.rest = rest }

        private mutating func read(_ format: String) -> Fields? {
            var format = format[...]
            while let first = format.first {
                if first == "'" {
                    let literal = format.dropFirst().prefix { $0 != "'" }
                    format = format.dropFirst(literal.count + 2)
                    guard skip(literal) else { return nil }
                    continue
                }
                let run = format.prefix { $0 == first }
                format = format.dropFirst(run.count)
                let isToken = first.isASCII && first.isLetter
                guard isToken ? token(String(run)) : skip(run) else { return nil }
            }
            return rest.isEmpty ? fields : nil
        }

        private mutating func skip(_ literal: Substring) -> Bool {
            guard rest.hasPrefix(literal) else { return false }
            rest = rest.dropFirst(literal.count)
            return true
        }

        /// A number of so many digits; what follows it is left.
        private mutating func number(_ digits: ClosedRange<Int>, signed: Bool = false) -> Int? {
            let isNegative = signed && rest.first == "-"
            if isNegative { rest = rest.dropFirst() }
            let found = rest.prefix { $0.isASCII && $0.isNumber }.prefix(digits.upperBound)
            guard found.count >= digits.lowerBound, let value = Int(found) else { return nil }
            rest = rest.dropFirst(found.count)
            return isNegative ? -value : value
        }

        /// The place of a name in a list, from 1; the first `length` letters of it for a short one.
        private mutating func name(_ names: [String], _ length: Int?) -> Int? {
            let text = rest.prefix(9).lowercased()
            for (place, name) in names.enumerated() {
                let wanted = length.map { String(name.prefix($0)) } ?? name
                if text.hasPrefix(wanted) {
                    rest = rest.dropFirst(wanted.count)
                    return place + 1
                }
            }
            return nil
        }

        private mutating func put(_ path: WritableKeyPath<Fields, Int?>, _ value: Int?) -> Bool {
            fields[keyPath: path] = value
            return value != nil
        }

        private mutating func token(_ token: String) -> Bool {
            switch token {
            case "y", "yyyyy": return put(\.year, number(token == "y" ? 1...6 : 4...6))
            case "yyyy": return put(\.year, number(4...4))
            case "yyyyyy": return put(\.year, number(6...6, signed: true))
            case "yy", "kk":
                guard let short = number(2...4) else { return false }
                let year = short > 99 ? short : short > 60 ? 1900 + short : 2000 + short
                return put(token == "yy" ? \.year : \.weekYear, year)
            case "kkkk": return put(\.weekYear, number(4...4))
            case "M", "L": return put(\.month, number(1...2))
            case "MM", "LL": return put(\.month, number(2...2))
            case "MMM", "LLL": return put(\.month, name(DateTimeText.months, 3))
            case "MMMM", "LLLL": return put(\.month, name(DateTimeText.months, nil))
            case "d": return put(\.day, number(1...2))
            case "dd": return put(\.day, number(2...2))
            case "o": return put(\.ordinal, number(1...3))
            case "ooo": return put(\.ordinal, number(3...3))
            case "W": return put(\.week, number(1...2))
            case "WW": return put(\.week, number(2...2))
            case "E", "c":
                return put(\.weekday, number(1...1).flatMap { (1...7).contains($0) ? $0 : nil })
            case "EEE", "ccc": return put(\.weekday, name(DateTimeText.weekdays, 3))
            case "EEEE", "cccc": return put(\.weekday, name(DateTimeText.weekdays, nil))
            default: return timeToken(token)
            }
        }

        private mutating func timeToken(_ token: String) -> Bool {
            switch token {
            case "H": return put(\.hour, number(1...2))
            case "HH": return put(\.hour, number(2...2))
            case "h": return put(\.hour12, number(1...2))
            case "hh": return put(\.hour12, number(2...2))
            case "m": return put(\.minute, number(1...2))
            case "mm": return put(\.minute, number(2...2))
            case "s": return put(\.second, number(1...2))
            case "ss": return put(\.second, number(2...2))
            case "S": return put(\.millisecond, number(1...3))
            case "SSS": return put(\.millisecond, number(3...3))
            case "u", "uu", "uuu":
                let digits = rest.prefix { $0.isASCII && $0.isNumber }
                guard (1...9).contains(digits.count) else { return false }
                rest = rest.dropFirst(digits.count)
                let padded =
                    digits.prefix(3) + String(repeating: "0", count: max(0, 3 - digits.count))
                return put(\.millisecond, Int(padded))
            case "a":
                let mark = rest.prefix(2).lowercased()
                guard mark == "am" || mark == "pm" else { return false }
                rest = rest.dropFirst(2)
                fields.isAfternoon = mark == "pm"
                return true
            case "Z", "ZZ", "ZZZ": return zone(token)
            case "X", "x":
                guard let value = number(1...15, signed: true) else { return false }
                fields.instant = token == "X" ? Int64(value) * 1000 : Int64(value)
                // Seconds may have a fraction.
                guard token == "X", rest.first == "." else { return true }
                rest = rest.dropFirst()
                guard timeToken("u") else { return false }
                fields.instant = (fields.instant ?? 0) + Int64(fields.millisecond ?? 0)
                return true
            default: return false
            }
        }

        /// `+5`, `+05:00` or `+0500`.
        private mutating func zone(_ token: String) -> Bool {
            guard let sign = rest.first, sign == "+" || sign == "-" else { return false }
            rest = rest.dropFirst()
            guard let hours = number(token == "Z" ? 1...2 : 2...2) else { return false }
            var minutes = 0
            if token == "ZZZ" || rest.first == ":" {
                if token != "ZZZ" { rest = rest.dropFirst() }
                guard let found = number(2...2) else { return false }
                minutes = found
            } else if token == "ZZ" {
                return false
            }
            guard hours <= 14, minutes < 60 else { return false }
            return put(\.offset, (sign == "-" ? -1 : 1) * (hours * 60 + minutes))
        }
    }
}
