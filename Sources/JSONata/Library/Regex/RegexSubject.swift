import JSON

/// A text prepared for matching.
///
/// ECMAScript matches UTF-16 code units when the flag `u` is absent, PCRE2 matches code points. So
/// each half of a surrogate pair becomes a scalar of its own here, the stand-in that lone surrogates
/// have anyway: every scalar of the bytes is then one code unit.
package struct RegexSubject: Sendable {
    let bytes: [UInt8]
    /// Every byte is a code unit.
    let isASCII: Bool
    /// Holds halves of pairs, which are put together again in what is cut out.
    private let isExpanded: Bool

    package init(_ text: String) {
        var bytes = Array(text.utf8)
        let most = bytes.max() ?? 0
        isASCII = most < 0x80
        isExpanded = most >= 0xF0
        if isExpanded {
            bytes.removeAll(keepingCapacity: true)
            for unit in CodeUnits(units: text) {
                let scalar =
                    Unicode.Scalar(UInt32(unit))
                    ?? StringEscapes.scalar(forSurrogate: UInt32(unit))
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        self.bytes = bytes
    }

    /// The text of a range of bytes.
    func text(_ range: Range<Int>) -> String {
        let text = String(decoding: bytes[range], as: UTF8.self)
        return isExpanded ? CodeUnits(units: text).text : text
    }

    /// Where the code unit begins in the bytes; the end is a place too, nil is beyond it.
    func byte(ofUnit unit: Int) -> Int? {
        if isASCII || unit == 0 { return unit <= bytes.count ? unit : nil }
        var count = 0
        for (place, byte) in bytes.enumerated() where byte & 0xC0 != 0x80 {
            if count == unit { return place }
            count += 1
        }
        return count == unit ? bytes.count : nil
    }

    /// How many code units are in a range of bytes.
    func unitCount(_ range: Range<Int>) -> Int {
        isASCII ? range.count : bytes[range].count { $0 & 0xC0 != 0x80 }
    }
}

/// One match of a regular expression.
package struct RegexMatch: Sendable {
    /// The matched text.
    package let text: String
    /// Where it begins and ends, in UTF-16 code units.
    package let start: Int
    package let end: Int
    /// The capturing groups; nil for one that took no part.
    package let groups: [String?]
    /// Where it begins and ends in the subject's bytes.
    let byteRange: Range<Int>
}
