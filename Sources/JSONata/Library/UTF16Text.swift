internal import JSON

/// Between Swift strings and UTF-16 units, with lone surrogates as `StringEscapes` keeps them.
enum UTF16Text {
    /// The units of `text`; a stand-in becomes the lone surrogate it stands for.
    static func units(of text: String) -> [UInt16] {
        var units: [UInt16] = []
        units.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            if let surrogate = StringEscapes.surrogate(for: scalar) {
                units.append(surrogate)
            } else {
                units.append(contentsOf: UTF16.encode(scalar).map(Array.init) ?? [])
            }
        }
        return units
    }

    /// The text of `units`; a lone surrogate becomes its stand-in.
    static func string(_ units: ArraySlice<UInt16>) -> String {
        var text = String.UnicodeScalarView()
        var index = units.startIndex
        while index < units.endIndex {
            let unit = units[index]
            index += 1
            if let scalar = Unicode.Scalar(unit) {
                text.append(scalar)
            } else if unit < 0xDC00, index < units.endIndex, units[index] & 0xFC00 == 0xDC00 {
                let value = 0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(units[index] & 0x3FF))
                text.append(Unicode.Scalar(value) ?? "\u{FFFD}")
                index += 1
            } else {
                text.append(StringEscapes.scalar(forSurrogate: UInt32(unit)))
            }
        }
        return String(text)
    }

    /// Number of units without making them.
    static func count(_ text: String) -> Int {
        text.utf8.allSatisfy { $0 < 0x80 } ? text.utf8.count : units(of: text).count
    }

    /// True when `left` comes before `right` unit by unit, as ECMAScript compares.
    static func isLess(_ left: String, _ right: String) -> Bool {
        // UTF-8 order differs from UTF-16 order only when a character beyond U+FFFF meets one from
        // U+E000 on; stand-ins of surrogates are such characters too.
        var first = left.utf8.makeIterator()
        var second = right.utf8.makeIterator()
        while true {
            let (a, b) = (first.next(), second.next())
            if a == b {
                if a == nil { return false }
                continue
            }
            guard let a, let b else { return a == nil }
            if a < 0xEE, b < 0xEE { return a < b }
            return units(of: left).lexicographicallyPrecedes(units(of: right))
        }
    }
}
