import CPCRE2
import JSON
import Synchronization

/// A compiled regular expression with the meaning it has in the reference: an ECMAScript RegExp
/// without the flag `u`, on UTF-16 code units.
///
/// Compiled once and then shared by any number of threads. Known differences, all of PCRE2's
/// making: a group within a repetition keeps its text from an earlier round where ECMAScript forgets
/// it; a round that matches nothing may be the last one of a repetition, where ECMAScript takes it
/// back; the alternatives of a lookbehind must each have a fixed length.
package final class JSONataRegex: Sendable {
    /// The source between the slashes.
    package let source: String
    private let code: CompiledCode
    let groupCount: Int
    /// Memory for the result of a match, kept from one call to the next.
    private let spare = Mutex<MatchData?>(nil)

    /// Compiles a pattern; `flags` may hold `i` and `m`.
    ///
    /// - Throws: S0301 for an empty pattern, U1005 for one that does not compile.
    package init(pattern: String, flags: String = "") throws(JSONataError) {
        guard !pattern.isEmpty else { throw JSONataError(.s0301) }
        source = pattern
        let translated = try RegexTranslator.translate(
            pattern, isMultiline: flags.utf8.contains(UInt8(ascii: "m")),
            isCaseless: flags.utf8.contains(UInt8(ascii: "i")))
        code = try CompiledCode(translated)
        groupCount = code.groupCount
    }

    /// The first match at or after a place, which is given in bytes and in code units.
    ///
    /// - Throws: U1004 when a limit is reached.
    package func firstMatch(
        in subject: RegexSubject, fromByte: Int = 0, fromUnit: Int = 0, limits: RegexLimits
    ) throws(JSONataError) -> RegexMatch? {
        let data = try takeData()
        defer { giveBack(data) }
        let status = code.match(subject.bytes, from: fromByte, into: data, limits: limits)
        if status == PCRE2_ERROR_NOMATCH { return nil }
        guard status > 0 else { throw JSONataError(.u1004, value: .string(source)) }
        guard let range = data.range(of: 0) else { return nil }
        let start = fromUnit + subject.unitCount(fromByte..<range.lowerBound)
        var groups: [String?] = []
        groups.reserveCapacity(groupCount)
        for group in 0..<groupCount {
            // PCRE2 reports the groups up to the last one that took part.
            let isSet = group + 1 < Int(status)
            groups.append(isSet ? data.range(of: group + 1).map(subject.text) : nil)
        }
        return RegexMatch(
            text: subject.text(range), start: start, end: start + subject.unitCount(range),
            groups: groups, byteRange: range)
    }

    /// Memory for the result of matches, to be given back.
    ///
    /// - Throws: U1003 when there is none to be had.
    func takeData() throws(JSONataError) -> MatchData {
        guard let data = spare.withLock({ $0.take() }) ?? MatchData(for: code) else {
            throw JSONataError(.u1003, value: "a match")
        }
        return data
    }

    func giveBack(_ data: MatchData) { spare.withLock { $0 = data } }

    /// What PCRE2 answers when there is no match.
    static var noMatch: Int32 { PCRE2_ERROR_NOMATCH }

    /// PCRE2's answer for a text of UTF-8; where a match and its groups lie is in `data` then.
    func status(
        of text: Span<UInt8>, from place: Int, into data: MatchData, limits: RegexLimits
    ) -> Int32 {
        // PCRE2 keeps the pointer in `data`, but only the offsets are read from there.
        unsafe text.withUnsafeBufferPointer { bytes in
            unsafe code.match(bytes, from: place, into: data, limits: limits)
        }
    }

    /// The match after `match`.
    ///
    /// - Throws: D1004 for an empty one, from which there would be no progress; U1004.
    package func nextMatch(
        in subject: RegexSubject, after match: RegexMatch, limits: RegexLimits
    ) throws(JSONataError) -> RegexMatch? {
        let end = match.byteRange.upperBound
        guard end < subject.bytes.count else { return nil }
        let next = try firstMatch(
            in: subject, fromByte: end, fromUnit: match.end, limits: limits)
        if let next, next.byteRange.isEmpty {
            throw JSONataError(.d1004, value: .string(source))
        }
        return next
    }

    /// Whether the text has a match: `$contains`.
    ///
    /// - Throws: U1004.
    package func hasMatch(
        in text: String, limits: RegexLimits
    ) throws(JSONataError) -> Bool {
        try firstMatch(in: RegexSubject(text), limits: limits) != nil
    }
}
