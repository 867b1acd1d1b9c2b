import JSON
import Testing

struct JSONWriterTests {
    @Test(arguments: [
        (0.0, "0"), (-0.0, "0"), (1, "1"), (-1.5, "-1.5"), (0.1, "0.1"), (1e21, "1e+21"),
        (123_456_789_012_345_683_968, "123456789012345680000"), (1e-7, "1e-7"), (1e-6, "0.000001"),
        (1.5e-9, "1.5e-9"), (0.30000000000000004, "0.30000000000000004"), (1e300, "1e+300"),
        (9_007_199_254_740_992, "9007199254740992"),
        (Double.leastNonzeroMagnitude, "5e-324"), (1.25e22, "1.25e+22"),
        (1.7976931348623157e308, "1.7976931348623157e+308"), (100, "100"), (12345.678, "12345.678"),
    ])
    func `a double is written as ECMAScript writes it`(value: Double, text: String) {
        #expect(JSONValue.number(JSONNumber(value)).jsonString == text)
    }

    @Test(arguments: [
        ("plain", #""plain""#), ("a\"b\\c/", #""a\"b\\c/""#),
        ("\u{0}\u{1F}\n\t", #""\u0000\u001f\n\t""#),
        ("é😀", "\"é😀\""), ("\u{10F000}\u{10F7FF}", #""\ud800\udfff""#),
        ("\u{10EFFF}\u{10F800}", "\"\u{10EFFF}\u{10F800}\""),
        (
            "long enough to be read in words of eight\u{7}",
            #""long enough to be read in words of eight\u0007""#
        ),
    ])
    func `a string is escaped where it must be`(text: String, written: String) {
        #expect(JSONValue.string(text).jsonString == written)
    }

    @Test func `a lone surrogate survives reading and writing`() throws {
        let value = try JSONValue(parsing: Array(#"["\ud800x","\udc00\ud800"]"#.utf8))
        let copied = JSONValue.array((value.arrayValue ?? []).map { .string($0.stringValue ?? "") })
        #expect(copied.jsonString == #"["\ud800x","\udc00\ud800"]"#)
    }

    @Test func `a part of a document is copied as received and a number keeps its text`() throws {
        let value = try JSONValue(parsing: Array(#"{"a": [1.0 , 2],"n":1e2}"#.utf8))
        var object = JSONObject()
        object["kept"] = value["a"]
        object["number"] = value["n"].flatMap(\.numberValue).map(JSONValue.number)
        #expect(JSONValue.object(object).jsonString == #"{"kept":[1.0 , 2],"number":1e2}"#)
    }

    @Test func `pretty output has two spaces a level`() throws {
        let value = try JSONValue(parsing: Array(#"{"a":[1,{}],"b":[]}"#.utf8))
        #expect(value.prettyString == "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}")
    }

    @Test func `an object finds its members before and after it grows an index`() {
        var object = JSONObject()
        for count in 1...40 {
            object["k\(count)"] = .number(JSONNumber(Double(count)))
            for key in 1...count { #expect(object["k\(key)"]?.doubleValue == Double(key)) }
            #expect(object["k\(count + 1)"] == nil)
        }
        object["k3"] = nil
        #expect(object.count == 39 && object["k3"] == nil && object["k40"]?.doubleValue == 40)
        #expect(object.keys.first == "k1" && object.keys.last == "k40")
    }
}
