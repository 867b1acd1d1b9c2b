import JSON

/// A set of UTF-16 code units: what a character class of an ECMAScript regular expression holds.
struct CodeUnitSet {
    /// In no particular order; they may overlap.
    private(set) var ranges: [ClosedRange<UInt32>]

    init(_ ranges: [ClosedRange<UInt32>] = []) { self.ranges = ranges }

    static let digits = CodeUnitSet([0x30...0x39])
    static let words = CodeUnitSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let spaces = CodeUnitSet([
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029,
        0x202F...0x202F, 0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ])
    static let lineEnds = CodeUnitSet([0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029])

    mutating func insert(_ range: ClosedRange<UInt32>) { ranges.append(range) }
    mutating func formUnion(_ other: CodeUnitSet) { ranges += other.ranges }

    /// All other code units.
    var complement: CodeUnitSet {
        var rest: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { rest.append(next...(range.lowerBound - 1)) }
            next = max(next, range.upperBound + 1)
        }
        if next <= 0xFFFF { rest.append(next...0xFFFF) }
        return CodeUnitSet(rest)
    }

    /// With every code unit that is the same without regard to case.
    var caseClosed: CodeUnitSet {
        var closed = self
        for range in ranges {
            for unit in CaseEquivalence.lowest..<0x80 where range.contains(unit) {
                closed.formUnion(CaseEquivalence.ascii(unit))
            }
            guard range.upperBound >= 0x80 else { continue }
            for unit in max(range.lowerBound, 0x80)...range.upperBound {
                for other in CaseEquivalence.others[UInt16(unit)] ?? [] {
                    closed.insert(UInt32(other)...UInt32(other))
                }
            }
        }
        return closed
    }

    /// The set as a class of PCRE2, surrogates as the scalars that stand for them in a subject.
    func pattern(negated: Bool = false) -> String {
        guard let first = ranges.first else { return negated ? "(?s:.)" : "(?!)" }
        if !negated, ranges.count == 1, first.count == 1 { return Self.escape(first.lowerBound) }
        var out = negated ? "[^" : "["
        for range in ranges {
            for (low, high) in [(0, 0xD7FF), (0xD800, 0xDFFF), (0xE000, 0xFFFF)]
                as [(UInt32, UInt32)]
            {
                let from = max(range.lowerBound, low)
                let to = min(range.upperBound, high)
                guard from <= to else { continue }
                out += Self.escape(from)
                if from < to { out += "-" + Self.escape(to) }
            }
        }
        return out + "]"
    }

    /// One code unit in a pattern of PCRE2, inside a class or outside.
    static func escape(_ unit: UInt32) -> String {
        if let byte = UInt8(exactly: unit), byte < 0x80 {
            let scalar = Unicode.Scalar(byte)
            if scalar.properties.isAlphabetic || unit &- 0x30 < 10 { return String(scalar) }
        }
        let isSurrogate = (0xD800...0xDFFF).contains(unit)
        let value = isSurrogate ? StringEscapes.scalar(forSurrogate: unit).value : unit
        return "\\x{" + String(value, radix: 16) + "}"
    }
}

/// Which code units are the same without regard to case (ECMA-262 §22.2.2.7.3, Canonicalize without the
/// flag `u`): those with one capital, unless it is ASCII and they are not.
///
/// PCRE2's own rule is Unicode's folding, by which `k` is also U+212A.
private enum CaseEquivalence {
    /// No ASCII unit below has another case.
    static let lowest: UInt32 = 0x41

    static func ascii(_ unit: UInt32) -> CodeUnitSet {
        guard (unit | 0x20) &- 0x61 < 26 else { return CodeUnitSet() }
        return CodeUnitSet([(unit ^ 0x20)...(unit ^ 0x20)])
    }

    /// For each unit beyond ASCII that has any, all units of its kind.
    static let others: [UInt16: [UInt16]] = {
        var kinds: [UInt16: [UInt16]] = [:]
        for value in UInt16(0x80)...0xFFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let upper = scalar.properties.uppercaseMapping.utf16
            guard upper.count == 1, let capital = upper.first, capital >= 0x80, capital != value
            else { continue }
            kinds[capital, default: [capital]].append(value)
        }
        var others: [UInt16: [UInt16]] = [:]
        for kind in kinds.values {
            for unit in kind { others[unit] = kind }
        }
        return others
    }()
}
