import Glibc

/// The only place that reads a clock.
package enum Clock {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    package static var nowMilliseconds: Int64 {
        let time = read(CLOCK_REALTIME)
        return Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000
    }

    /// Nanoseconds that only go forward.
    package static var monotonicNanoseconds: UInt64 {
        let time = read(CLOCK_MONOTONIC)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        // unsafe: fills the value given; these clocks exist on every Linux.
        unsafe clock_gettime(clock, &time)
        return time
    }
}

/// Times as text.
package enum Timestamp {
    /// `2026-01-31T12:00:00.123Z` of milliseconds since 1970.
    package static func text(_ milliseconds: Int64) -> String {
        var bytes: [UInt8] = []
        append(milliseconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the same, for the years 0 to 9999.
    static func append(_ milliseconds: Int64, to bytes: inout [UInt8]) {
        let (days, ofDay) = (milliseconds.floorDivided(by: 86_400_000))
        // Days to civil date in the proleptic Gregorian calendar, counting years from March.
        let shifted = days + 719_468
        let era = shifted.floorDivided(by: 146_097)
        let dayOfEra = era.remainder
        let year =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
        let march = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * march + 2) / 5 + 1
        let month = march < 10 ? march + 3 : march - 9
        let civil = year + era.quotient * 400 + (month <= 2 ? 1 : 0)
        func part(_ number: Int64, _ digits: Int, _ end: Unicode.Scalar) {
            var unit: UInt64 = digits == 4 ? 1000 : digits == 3 ? 100 : 10
            while unit > 0 {
                bytes.append(0x30 + UInt8(number.magnitude / unit % 10))
                unit /= 10
            }
            bytes.append(UInt8(ascii: end))
        }
        part(civil, 4, "-")
        part(month, 2, "-")
        part(day, 2, "T")
        part(ofDay / 3_600_000, 2, ":")
        part(ofDay / 60_000 % 60, 2, ":")
        part(ofDay / 1000 % 60, 2, ".")
        part(ofDay % 1000, 3, "Z")
    }
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
