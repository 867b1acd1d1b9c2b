import JSON
import Testing

struct JSONDocumentTests {
    static func parse(_ text: String, depthMax: Int = 512) throws -> JSONNode {
        try JSONDocument(parsing: Array(text.utf8), limits: JSONLimits(depthMax: depthMax)).root
    }

    @Test func `parts keep the bytes they were received with`() throws {
        let root = try Self.parse(#"{ "a" : [1.0, -0, 1e400 , "\u00e9é"], "b":{ } }"#)
        #expect(
            String(decoding: root["a"]?.rawBytes ?? [], as: UTF8.self)
                == #"[1.0, -0, 1e400 , "\u00e9é"]"#)
        #expect(root["a"]?[0]?.numberValue?.text == "1.0")
        #expect(root["a"]?[2]?.doubleValue == .infinity)
        #expect(root["a"]?[3]?.stringValue == "éé")
        #expect(root["b"]?.count == 0)
        #expect(root["a"]?[4] == nil && root["c"] == nil && root["a"]?["x"] == nil)
    }

    @Test func `the last of repeated keys is found`() throws {
        let root = try Self.parse(#"{"a":1,"b":2,"\u0061":3}"#)
        #expect(root["a"]?.doubleValue == 3)
        #expect(root.value == ["a": 3, "b": 2])
    }

    @Test func `keys are compared by code units`() throws {
        let root = try Self.parse("{\"e\u{301}\":1,\"é\":2}")
        #expect(root["é"]?.doubleValue == 2)
        #expect(root["e\u{301}"]?.doubleValue == 1)
        #expect(root.value.objectValue?.count == 2)
    }

    @Test func `values are skipped whole`() throws {
        let root = try Self.parse(#"[[1,[2,{"k":[3]}]],4]"#)
        #expect(root.count == 2)
        #expect(root[1]?.doubleValue == 4)
        #expect(root[0]?[1]?[1]?["k"]?[0]?.doubleValue == 3)
    }

    @Test(arguments: [
        ("", JSONError.Code.emptyInput, 1, 1), ("[1,\n 2,\n  x]", .unexpectedCharacter, 3, 3),
        ("\"a\nb\"", .controlCharacter, 1, 3), (#"["\q"]"#, .invalidEscape, 1, 4),
        ("[1", .unexpectedEnd, 1, 3), ("1 2", .trailingContent, 1, 3), ("-", .invalidNumber, 1, 2),
        ("01", .invalidNumber, 1, 2), ("nul", .invalidLiteral, 1, 1),
        ("\u{FEFF}1", .byteOrderMark, 1, 1), ("{\"a\" 1}", .unexpectedCharacter, 1, 6),
    ])
    func `an error names its line and column`(
        text: String, code: JSONError.Code, line: Int, column: Int
    ) throws {
        let error = try #require(throws: JSONError.self) { try Self.parse(text) }
        #expect(error.code == code && error.line == line && error.column == column, "\(error)")
    }

    @Test func `the depth limit holds at it and one beyond`() throws {
        let text = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        #expect(throws: Never.self) { try Self.parse(text(10), depthMax: 10) }
        let error = try #require(throws: JSONError.self) { try Self.parse(text(11), depthMax: 10) }
        #expect(error.code == .tooDeep && error.column == 11)
    }

    /// Texts with a value in every byte or two, which need more entries than the first guess.
    @Test(arguments: [1, 7, 8, 9, 63, 64, 65, 1000])
    func `a text with the most values for its length is read whole`(count: Int) throws {
        let numbers = "[" + Array(repeating: "1", count: count).joined(separator: ",") + "]"
        let objects = "[" + Array(repeating: #"{"":[]}"#, count: count).joined(separator: ",") + "]"
        let nested = String(repeating: "[", count: count) + String(repeating: "]", count: count)
        for text in [numbers, objects, nested] {
            let document = try JSONDocument(
                parsing: Array(text.utf8), limits: JSONLimits(depthMax: count + 3))
            #expect(document.root.value.jsonString == text)
        }
        #expect(throws: JSONError.self) {
            try JSONDocument(
                parsing: Array(repeating: UInt8(ascii: "["), count: count),
                limits: JSONLimits(depthMax: .max))
        }
    }

    @Test func `the size limit holds at it and one beyond`() throws {
        let limits = JSONLimits(bytesMax: 4)
        #expect(throws: Never.self) {
            try JSONDocument(parsing: Array("1234".utf8), limits: limits)
        }
        let error = try #require(throws: JSONError.self) {
            try JSONDocument(parsing: Array("12345".utf8), limits: limits)
        }
        #expect(error.code == .tooLarge)
    }

    @Test(arguments: 0...40)
    func `a quote, an escape and a character are found at every place of a word`(pad: Int) throws {
        let filler = String(repeating: "x", count: pad)
        for (raw, decoded) in [("\\n", "\n"), ("é", "é"), ("😀", "😀"), ("\\u20ac", "€"), ("", "")] {
            let text = "\"" + filler + raw + filler + "\""
            #expect(try Self.parse(text).stringValue == filler + decoded + filler)
        }
    }
}
