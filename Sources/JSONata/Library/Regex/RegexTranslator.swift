import JSON

/// Rewrites an ECMAScript regular expression without the flag `u` (ECMA-262 §22.2.1 with Annex
/// B.1.2) as one of PCRE2.
///
/// Every construct is read and written anew, so that nothing of PCRE2's own syntax can be reached
/// from a pattern. What the two do differently and cannot be written otherwise is listed at
/// `JSONataRegex`.
struct RegexTranslator {
    private let units: CodeUnits
    private let isMultiline: Bool
    private let isCaseless: Bool
    private var index = 0
    private var out = ""
    /// The open groups: whether a quantifier may follow each one's end.
    private var open: [Bool] = []
    /// What was written last may be repeated.
    private var isRepeatable = false
    private let groupCount: Int
    /// Number of each named group.
    private let names: [CodeUnits: Int]

    private init(
        _ units: CodeUnits, isMultiline: Bool, isCaseless: Bool
    ) throws(JSONataError) {
        self.units = units
        self.isMultiline = isMultiline
        self.isCaseless = isCaseless
        (groupCount, names) = try Self.groups(units)
    }

    /// The pattern in PCRE2's syntax.
    ///
    /// - Throws: U1005.
    static func translate(
        _ pattern: String, isMultiline: Bool, isCaseless: Bool
    ) throws(JSONataError) -> String {
        var translator = try RegexTranslator(
            CodeUnits(units: pattern), isMultiline: isMultiline, isCaseless: isCaseless)
        while translator.index < translator.units.count { try translator.term() }
        guard translator.open.isEmpty else { throw invalid("a group is not closed") }
        return translator.out
    }

    private static func invalid(_ detail: String) -> JSONataError {
        JSONataError(.u1005, detail: detail)
    }

    /// Counts the capturing groups and numbers the named ones; a reference may stand before its group.
    private static func groups(
        _ units: CodeUnits
    ) throws(JSONataError) -> (Int, [CodeUnits: Int]) {
        var count = 0
        var names: [CodeUnits: Int] = [:]
        var isInClass = false
        var index = 0
        while index < units.count {
            let unit = units[index]
            index += 1
            switch unit {
            case 0x5C: index += 1
            case 0x5B: isInClass = true
            case 0x5D: isInClass = false
            case 0x28 where !isInClass:
                if units.unit(at: index) != [0x3F] {
                    count += 1
                } else if units.unit(at: index + 1) == [0x3C],
                    ![[0x3D], [0x21]].contains(units.unit(at: index + 2))
                {
                    count += 1
                    guard let end = units.firstIndex(of: [0x3E], from: index + 2) else {
                        throw invalid("a group's name is not closed")
                    }
                    let name = units.substring(index + 2, end)
                    let isName = name.allSatisfy { Self.isNameUnit($0) }
                    guard !name.isEmpty, isName,
                        !CodeUnitSet.digits.ranges[0].contains(
                            UInt32(name[0]))
                    else { throw invalid("a group's name is not valid") }
                    guard names.updateValue(count, forKey: name) == nil else {
                        throw invalid("two groups have one name")
                    }
                }
            default: break
            }
        }
        return (count, names)
    }

    private static func isNameUnit(_ unit: UInt16) -> Bool {
        unit >= 0x80 || unit == 0x24
            || CodeUnitSet.words.ranges.contains { $0.contains(UInt32(unit)) }
    }

    private func peek(_ offset: Int = 0) -> UInt16? {
        index + offset < units.count ? units[index + offset] : nil
    }

    private func hasPrefix(_ text: String) -> Bool {
        units[index...].starts(with: text.utf16)
    }

    private mutating func emit(_ text: String, isRepeatable: Bool) {
        out += text
        self.isRepeatable = isRepeatable
    }

    // MARK: Terms

