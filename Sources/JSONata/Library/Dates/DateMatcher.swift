/// Finds where the parts of a picture lie in a text, in one pass from the end per part.
///
/// The reference builds one regular expression from the parts and lets it backtrack, which can take
/// exponential time. Here each part computes, for every place it may begin at, where it ends such
/// that all parts after it match too, choosing what a backtracking matcher would have chosen: the
/// time is (number of parts) × (length of the text).
struct DateMatcher {
    /// What a part may be in the text.
    enum Pattern {
        /// This text, in upper or lower case.
        case literal(CodeUnits)
        /// One or more units of a class, as many as fit.
        case run(@Sendable (UInt16) -> Bool)
        /// Exactly so many digits.
        case digits(Int)
        /// Number words, `and`, hyphens, commas and spaces, at least one.
        case words
        /// Any one unit but a line end.
        case any
        /// `th`, `st`, `nd` or `rd`.
        case ordinalSuffix
        /// One of these units.
        case one(CodeUnits)
    }

    /// A pattern and the number of the picture part it belongs to.
    typealias Step = (part: Int, pattern: Pattern)

    let text: CodeUnits
    private let folded: CodeUnits

    init(_ text: CodeUnits) {
        self.text = text
        folded = text.map(Self.fold)
    }

    /// The piece of the text that each part takes, or nil when the whole does not match.
    func match(_ steps: [Step], partCount: Int) -> [CodeUnits]? {
        // ends[step][start]: where the step ends, or -1; what follows matches from there.
        var ends: [[Int32]] = []
        ends.reserveCapacity(steps.count)
        var fits = [Bool](repeating: false, count: text.count + 1)
        fits[text.count] = true
        for step in steps.reversed() {
            let found = self.ends(of: step.pattern, before: fits)
            fits = found.map { $0 >= 0 }
            ends.append(found)
        }
        ends.reverse()
        guard fits[0] else { return nil }
        var pieces = [CodeUnits](repeating: [], count: partCount)
        var position = 0
        for (step, ends) in zip(steps, ends) {
            let end = Int(ends[position])
            pieces[step.part] += text[position..<end]
            position = end
        }
        return pieces
    }

    private func ends(of pattern: Pattern, before fits: [Bool]) -> [Int32] {
        var ends = [Int32](repeating: -1, count: fits.count)
        func set(_ start: Int, _ length: Int) {
            if start + length < fits.count, fits[start + length] {
                ends[start] = Int32(start + length)
            }
        }
        switch pattern {
        case .literal(let literal):
            let wanted = literal.map(Self.fold)
            for start in 0...max(text.count - wanted.count, 0) where matches(wanted, at: start) {
                set(start, wanted.count)
            }
        case .run(let isMember):
            for start in text.indices.reversed() where isMember(text[start]) {
                set(start, 1)
                // A longer run is preferred to a shorter one.
                if start + 1 < text.count, ends[start + 1] >= 0 { ends[start] = ends[start + 1] }
            }
        case .digits(let count):
            var run = 0
            for start in text.indices.reversed() {
                run = Self.isDigit(text[start]) ? run + 1 : 0
                if run >= count { set(start, count) }
            }
        case .any:
            for start in text.indices where !Self.lineEnds.contains(text[start]) { set(start, 1) }
        case .one(let units):
            for start in text.indices where units.contains(text[start]) { set(start, 1) }
        case .ordinalSuffix:
            for start in text.indices
            where Self.suffixes.contains(where: { matches($0, at: start) }) {
                set(start, 2)
            }
        case .words: wordEnds(&ends, fits)
        }
        return ends
    }

    /// Words repeat: from the end backwards, the first word in the reference's order after which the
    /// rest matches wins, and only then stopping here.
    private func wordEnds(_ ends: inout [Int32], _ fits: [Bool]) {
        var resumed: [Int32] = fits.enumerated().map { $1 ? Int32($0) : -1 }
        for start in text.indices.reversed() {
            for word in Self.words where matches(word, at: start) {
                let end = resumed[start + word.count]
                if end >= 0 {
                    ends[start] = end
                    resumed[start] = end
                    break
                }
            }
        }
    }

    private func matches(_ wanted: CodeUnits, at start: Int) -> Bool {
        guard start + wanted.count <= folded.count else { return false }
        for offset in wanted.indices where folded[start + offset] != wanted[offset] { return false }
        return true
    }

    private static let suffixes: [CodeUnits] = ["TH", "ST", "ND", "RD"].map { Array($0.utf16) }
    private static let lineEnds: CodeUnits = [0x0A, 0x0D, 0x2028, 0x2029]
    private static let words: [CodeUnits] =
        NumberWords.values.map { $0.word.map { fold(UInt16($0)) } }
        + ["AND", "-", ",", " "].map { Array($0.utf16) }

    static func isDigit(_ unit: UInt16) -> Bool { unit &- 0x30 < 10 }

    /// Canonicalize of an expression with the flag `i` (ECMA-262 §22.2.2.7.3): the capital letter when
    /// there is exactly one and it does not leave or enter ASCII.
    private static func fold(_ unit: UInt16) -> UInt16 {
        if unit < 0x80 { return unit &- 0x61 < 26 ? unit & 0xDF : unit }
        guard let scalar = Unicode.Scalar(UInt32(unit)) else { return unit }
        let upper = scalar.properties.uppercaseMapping.utf16
        guard upper.count == 1, let first = upper.first, first >= 0x80 else { return unit }
        return first
    }
}
