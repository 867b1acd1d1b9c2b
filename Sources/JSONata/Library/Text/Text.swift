import JSON

/// The string functions of JSONata that need no regular expression.
///
/// Characters are code points in `$length`, `$substring` and `$pad`, UTF-16 code units elsewhere, as
/// in the reference. Nothing here compares with `==`, which takes canonically equivalent texts for
/// equal.
package enum Text {
    /// True when every byte is ASCII: code units, code points and bytes are then the same.
    static func isASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 0x80 } }

    /// The code units of `text` are those of `other`.
    package static func isIdentical(_ text: String, _ other: String) -> Bool {
        text.utf8.count == other.utf8.count && text.utf8.elementsEqual(other.utf8)
    }

    /// `<` of the reference: by UTF-16 code units.
    package static func precedes(_ text: String, _ other: String) -> Bool {
        compare(text, other) < 0
    }

    /// Negative, zero or positive as `text` comes before, with or after `other`.
    ///
    /// UTF-8 has the order of code points; only surrogates, which stand for what is beyond U+FFFF, come
    /// before U+E000–U+FFFF in UTF-16.
    package static func compare(_ text: String, _ other: String) -> Int {
        var left = text.utf8.makeIterator()
        var right = other.utf8.makeIterator()
        /// Within equal bytes that may begin a lone surrogate's stand-in.
        var sawLast = false
        while true {
            guard let a = left.next() else { return right.next() == nil ? 0 : -1 }
            guard let b = right.next() else { return 1 }
            if a == b {
                sawLast = sawLast || a == 0xF4
                continue
            }
            if sawLast { return compareUnits(text, other) }
            // 0xEE and 0xEF begin U+E000–U+FFFF, 0xF0–0xF4 begin what UTF-16 writes as surrogates.
            if a >= 0xEE, b >= 0xEE, (a >= 0xF0) != (b >= 0xF0) { return a >= 0xF0 ? -1 : 1 }
            if a >= 0xF4 || b >= 0xF4 { return compareUnits(text, other) }
            return a < b ? -1 : 1
        }
    }

    /// With the stand-ins of lone surrogates among the texts.
    private static func compareUnits(_ text: String, _ other: String) -> Int {
        let left = CodeUnits(units: text)
        let right = CodeUnits(units: other)
        for (a, b) in zip(left, right) where a != b { return a < b ? -1 : 1 }
        return left.count - right.count
    }

    /// `$length`: code points.
    package static func length(_ text: String) -> Int {
        // Every byte that does not continue a sequence begins a code point.
        text.utf8.count { $0 & 0xC0 != 0x80 }
    }

    /// How many UTF-16 code units the text has.
    package static func utf16Length(_ text: String) -> Int {
        text.utf8.reduce(0) { $0 + unitsBegun(by: $1) }
            - standInCount(text)
    }

    private static func unitsBegun(by byte: UInt8) -> Int {
        byte & 0xC0 == 0x80 ? 0 : byte >= 0xF0 ? 2 : 1
    }

    private static func standInCount(_ text: String) -> Int {
        guard text.utf8.contains(0xF4) else { return 0 }
        return text.unicodeScalars.count { StringEscapes.surrogate(for: $0) != nil }
    }

    /// `$substring` by code points; `start` may count from the end.
    package static func substring(_ text: String, _ start: Double, _ length: Double? = nil)
        -> String
    {
        let range = substringRange(Self.length(text), start, length)
        return slice(text, range.lowerBound, range.upperBound)
    }

    /// Which of `count` code points `$substring` takes.
    static func substringRange(_ count: Int, _ start: Double, _ length: Double?) -> Range<Int> {
        if let length, length <= 0 { return 0..<0 }
        let total = Double(count)
        let start = total + start < 0 ? 0 : start
        // Array.prototype.slice cuts fractions and lets negative bounds count from the end.
        func bound(_ value: Double) -> Int {
            let whole = value.isNaN ? 0 : value.rounded(.towardZero)
            return Int(whole < 0 ? max(total + whole, 0) : min(whole, total))
        }
        let end = length.map { start >= 0 ? start + $0 : total + start + $0 }
        let (low, high) = (bound(start), end.map(bound) ?? count)
        return low..<max(low, high)
    }

    /// Code points from `start` up to `end`.
    private static func slice(_ text: String, _ start: Int, _ end: Int) -> String {
        guard start < end else { return "" }
        let view = text.utf8
        if view.count == length(text) {
            let low = view.index(view.startIndex, offsetBy: start)
            return String(text[low..<view.index(low, offsetBy: end - start)])
        }
        let scalars = text.unicodeScalars
        let low = scalars.index(scalars.startIndex, offsetBy: start)
        return String(text[low..<scalars.index(low, offsetBy: end - start)])
    }

    /// `$substringBefore`: the whole text when `part` is not in it.
    package static func substringBefore(_ text: String, _ part: String) -> String {
        let (text, part) = searchable(text, part)
        return recombined(range(of: part, in: text).map { String(text[..<$0.lowerBound]) } ?? text)
    }

    /// `$substringAfter`: the whole text when `part` is not in it.
    package static func substringAfter(_ text: String, _ part: String) -> String {
        let (text, part) = searchable(text, part)
        return recombined(range(of: part, in: text).map { String(text[$0.upperBound...]) } ?? text)
    }

    /// `$contains` of a string.
    package static func contains(_ text: String, _ part: String) -> Bool {
        let (text, part) = searchable(text, part)
        return range(of: part, in: text) != nil
    }

    /// Both as they are, or, when `part` holds half a surrogate pair, with every pair taken apart.
    private static func searchable(_ text: String, _ part: String) -> (text: String, part: String) {
        guard standInCount(part) > 0 else { return (text, part) }
        return (
            String(decoding: RegexSubject(text).bytes, as: UTF8.self),
            String(decoding: RegexSubject(part).bytes, as: UTF8.self)
        )
    }

    /// Where `part` first is, from `start` on.
    ///
    /// UTF-8 of whole code points is only found at code point borders, so this is the reference's search
    /// by code units; for halves of surrogate pairs both are to be `searchable`.
    static func range(
        of part: String, in text: String, from start: String.Index? = nil
    ) -> Range<String.Index>? {
        let view = text.utf8
        let wanted = part.utf8
        var index = start ?? view.startIndex
        guard let first = wanted.first else { return index..<index }
        let rest = wanted.dropFirst()
        while let found = view[index...].firstIndex(of: first) {
            let after = view.index(after: found)
            if view[after...].starts(with: rest) {
                return found..<view.index(found, offsetBy: wanted.count)
            }
            index = after
        }
        return nil
    }

    /// `$trim`: runs of space, tab and line ends become one space; those at the ends go.
    package static func trim(_ text: String) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count)
        /// Space was seen and not yet written.
        var isPending = false
        for byte in text.utf8 {
            if byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
                isPending = !out.isEmpty
            } else {
                if isPending {
                    out.append(0x20)
                    isPending = false
                }
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// `$pad`: to the right for a positive width, to the left for a negative one, with `filler`
    /// repeated and cut.
    ///
    /// - Throws: U1002 beyond `bytesMax`.
    package static func pad(
        _ text: String, _ width: Double, _ filler: String = " ", bytesMax: Int
    ) throws(JSONataError) -> String {
        let filler = filler.isEmpty ? " " : filler
        let missing = width.rounded(.towardZero).magnitude - Double(length(text))
        guard missing > 0 else { return text }
        let bytes = missing * Double(filler.utf8.count) + Double(text.utf8.count)
        guard bytes <= Double(bytesMax) else {
            throw JSONataError(.u1002, value: .number(JSONNumber(Double(bytesMax))))
        }
        // A filler of one UTF-16 unit is repeated; of several it is cut to code points, the number of
        // repetitions being the same.
        var padding = String(repeating: filler, count: Int(missing))
        if utf16Length(filler) > 1 { padding = substring(padding, 0, missing) }
        return recombined(width > 0 ? text + padding : padding + text)
    }

    /// The text with halves of surrogate pairs that have come together made whole.
    static func recombined(_ text: String) -> String {
        text.utf8.contains(0xF4) ? CodeUnits(units: text).text : text
    }

    /// `$join`.
    ///
    /// - Throws: U1002 beyond `bytesMax`.
    package static func join(
        _ texts: [String], _ separator: String = "", bytesMax: Int
    ) throws(JSONataError) -> String {
        var bytes = 0
        for text in texts { bytes += text.utf8.count + separator.utf8.count }
        guard bytes <= bytesMax &+ separator.utf8.count else {
            throw JSONataError(.u1002, value: .number(JSONNumber(Double(bytesMax))))
        }
        var out = ""
        out.reserveCapacity(bytes)
        for (index, text) in texts.enumerated() {
            if index > 0 { out += separator }
            out += text
        }
        return recombined(out)
    }

    /// `$split` at a string; an empty one splits into UTF-16 code units.
    ///
    /// - Throws: D3020 for a negative limit.
    package static func split(
        _ text: String, _ separator: String, limit: Double? = nil
    ) throws(JSONataError) -> [String] {
        let most = try splitLimit(limit)
        if separator.isEmpty {
            return CodeUnits(units: text).prefix(most).map { [$0].text }
        }
        let (text, separator) = searchable(text, separator)
        var parts: [String] = []
        var start = text.startIndex
        while parts.count < most, let found = range(of: separator, in: text, from: start) {
            parts.append(String(text[start..<found.lowerBound]))
            start = found.upperBound
        }
        if parts.count < most { parts.append(String(text[start...])) }
        return parts.map(recombined)
    }

    /// String.prototype.split cuts a limit's fraction and counts modulo 2³².
    private static func splitLimit(_ limit: Double?) throws(JSONataError) -> Int {
        guard let limit else { return .max }
        guard !(limit < 0) else {
            throw JSONataError(.d3020, value: .number(JSONNumber(limit)), argumentIndex: 3)
        }
        guard limit.isFinite else { return 0 }
        return Int(limit.rounded(.towardZero).truncatingRemainder(dividingBy: 4_294_967_296))
    }

    /// `$replace` of a string by a string, at most `limit` times.
    ///
    /// - Throws: D3010 for an empty pattern, D3011 for a negative limit, U1002 beyond `bytesMax`.
    package static func replace(
        _ text: String, _ pattern: String, with replacement: String, limit: Double? = nil,
        bytesMax: Int
    ) throws(JSONataError) -> String {
        guard !pattern.isEmpty else {
            throw JSONataError(.d3010, value: .string(pattern), argumentIndex: 2)
        }
        if let limit, limit < 0 {
            throw JSONataError(.d3011, value: .number(JSONNumber(limit)), argumentIndex: 4)
        }
        let (text, pattern) = searchable(text, pattern)
        var out = ""
        var count = 0.0
        var start = text.startIndex
        while count < limit ?? .infinity, let found = range(of: pattern, in: text, from: start) {
            out += text[start..<found.lowerBound]
            out += replacement
            guard out.utf8.count <= bytesMax else {
                throw JSONataError(.u1002, value: .number(JSONNumber(Double(bytesMax))))
            }
            start = found.upperBound
            count += 1
        }
        return recombined(out + text[start...])
    }
}
