import JSON
import JSONata
import Testing

/// Limits of the leaf functions: one case at each and one beyond.
struct LibraryLimitTests {
    static func code(_ body: () throws(JSONataError) -> Void) -> String? {
        do throws(JSONataError) {
            try body()
            return nil
        } catch { return error.code }
    }

    @Test func `padding stops at the longest string allowed`() throws {
        #expect(try Text.pad("ab", 10, "x", bytesMax: 10).utf8.count == 10)
        #expect(
            Self.code { () throws(JSONataError) in
                _ = try Text.pad("ab", 11, "x", bytesMax: 10)
            } == "U1002")
        #expect(
            Self.code { () throws(JSONataError) in
                _ = try Text.pad("", -1e300, "x", bytesMax: 10)
            } == "U1002")
    }

    @Test func `joining stops at the longest string allowed`() throws {
        #expect(try Text.join(["aaaa", "bbbb"], "--", bytesMax: 10) == "aaaa--bbbb")
        #expect(
            Self.code { () throws(JSONataError) in
                _ = try Text.join(["aaaa", "bbbbb"], "--", bytesMax: 10)
            } == "U1002")
    }

    @Test func `replacing stops at the longest string allowed`() throws {
        #expect(try Text.replace("aa", "a", with: "12345", bytesMax: 10) == "1234512345")
        #expect(
            Self.code { () throws(JSONataError) in
                _ = try Text.replace("aaa", "a", with: "12345", bytesMax: 10)
            } == "U1002")
    }

    @Test func `a date width is padded up to a million digits`() throws {
        #expect(
            try Dates.fromMillis(0, picture: "[Y,*-1000000]").utf8.count == 1_000_000)
        #expect(
            Self.code { () throws(JSONataError) in
                _ = try Dates.fromMillis(0, picture: "[Y,*-1000005]")
            } == "U1008")
    }

    @Test func `Roman numerals go up to ten million`() throws {
        #expect(try Numbers.formatInteger(10_000_000, picture: "I").utf8.count == 10_000)
        #expect(
            Self.code { () throws(JSONataError) in
                _ = try Numbers.formatInteger(10_000_001, picture: "I")
            } == "U1010")
    }

    @Test func `a fraction has up to a hundred places`() throws {
        let places = String(repeating: "0", count: 100)
        #expect(try Numbers.formatNumber(1, picture: "0." + places).utf8.count == 102)
        #expect(
            Self.code { () throws(JSONataError) in
                _ = try Numbers.formatNumber(1, picture: "0.0" + places)
            } == "U1010")
    }

    @Test func `a mantissa that no double reaches is refused`() {
        let picture = String(repeating: "0", count: 400) + "e0"
        #expect(
            Self.code { () throws(JSONataError) in
                _ = try Numbers.formatNumber(1, picture: picture)
            } == "U1010")
    }

    /// jsonata-js issue 833: this takes the reference half a minute with 200 digits.
    @Test func `adjacent fractions are matched in linear time`() throws {
        let text = String(repeating: "1", count: 100_000) + "x"
        let picture = "[Y0001]" + String(repeating: "[f1]", count: 5)
        let start = ContinuousClock.now
        #expect(try Dates.toMillis(text, picture: picture, now: 0) == nil)
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test func `the work of matching a date is bounded`() throws {
        let fits = String(repeating: "x", count: Dates.matchStepsMax / 2 - 1)
        #expect(try Dates.toMillis(fits, picture: "[Y]", now: 0) == nil)
        #expect(
            Self.code { () throws(JSONataError) in
                _ = try Dates.toMillis(fits + "x", picture: "[Y]", now: 0)
            } == "U1001")
    }

    @Test func `an exponential expression is given up`() throws {
        let regex = try JSONataRegex(pattern: "^(a+)+$")
        let text = String(repeating: "a", count: 40) + "!"
        #expect(
            Self.code { () throws(JSONataError) in
                _ = try regex.hasMatch(in: text, limits: RegexLimits())
            } == "U1004")
        #expect(try regex.hasMatch(in: "aaaa", limits: RegexLimits()))
    }

    @Test func `the matcher's limit is that of the call`() throws {
        let regex = try JSONataRegex(pattern: "(?:a|b)*c|a*d")
        let text = String(repeating: "a", count: 200) + "d"
        #expect(try regex.hasMatch(in: text, limits: RegexLimits()))
        #expect(
            Self.code { () throws(JSONataError) in
                _ = try regex.hasMatch(in: text, limits: RegexLimits(matchSteps: 1))
            } == "U1004")
        #expect(try regex.hasMatch(in: text, limits: RegexLimits()))
    }

    @Test(arguments: ["(", ")", "[", "a**", "(?>a)", "(?i)a", "\\", "[b-a]", "a{2,1}", "(*UTF)a"])
    func `an expression that ECMAScript refuses is refused`(pattern: String) {
        #expect(
            Self.code { () throws(JSONataError) in
                _ = try JSONataRegex(pattern: pattern)
            } == "U1005")
    }

    @Test func `one expression is matched from many tasks at once`() async throws {
        let regex = try JSONataRegex(pattern: "(\\d+)-(\\w+)")
        let answers = await withTaskGroup(of: Bool.self, returning: [Bool].self) { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<500 {
                        let subject = RegexSubject("é \(task)\(number)-x\(number)")
                        let match = try? regex.firstMatch(in: subject, limits: RegexLimits())
                        guard match?.groups == ["\(task)\(number)", "x\(number)"] else {
                            return false
                        }
                    }
                    return true
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers == Array(repeating: true, count: 8))
    }

    @Test func `base64 is that of the text's UTF-8`() {
        #expect(Base64Text.encode("héllo 😀") == "aMOpbGxvIPCfmIA=")
        for text in [
            "aMOpbGxvIPCfmIA=", "aMOpbGxvIPCfmIA", "aM Op\nbGx.vIP CfmIA=!",
            "a M O p b G x v I P C f m I A",
            "aMOpbGxvIPCfmIA=aMOp",
        ] {
            #expect(String(decoding: Self.decoded(text), as: UTF8.self) == "héllo 😀")
        }
        #expect(Self.decoded("_w==") == [0xFF])
        #expect(Self.decoded("YWJj-__-Y") == [0x61, 0x62, 0x63, 0xFB, 0xFF, 0xFE])
        #expect(Self.decoded("").isEmpty)
    }

    private static func decoded(_ text: String) -> [UInt8] {
        Base64Text.decode(Array(text.utf8).span)
    }

    @Test func `canonically equivalent texts are different`() {
        #expect(!Text.isIdentical("\u{E9}", "e\u{301}"))
        #expect(!Text.contains("caf\u{E9}", "e\u{301}"))
        #expect(Text.compare("\u{FF21}", "😀") > 0)
    }

    @Test(arguments: [
        ("\\W", "ks", false), ("[^\\W]+", "ks", true), ("k", "\u{212A}", false),
        ("[a-z]", "\u{17F}", false), ("é", "É", true), ("ß", "ẞ", false), ("(σ)\\1", "Σς", true),
    ])
    func `case is folded as ECMAScript does without the flag u`(
        pattern: String, text: String, isMatch: Bool
    ) throws {
        let regex = try JSONataRegex(pattern: pattern, flags: "i")
        #expect(try regex.hasMatch(in: text, limits: RegexLimits()) == isMatch)
    }

    @Test func `halves of a pair that meet are one character again`() throws {
        let halves = [UInt16](units: "😀").map { [$0].text }
        #expect(try Text.join(halves, bytesMax: 10).unicodeScalars.elementsEqual(["😀"]))
        #expect(Text.contains("a😀", halves[1]))
        #expect(try Text.split("a😀b", halves[0]).count == 2)
    }
}
