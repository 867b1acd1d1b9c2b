/// Sizes and durations as the configuration writes them.
package enum Quantities {
    /// Unit → bytes. Only binary units: `MB` means two things.
    private static let sizeUnits: [(String, Int)] = [
        ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]
    private static let durationUnits: [(String, Int)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    /// `1MiB`, `512B`, or a bare count of bytes; nil for anything else, overflow included.
    package static func bytes(_ text: String) -> Int? {
        let (digits, unit) = split(text)
        guard let number = decimal(digits) else { return nil }
        if unit.isEmpty { return number }
        guard let factor = sizeUnits.first(where: { $0.0 == unit })?.1 else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }

    /// `300s`, `24h`, `1500ms`, in milliseconds; nil for anything else, overflow included. A number
    /// without a unit is no duration, but for 0.
    package static func milliseconds(_ text: String) -> Int? {
        let (digits, unit) = split(text)
        guard let number = decimal(digits) else { return nil }
        if unit.isEmpty { return number == 0 ? 0 : nil }
        guard let factor = durationUnits.first(where: { $0.0 == unit })?.1 else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }

    /// What would be right in place of a text that is no size.
    package static func sizeAdvice(_ text: String) -> String {
        let (digits, unit) = split(text)
        let binary = ["K": "KiB", "M": "MiB", "G": "GiB", "T": "TiB"]
        if decimal(digits) != nil, let letter = unit.first?.uppercased(), let right = binary[letter]
        {
            return "write \(digits)\(right)"
        }
        return "write a number with B, KiB, MiB, GiB or TiB, such as 1MiB"
    }

    /// What would be right in place of a text that is no duration.
    package static func durationAdvice(_ text: String) -> String {
        let (digits, unit) = split(text)
        if decimal(digits) != nil {
            if unit.isEmpty { return "give the unit: \(digits)s for seconds" }
            switch unit.lowercased() {
            case "sec", "second", "seconds": return "write \(digits)s"
            case "min", "minute", "minutes": return "write \(digits)m"
            case "hour", "hours": return "write \(digits)h"
            case "day", "days": return "write \(digits)d"
            default: break
            }
        }
        return "write a number with ms, s, m, h or d, such as 300s"
    }

    /// A size in the largest unit that divides it: 1048576 → `1MiB`.
    package static func sizeText(_ bytes: Int) -> String {
        for (unit, factor) in sizeUnits.reversed() where bytes >= factor && bytes % factor == 0 {
            return "\(bytes / factor)\(unit)"
        }
        return "\(bytes)B"
    }

    /// A duration in the largest unit that divides it: 300000 → `5m`.
    package static func durationText(_ milliseconds: Int) -> String {
        for (unit, factor) in durationUnits.reversed()
        where milliseconds >= factor && milliseconds % factor == 0 {
            return "\(milliseconds / factor)\(unit)"
        }
        return "\(milliseconds)ms"
    }

    private static func split(_ text: String) -> (digits: Substring, unit: Substring) {
        let end = text.utf8.firstIndex { $0 < 0x30 || $0 > 0x39 } ?? text.endIndex
        return (text[..<end], text[end...])
    }

    /// Digits only, so that `+5` and `1_000` are refused.
    private static func decimal(_ digits: Substring) -> Int? {
        digits.isEmpty ? nil : Int(digits)
    }
}

/// The nearest of some words, for suggestions.
enum Spelling {
    /// The word that differs from `text` least, when it is near enough to be meant.
    static func nearest(to text: String, among words: some Sequence<String>) -> String? {
        let limit = max(1, min(3, (text.utf8.count + 2) / 3))
        var best: (word: String, distance: Int)?
        for word in words {
            let distance = distance(Array(text.lowercased().utf8), Array(word.lowercased().utf8))
            if distance <= limit, distance < best?.distance ?? .max { best = (word, distance) }
        }
        return best?.word
    }

    /// Levenshtein's distance, for words of at most 64 bytes.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        guard left.count <= 64, right.count <= 64 else { return .max }
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (place, other) in right.enumerated() {
                let substitution = diagonal + (byte == other ? 0 : 1)
                diagonal = row[place + 1]
                row[place + 1] = min(substitution, diagonal + 1, row[place] + 1)
            }
        }
        return row[right.count]
    }
}
