import JSON
import Testing

/// The scanner reads blocks of 64 bytes and finds their marks 4096 bytes at a time: what lies at
/// such a place is read as anywhere else.
struct BlockBoundaryTests {
    /// Paddings that move what follows over the ends of blocks and of windows.
    static let paddings =
        Array(0..<66) + Array(110..<130) + Array(4_000..<4_110) + Array(8_180..<8_200)

    @Test(arguments: paddings)
    func `values are read wherever they lie`(padding: Int) throws {
        let text =
            #"{"pad":""# + String(repeating: "p", count: padding)
            + #"","plain":"value","é":"\"\\ü😀","n":-12.5e1,"list":[true,false,null,"x",{}],"last":7}"#
        let value = try JSONValue(parsing: Array(text.utf8))
        #expect(value["pad"]?.stringValue?.utf8.count == padding)
        #expect(value["plain"]?.stringValue == "value")
        #expect(value["é"]?.stringValue == "\"\\ü😀")
        #expect(value["n"]?.doubleValue == -125)
        #expect(value["list"] == [true, false, nil, "x", [:]])
        #expect(value["last"]?.intValue == 7)
    }

    @Test(arguments: paddings)
    func `space is skipped wherever it lies`(padding: Int) throws {
        let space = String(repeating: " ", count: padding)
        let text =
            "\n[\(space)\n1\(space),\t\(space)\"a\" \r\n,\(space){\"k\"\(space):\(space)\"v\"}]"
        #expect(try JSONValue(parsing: Array(text.utf8)) == [1, "a", ["k": "v"]])
    }

    @Test(arguments: [0, 40, 63, 64, 4_000])
    func `every part of a text from its beginning is refused at its end`(padding: Int) {
        let text = Array(
            (#"{"p":""# + String(repeating: "p", count: padding)
                + #"","a":[1,{"b":"c"},"é\n"],"d":"e"}"#).utf8)
        for count in max(1, padding)..<text.count {
            let error = #expect(throws: JSONError.self) {
                try JSONDocument(parsing: Array(text[..<count]))
            }
            #expect(error?.offset ?? 0 >= count - 6)
        }
    }

    @Test(arguments: paddings)
    func `a control character or a broken byte is refused wherever it lies`(padding: Int) {
        let pad = [UInt8](repeating: UInt8(ascii: "p"), count: padding)
        for byte: UInt8 in [0x00, 0x0A, 0x1F, 0x80, 0xFF] {
            let error = #expect(throws: JSONError.self) {
                try JSONDocument(parsing: Array("[\"".utf8) + pad + [byte] + Array("\",1]".utf8))
            }
            #expect(error?.offset == padding + 2)
            #expect(error?.code == (byte < 0x20 ? .controlCharacter : .invalidUTF8))
        }
    }

    @Test func `texts of nothing but values are given a second, larger tape`() throws {
        let flat = try JSONDocument(
            parsing: Array(("[" + String(repeating: "1,", count: 9_999) + "1]").utf8))
        #expect(flat.root.count == 10_000)
        let deep = try JSONDocument(
            parsing: Array(
                (String(repeating: "[", count: 512) + String(repeating: "]", count: 512)).utf8))
        #expect(deep.root.count == 1)
    }
}