    private mutating func term() throws(JSONataError) {
        let unit = units[index]
        switch unit {
        case 0x7C:
            index += 1
            emit("|", isRepeatable: false)
        case 0x5E:
            index += 1
            let lineStart = "(?<!" + CodeUnitSet.lineEnds.pattern(negated: true) + ")"
            emit(isMultiline ? lineStart : "\\A", isRepeatable: false)
        case 0x24:
            index += 1
            let lineEnd = "(?!" + CodeUnitSet.lineEnds.pattern(negated: true) + ")"
            emit(isMultiline ? lineEnd : "\\z", isRepeatable: false)
        case 0x2E:
            index += 1
            emit(CodeUnitSet.lineEnds.pattern(negated: true), isRepeatable: true)
        case 0x28: try openGroup()
        case 0x29:
            index += 1
            guard let isRepeatable = open.popLast() else { throw Self.invalid("unmatched )") }
            emit(")", isRepeatable: isRepeatable)
        case 0x5B: try characterClass()
        case 0x5C: try escape()
        case 0x2A, 0x2B, 0x3F: try quantify("", 1)
        case 0x7B:
            if let (text, length) = try braces() {
                try quantify(text, length)
            } else {
                index += 1
                emit("\\{", isRepeatable: true)
            }
        default:
            index += 1
            emit(CodeUnitSet([UInt32(unit)...UInt32(unit)]))
        }
    }

    /// One unit of a set.
    private mutating func emit(_ set: CodeUnitSet, negated: Bool = false) {
        let set = isCaseless ? set.caseClosed : set
        emit(set.pattern(negated: negated), isRepeatable: true)
    }

    private mutating func openGroup() throws(JSONataError) {
        if units.unit(at: index + 1) != [0x3F] {
            index += 1
            open.append(true)
            return emit("(", isRepeatable: false)
        }
        for (text, isRepeatable) in [
            ("(?:", true), ("(?=", true), ("(?!", true), ("(?<=", false), ("(?<!", false),
        ] where hasPrefix(text) {
            index += text.utf16.count
            open.append(isRepeatable)
            return emit(text, isRepeatable: false)
        }
        guard hasPrefix("(?<"), let end = units.firstIndex(of: [0x3E], from: index) else {
            throw Self.invalid("no such kind of group")
        }
        index = end + 1
        open.append(true)
        emit("(", isRepeatable: false)
    }

    private mutating func quantify(_ braces: String, _ length: Int) throws(JSONataError) {
        guard isRepeatable else { throw Self.invalid("nothing to repeat") }
        out += length == 1 ? String(codeUnits: units[index...index]) : braces
        index += length
        if peek() == 0x3F {
            out += "?"
            index += 1
        }
        isRepeatable = false
    }

    /// The quantifier `{n}`, `{n,}` or `{n,m}` here and its length, or nil for a brace that is text.
    private func braces() throws(JSONataError) -> (String, Int)? {
        var position = index + 1
        func number() -> Int? {
            let start = position
            var value = 0
            while position < units.count, DateMatcher.isDigit(units[position]) {
                value = min(value * 10 + Int(units[position] - 0x30), 1_000_000_000)
                position += 1
            }
            return position > start ? value : nil
        }
        guard let least = number() else { return nil }
        var most: Int? = least
        if units.unit(at: position) == [0x2C] {
            position += 1
            most = number()
        }
        guard units.unit(at: position) == [0x7D] else { return nil }
        guard most ?? .max >= least else { throw Self.invalid("numbers of {} out of order") }
        // PCRE2 counts to 65,535; no text that is matched here needs to tell more apart from no end.
        let largest = 65_535
        guard least <= largest else { throw Self.invalid("{} repeats too often") }
        let upper = most.map { $0 > largest ? "" : String($0) } ?? ""
        let text = most == least ? "{\(least)}" : "{\(least),\(upper)}"
        return (text, position + 1 - index)
    }

    // MARK: Escapes

    private mutating func escape() throws(JSONataError) {
        guard let unit = peek(1) else { throw Self.invalid("\\ at the end") }
        switch unit {
        case 0x62, 0x42:
            index += 2
            return emit(unit == 0x62 ? "\\b" : "\\B", isRepeatable: false)
        case 0x6B where !names.isEmpty:
            guard peek(2) == 0x3C, let end = units.firstIndex(of: [0x3E], from: index),
                let number = names[units.substring(index + 3, end)]
            else { throw Self.invalid("no group has this name") }
            index = end + 1
            return emit(reference(number), isRepeatable: true)
        case 0x31...0x39:
            var end = index + 1
            var number = 0
            while end < units.count, DateMatcher.isDigit(units[end]), number <= groupCount {
                number = number * 10 + Int(units[end] - 0x30)
                end += 1
            }
            if number <= groupCount {
                index = end
                return emit(reference(number), isRepeatable: true)
            }
        default: break
        }
        if let set = classEscape() { return emit(set) }
        let value = characterEscape(inClass: false)
        emit(CodeUnitSet([value...value]))
    }

