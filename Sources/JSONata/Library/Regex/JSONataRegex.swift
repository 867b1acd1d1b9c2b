private import CPCRE2
internal import JSON

/// A regular expression of the language, compiled once by PCRE2 with JIT and matched within limits.
@safe final class JSONataRegex: @unchecked Sendable {
    // The compiled code is never written after `init`; each match makes match data of its own.

    /// One match; offsets count UTF-8 bytes.
    struct Match {
        let range: Range<Int>
        /// Captured groups from 1 on; nil for one that took no part.
        let groups: [String?]
    }

    let source: String
    private let code: OpaquePointer

    /// Compiles ECMAScript's notation.
    ///
    /// - Throws: U1005 when the pattern is malformed.
    init(pattern: String, flags: String, at position: Int) throws(JSONataError) {
        source = pattern
        var options = PCRE2_UTF | PCRE2_MATCH_UNSET_BACKREF | PCRE2_ALLOW_EMPTY_CLASS
        options |=
            PCRE2_ALT_BSUX | PCRE2_DOLLAR_ENDONLY | PCRE2_NO_UTF_CHECK | PCRE2_NEVER_BACKSLASH_C
        if flags.contains("i") { options |= PCRE2_CASELESS }
        if flags.contains("m") { options |= PCRE2_MULTILINE }
        var errorCode: Int32 = 0
        var errorOffset = 0
        let bytes = RegexTranslation.pcre2(pattern)
        let context = unsafe pcre2_compile_context_create_8(nil)
        defer { unsafe pcre2_compile_context_free_8(context) }
        unsafe pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_ANYCRLF))
        unsafe pcre2_set_parens_nest_limit_8(context, 100)
        let compiled = unsafe bytes.withUnsafeBufferPointer {
            unsafe pcre2_compile_8(
                $0.baseAddress, $0.count, options, &errorCode, &errorOffset, context)
        }
        guard let compiled = unsafe compiled else {
            throw JSONataError("U1005", position: position, value: pattern)
        }
        unsafe code = compiled
        // Without JIT memory the interpreter does the same, more slowly.
        unsafe _ = pcre2_jit_compile_8(compiled, PCRE2_JIT_COMPLETE)
    }

    deinit { unsafe pcre2_code_free_8(code) }

    /// The first match at or after the byte `start`.
    ///
    /// - Throws: U1004 when a limit of the matcher is reached.
    func firstMatch(
        in text: String, from start: Int, limits: EvaluationLimits
    ) throws(JSONataError) -> Match? {
        var text = text
        let result = text.withUTF8 { bytes -> Result<Match?, JSONataError> in
            unsafe match(bytes, start, limits)
        }
        return try result.get()
    }

    private func match(
        _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ limits: EvaluationLimits
    ) -> Result<Match?, JSONataError> {
        let data = unsafe pcre2_match_data_create_from_pattern_8(code, nil)
        defer { unsafe pcre2_match_data_free_8(data) }
        let context = unsafe pcre2_match_context_create_8(nil)
        defer { unsafe pcre2_match_context_free_8(context) }
        unsafe pcre2_set_match_limit_8(context, limits.regexMatchLimit)
        unsafe pcre2_set_depth_limit_8(context, limits.regexDepthLimit)
        unsafe pcre2_set_heap_limit_8(context, 32 << 10)
        let empty: [UInt8] = [0]
        let count = unsafe empty.withUnsafeBufferPointer { fallback in
            unsafe pcre2_match_8(
                code, bytes.baseAddress ?? fallback.baseAddress, bytes.count, start,
                UInt32(PCRE2_NO_UTF_CHECK), data, context)
        }
        if count == PCRE2_ERROR_NOMATCH { return .success(nil) }
        guard count > 0, let offsets = unsafe pcre2_get_ovector_pointer_8(data) else {
            return .failure(JSONataError("U1004", value: source))
        }
        let pairs = unsafe Int(pcre2_get_ovector_count_8(data))
        var groups: [String?] = []
        for pair in 1..<max(1, pairs) {
            let (from, to) = unsafe (offsets[2 * pair], offsets[2 * pair + 1])
            // PCRE2_UNSET is the largest size; a group that took no part has it.
            guard from >= 0, from <= to, to <= bytes.count else {
                groups.append(nil)
                continue
            }
            let part = unsafe UnsafeBufferPointer(rebasing: bytes[from..<to])
            groups.append(unsafe String(decoding: part, as: UTF8.self))
        }
        let (from, to) = unsafe (offsets[0], offsets[1])
        return .success(Match(range: from..<max(from, to), groups: groups))
    }
}

