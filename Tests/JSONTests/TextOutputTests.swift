import JSON
import Testing

struct TextOutputTests {
    private static let texts = [
        "", "a", "plain text of more than sixteen bytes", "a\"b", "\"", "\\", "\n", "\u{1F}",
        "\u{7F}",
        "seven b\"", "fifteen bytes..\"", "exactly sixteen!\"", "é😀", "\u{10F000}", "x\u{10F7FF}",
        "\u{10EFFF}\u{10F800}", "0123456789abcdef\u{10F800}\n",
        String(repeating: "\u{1}", count: 300),
        String(repeating: "ü", count: 100) + "\t",
    ]

    /// What ECMA-262 §25.5.2.3 says, character by character.
    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22: out += "\\\""
            case 0x5C: out += "\\\\"
            case 0x08: out += "\\b"
            case 0x0C: out += "\\f"
            case 0x0A: out += "\\n"
            case 0x0D: out += "\\r"
            case 0x09: out += "\\t"
            case ..<0x20:
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            case 0x10F000...0x10F7FF:
                out += "\\u" + String(0xD800 + scalar.value - 0x10F000, radix: 16)
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    @Test(arguments: texts, [0, 1, 2, 5, 64, 4096])
    func `what is written does not depend on the room that was expected`(text: String, room: Int) {
        var bytes = Array("before ".utf8)
        bytes.append(expecting: room) { out in
            out.raw("{\"t\":")
            out.string(text)
            out.byte(",")
            out.raw(text: text)
            out.number(-42)
            out.digits(7, 3)
            out.put(0x7D)
        }
        let written = "before {\"t\":\(Self.quoted(text)),\(text)-42007}"
        #expect(bytes == Array(written.utf8))
    }

    @Test func `room for the last byte is enough and one less is made up for`() {
        for room in 0...12 {
            var bytes: [UInt8] = []
            var turns = 0
            bytes.append(expecting: room) { out in
                turns += 1
                out.string("ten bytes.")
            }
            #expect(bytes == Array("\"ten bytes.\"".utf8))
            #expect(turns == (room < 12 ? 2 : 1))
        }
    }

    @Test func `a text that needs escapes is found at every place of a word`() {
        for length in 0..<40 {
            for place in 0..<length {
                for special in ["\"", "\\", "\u{0}", "\u{10F000}"] {
                    let text =
                        String(repeating: "é", count: place) + special
                        + String(repeating: "z", count: length - place)
                    var bytes: [UInt8] = []
                    bytes.append(expecting: 8) { $0.string(text) }
                    #expect(String(decoding: bytes, as: UTF8.self) == Self.quoted(text))
                }
            }
        }
    }

    @Test(
        arguments: [
            0, 1, 9, 10, 99, 100, 12_345, -1, -10, .max, .min, 1_000_000_000_000_000_000,
            999_999_999_999_999_999, 1_700_000_000_000,
        ] as [Int64])
    func `a number is written as it is read`(number: Int64) {
        var bytes: [UInt8] = []
        bytes.append(expecting: 0) { $0.number(number) }
        #expect(String(decoding: bytes, as: UTF8.self) == String(number))
    }

    @Test func `two digits are the lowest two of a number`() {
        for number in [0, 7, 10, 42, 99, 100, 123, 999] {
            var bytes: [UInt8] = []
            bytes.append(expecting: 2) { $0.pair(number) }
            let text = "0" + String(number % 100)
            #expect(String(decoding: bytes, as: UTF8.self) == text.suffix(2))
        }
    }

    @Test func `the lowest digits of a number are written with zeros in front`() {
        for number in [0, 5, 10, 12_345, 9_007_199_254_740_993, .max] as [UInt64] {
            for length in 0...20 {
                var bytes: [UInt8] = []
                bytes.append(expecting: 20) { $0.digits(number, length) }
                let text = String(repeating: "0", count: 20) + String(number)
                #expect(String(decoding: bytes, as: UTF8.self) == text.suffix(length))
            }
        }
    }
}