    /// The text of a group, or nothing while it has none. PCRE2_MATCH_UNSET_BACKREF would say the same
    /// in one option, but not when the reference is repeated.
    private func reference(_ group: Int) -> String {
        "(?\(isCaseless ? "i" : ""):(?(\(group))\\g{\(group)}))"
    }

    /// `\d`, `\D`, `\w`, `\W`, `\s`, `\S`.
    private mutating func classEscape() -> CodeUnitSet? {
        let set: CodeUnitSet
        switch peek(1) {
        case 0x64: set = .digits
        case 0x44: set = CodeUnitSet.digits.complement
        case 0x77: set = .words
        case 0x57: set = CodeUnitSet.words.complement
        case 0x73: set = .spaces
        case 0x53: set = CodeUnitSet.spaces.complement
        default: return nil
        }
        index += 2
        return set
    }

    /// The code unit of an escape that stands for one.
    private mutating func characterEscape(inClass: Bool) -> UInt32 {
        let unit = peek(1) ?? 0x5C
        index += 2
        switch unit {
        case 0x74: return 0x09
        case 0x6E: return 0x0A
        case 0x76: return 0x0B
        case 0x66: return 0x0C
        case 0x72: return 0x0D
        case 0x62 where inClass: return 0x08
        case 0x78: return hexadecimal(2) ?? 0x78
        case 0x75: return hexadecimal(4) ?? 0x75
        case 0x30...0x37: return octal(first: unit)
        case 0x63:
            if let letter = peek(), isControl(letter, inClass) {
                index += 1
                return UInt32(letter) % 32
            }
            // `\c` before anything else: the backslash is text, and so is the c after it.
            index -= 1
            return 0x5C
        default: return UInt32(unit)
        }
    }

    private func isControl(_ unit: UInt16, _ inClass: Bool) -> Bool {
        (unit | 0x20) &- 0x61 < 26 && unit < 0x80
            || inClass && (DateMatcher.isDigit(unit) || unit == 0x5F)
    }

    private mutating func hexadecimal(_ count: Int) -> UInt32? {
        guard index + count <= units.count else { return nil }
        let text = String(codeUnits: units[index..<(index + count)])
        guard text.utf8.count == count, text.utf8.first != UInt8(ascii: "+"),
            let value = UInt32(text, radix: 16)
        else { return nil }
        index += count
        return value
    }

    /// `\0` and Annex B's octal escapes: up to three digits, at most 0377.
    private mutating func octal(first: UInt16) -> UInt32 {
        var value = UInt32(first) - 0x30
        var count = 1
        while count < 3, let unit = peek(), (0x30...0x37).contains(unit), value * 8 <= 0o370 {
            value = value * 8 + UInt32(unit) - 0x30
            index += 1
            count += 1
        }
        return value
    }

    // MARK: Classes

    private mutating func characterClass() throws(JSONataError) {
        index += 1
        let isNegated = peek() == 0x5E
        if isNegated { index += 1 }
        var set = CodeUnitSet()
        while let unit = peek(), unit != 0x5D {
            let low = classAtom()
            guard peek() == 0x2D, let after = peek(1), after != 0x5D else {
                set.formUnion(low.set)
                continue
            }
            index += 1
            let high = classAtom()
            if let from = low.unit, let to = high.unit {
                guard from <= to else { throw Self.invalid("a range of a class out of order") }
                set.insert(from...to)
            } else {
                // Beside `\w` and the like the hyphen is text.
                set.formUnion(low.set)
                set.insert(0x2D...0x2D)
                set.formUnion(high.set)
            }
        }
        guard peek() == 0x5D else { throw Self.invalid("a class is not closed") }
        index += 1
        emit(set, negated: isNegated)
    }

    /// A member of a class; `unit` is nil for `\w` and the like.
    private mutating func classAtom() -> (unit: UInt32?, set: CodeUnitSet) {
        guard let unit = peek() else { return (nil, CodeUnitSet()) }
        guard unit == 0x5C, peek(1) != nil else {
            index += 1
            return (UInt32(unit), CodeUnitSet([UInt32(unit)...UInt32(unit)]))
        }
        if let set = classEscape() { return (nil, set) }
        let value = characterEscape(inClass: true)
        return (value, CodeUnitSet([value...value]))
    }
}
