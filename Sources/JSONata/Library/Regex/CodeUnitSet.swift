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

    /// The set as a class of PCRE2, surrogates as the scalars that stand for them in a subject.
    func pattern(negated: Bool = false) -> String {
        guard !ranges.isEmpty else { return negated ? "(?s:.)" : "(?!)" }
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
