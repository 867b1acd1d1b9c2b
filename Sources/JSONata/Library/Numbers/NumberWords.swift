/// Numbers as English words, and back.
enum NumberWords {
    static let small = [
        "Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten",
        "Eleven", "Twelve", "Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen",
        "Nineteen",
    ]
    static let smallOrdinals = [
        "Zeroth", "First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth",
        "Ninth", "Tenth", "Eleventh", "Twelfth", "Thirteenth", "Fourteenth", "Fifteenth",
        "Sixteenth", "Seventeenth", "Eighteenth", "Nineteenth",
    ]
    static let decades = [
        "Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety", "Hundred",
    ]
    static let magnitudes = ["Thousand", "Million", "Billion", "Trillion"]

    /// Where a part stands in the whole: what joins it to the words before.
    private enum Joint {
        case first
        case afterHyphen
        case following
    }

    /// `Twelve Thousand, Three Hundred and Forty-Five`. Beyond a thousand trillions the last name
    /// repeats: `One Thousand Trillion`, `One Trillion Trillion`.
    static func words(_ value: Double, ordinal: Bool) -> String {
        words(value, .first, ordinal)
    }

    private static func words(_ value: Double, _ joint: Joint, _ ordinal: Bool) -> String {
        if value < 100 { return tens(Int(value), joint, ordinal) }
        let comma = joint == .following ? ", " : ""
        if value < 1000 {
            let rest = value.truncatingRemainder(dividingBy: 100)
            let text = comma + small[Int(value / 100)] + " Hundred"
            return text
                + (rest > 0 ? words(rest, .following, ordinal) : ordinal ? "th" : "")
        }
        let level = value < 1e6 ? 1 : value < 1e9 ? 2 : value < 1e12 ? 3 : 4
        let factor = [1e3, 1e6, 1e9, 1e12][level - 1]
        let count = (value / factor).rounded(.down)
        let rest = value - count * factor
        let text = comma + words(count, .first, false) + " " + magnitudes[level - 1]
        return text + (rest > 0 ? words(rest, .following, ordinal) : ordinal ? "th" : "")
    }

    private static func tens(_ value: Int, _ joint: Joint, _ ordinal: Bool) -> String {
        let and = joint == .following ? " and " : ""
        if value < 20 { return and + (ordinal ? smallOrdinals : small)[max(value, 0)] }
        let decade = decades[value / 10 - 2]
        if value % 10 > 0 { return and + decade + "-" + tens(value % 10, .afterHyphen, ordinal) }
        return and + (ordinal ? decade.dropLast() + "ieth" : decade)
    }

    /// Every word with its value, in the order in which the reference tries them.
    static let values: [(word: [UInt8], value: Double)] = {
        var list: [(String, Double)] = []
        for (value, word) in small.enumerated() { list.append((word, Double(value))) }
        for (value, word) in smallOrdinals.enumerated() { list.append((word, Double(value))) }
        for (index, word) in decades.enumerated() {
            list.append((word, Double(index + 2) * 10))
            list.append((word.dropLast() + "ieth", Double(index + 2) * 10))
        }
        list.append(("hundredth", 100))
        for (word, value) in zip(magnitudes, [1e3, 1e6, 1e9, 1e12]) {
            list.append((word, value))
            list.append((word + "th", value))
        }
        return list.map { (Array($0.0.lowercased().utf8), $0.1) }
    }()

    private static let table: [CodeUnits: Double] = Dictionary(
        values.map { ($0.word.map(UInt16.init), $0.value) }, uniquingKeysWith: { _, last in last })

    /// The number that lower-case words give; NaN when a word is unknown.
    static func number(_ text: CodeUnits) -> Double {
        var segments: [Double] = [0]
        for word in split(text) {
            let value = table[word] ?? .nan
            var top = segments.removeLast()
            if value < 100 {
                if top >= 1000 {
                    segments.append(top)
                    top = 0
                }
                segments.append(top + value)
            } else {
                segments.append(top * value)
            }
        }
        return segments.reduce(0, +)
    }

    /// Splits at a comma with a space, at ` and `, and at single spaces, hyphens and backslashes.
    private static func split(_ text: CodeUnits) -> [CodeUnits] {
        var words: [CodeUnits] = []
        var start = 0
        var index = 0
        while index < text.count {
            let length = separator(text, at: index)
            if length > 0 {
                words.append(CodeUnits(text[start..<index]))
                start = index + length
                index = start
            } else {
                index += 1
            }
        }
        words.append(CodeUnits(text[start...]))
        return words
    }

    private static let and: CodeUnits = [0x61, 0x6E, 0x64]

    private static func separator(_ text: CodeUnits, at index: Int) -> Int {
        let unit = text[index]
        if unit == 0x2C, index + 1 < text.count, TextRules.isSpace(text[index + 1]) { return 2 }
        if TextRules.isSpace(unit) {
            let isAnd =
                index + 4 < text.count && text[(index + 1)...(index + 3)].elementsEqual(and)
                && TextRules.isSpace(text[index + 4])
            return isAnd ? 5 : 1
        }
        return unit == 0x2D || unit == 0x5C ? 1 : 0
    }
}
