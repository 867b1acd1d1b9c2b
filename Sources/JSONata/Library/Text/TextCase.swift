/// Upper and lower case as ECMAScript's toUpperCase and toLowerCase give it: Unicode's full mappings
/// without a locale (ECMA-262 §22.1.3.28).
package enum TextCase {
    /// `$uppercase`.
    package static func uppercased(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) {
            return String(
                decoding: text.utf8.map { $0 &- 0x61 < 26 ? $0 & 0xDF : $0 }, as: UTF8.self)
        }
        var out = ""
        for scalar in text.unicodeScalars { out += scalar.properties.uppercaseMapping }
        return out
    }

    /// `$lowercase`, with the one rule that looks at neighbours: a capital sigma at the end of a word.
    package static func lowercased(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) {
            return String(
                decoding: text.utf8.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }, as: UTF8.self)
        }
        let scalars = Array(text.unicodeScalars)
        var out = ""
        for (index, scalar) in scalars.enumerated() {
            if scalar == "Σ" {
                out += isFinal(index, in: scalars) ? "ς" : "σ"
            } else {
                out += scalar.properties.lowercaseMapping
            }
        }
        return out
    }

    /// Unicode's Final_Sigma (Unicode Standard §3.13): a cased letter before, none after, whatever
    /// is ignorable left out.
    private static func isFinal(_ index: Int, in scalars: [Unicode.Scalar]) -> Bool {
        let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
        let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
        return before?.properties.isCased == true && after?.properties.isCased != true
    }
}
