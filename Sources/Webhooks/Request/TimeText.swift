import JSON

/// Times as text, without a calendar library: proleptic Gregorian, UTC.
package enum TimeText {
    /// `2026-11-24T02:09:00.000Z`.
    package static func iso8601(_ milliseconds: Int64) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        appendISO8601(milliseconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the same.
    package static func appendISO8601(_ milliseconds: Int64, to bytes: inout [UInt8]) {
        bytes.append(expecting: 24) { writeISO8601(milliseconds, to: &$0) }
    }

    /// Writes the same.
    static func writeISO8601(_ milliseconds: Int64, to out: inout TextOutput) {
        let day = Int(floorDivide(milliseconds, 86_400_000))
        let remainder = Int(milliseconds % 86_400_000)
        let rest = remainder < 0 ? remainder + 86_400_000 : remainder
        let (year, month, date) = civil(day)
        if year < 0 { out.byte("-") }
        let magnitude = UInt64(year.magnitude)
        if magnitude < 10_000 {
            out.digits(magnitude, 4)
        } else {
            out.number(Int64(magnitude))
        }
        out.byte("-")
        out.pair(month)
        out.byte("-")
        out.pair(date)
        out.byte("T")
        out.pair(rest / 3_600_000)
        out.byte(":")
        out.pair(rest / 60_000 % 60)
        out.byte(":")
        out.pair(rest / 1000 % 60)
        out.byte(".")
        out.digits(UInt64(rest % 1000), 3)
        out.byte("Z")
    }

    static func floorDivide<Number: BinaryInteger>(_ value: Number, _ divisor: Number) -> Number {
        value / divisor - (value % divisor < 0 ? 1 : 0)
    }

    /// Year, month and day of a day count from 1970-01-01 (Hinnant, "chrono-Compatible Low-Level Date
    /// Algorithms").
    static func civil(_ days: Int) -> (Int, Int, Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// Days from 1970-01-01 of a date.
    static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    /// Milliseconds of `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)` (RFC 3339), or nil.
    package static func milliseconds(iso8601 text: String) -> Int64? {
        let bytes = Array(text.utf8)
        func number(_ start: Int, _ count: Int) -> Int? {
            guard start + count <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[start..<start + count] {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            return value
        }
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] | 0x20 == UInt8(ascii: "t"), bytes[13] == UInt8(ascii: ":"),
            bytes[16] == UInt8(ascii: ":"), let year = number(0, 4), let month = number(5, 2),
            let day = number(8, 2), let hour = number(11, 2), let minute = number(14, 2),
            let second = number(17, 2), (1...12).contains(month), (1...31).contains(day), hour < 24,
            minute < 60, second <= 60
        else { return nil }
        var index = 19
        var fraction = 0
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            let start = index
            while index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39 {
                if index - start < 3 { fraction = fraction * 10 + Int(bytes[index] - 0x30) }
                index += 1
            }
            guard index > start else { return nil }
            for _ in 0..<max(0, 3 - (index - start)) { fraction *= 10 }
        }
        guard index < bytes.count else { return nil }
        var offset = 0
        if bytes[index] | 0x20 == UInt8(ascii: "z") {
            guard index + 1 == bytes.count else { return nil }
        } else {
            guard bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-"),
                index + 6 == bytes.count, bytes[index + 3] == UInt8(ascii: ":"),
                let hours = number(index + 1, 2), let minutes = number(index + 4, 2)
            else { return nil }
            offset = (hours * 60 + minutes) * (bytes[index] == UInt8(ascii: "-") ? -1 : 1)
        }
        let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
        return Int64(seconds - offset * 60) * 1000 + Int64(fraction)
    }
}