/// Where ECMAScript's notation (ECMA-262 §22.2.1) means something else in PCRE2.
enum RegexTranslation {
    /// The pattern as PCRE2 reads it with PCRE2_ALT_BSUX (`\x`, `\u` as in ECMAScript).
    static func pcre2(_ pattern: String) -> [UInt8] {
        var out: [UInt8] = []
        let units = Array(pattern.utf8)
        var index = 0
        var inClass = false
        while index < units.count {
            let unit = units[index]
            if unit == UInt8(ascii: "\\"), index + 1 < units.count {
                let next = units[index + 1]
                index += 2
                appendEscape(next, inClass, to: &out)
                continue
            }
            index += 1
            if inClass {
                if unit == UInt8(ascii: "]") { inClass = false }
                // PCRE2 reads `[:` and `[[` in a class as the start of a POSIX class.
                if unit == UInt8(ascii: "[") { out.append(UInt8(ascii: "\\")) }
                out.append(unit)
            } else if unit == UInt8(ascii: "[") {
                inClass = true
                out.append(unit)
                if index < units.count, units[index] == UInt8(ascii: "^") {
                    index += 1
                    if index < units.count, units[index] == UInt8(ascii: "]") {
                        // `[^]` is any character.
                        out.removeLast()
                        out.append(contentsOf: "[\\s\\S]".utf8)
                        index += 1
                        inClass = false
                    } else {
                        out.append(UInt8(ascii: "^"))
                    }
                }
            } else if unit == UInt8(ascii: ".") {
                out.append(contentsOf: "[^\\n\\r\\u2028\\u2029]".utf8)
            } else {
                out.append(unit)
            }
        }
        return out
    }

    /// White space of ECMAScript, as the inside of a class (ECMA-262 §22.2.2.9).
    private static let space =
        "\\t\\n\\u000b\\u000c\\r \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f"
        + "\\u3000\\ufeff"

    private static func appendEscape(_ next: UInt8, _ inClass: Bool, to out: inout [UInt8]) {
        switch next {
        case UInt8(ascii: "s"):
            out.append(contentsOf: (inClass ? space : "[\(space)]").utf8)
        case UInt8(ascii: "S") where !inClass: out.append(contentsOf: "[^\(space)]".utf8)
        case UInt8(ascii: "/"), UInt8(ascii: "-"):
            out.append(contentsOf: [UInt8(ascii: "\\"), next])
        case UInt8(ascii: "v"): out.append(contentsOf: "\\x0b".utf8)
        // Letters that ECMAScript takes as themselves and PCRE2 as something else.
        case UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "g"), UInt8(ascii: "h"),
            UInt8(ascii: "i"), UInt8(ascii: "j"), UInt8(ascii: "k"), UInt8(ascii: "l"),
            UInt8(ascii: "m"), UInt8(ascii: "o"), UInt8(ascii: "p"), UInt8(ascii: "q"),
            UInt8(ascii: "y"), UInt8(ascii: "z"), UInt8(ascii: "A"), UInt8(ascii: "C"),
            UInt8(ascii: "E"), UInt8(ascii: "F"), UInt8(ascii: "G"), UInt8(ascii: "H"),
            UInt8(ascii: "I"), UInt8(ascii: "J"), UInt8(ascii: "K"), UInt8(ascii: "L"),
            UInt8(ascii: "M"), UInt8(ascii: "N"), UInt8(ascii: "O"), UInt8(ascii: "P"),
            UInt8(ascii: "Q"), UInt8(ascii: "R"), UInt8(ascii: "T"), UInt8(ascii: "U"),
            UInt8(ascii: "V"), UInt8(ascii: "X"), UInt8(ascii: "Y"), UInt8(ascii: "Z"):
            out.append(next)
        default: out.append(contentsOf: [UInt8(ascii: "\\"), next])
        }
    }
}
