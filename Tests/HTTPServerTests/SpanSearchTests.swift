import Testing

@testable import HTTPServer

/// Scans of several bytes at a time come to the same as those of single ones.
struct SpanSearchTests {
    @Test func `a field's value ends at the first byte that it may not have`() {
        // One expectation for all: each alone would take a while.
        var wrong: [String] = []
        for length in [1, 7, 8, 9, 17] {
            for place in 0..<length {
                for byte in UInt8.min...UInt8.max {
                    for other in [UInt8(ascii: "a"), 0x09, 0x80] {
                        var bytes = [UInt8](repeating: other, count: length)
                        bytes[place] = byte
                        let end = HTTPCharacters.isFieldValue(byte) ? length : place
                        if bytes.span.endOfFieldValue(from: 0) != end
                            || bytes.span.endOfFieldValue(from: place + 1) != length
                        {
                            wrong.append("\(bytes)")
                        }
                    }
                }
            }
        }
        #expect(wrong.isEmpty)
    }

    @Test(arguments: ["content-length", "transfer-encoding", "host", "100-continue"])
    func `a name is known in any spelling and by every byte`(name: String) {
        func isKnown(_ bytes: [UInt8]) -> Bool {
            let all = 0..<bytes.count
            switch name {
            case "content-length": return bytes.span.equals(all, "content-length")
            case "transfer-encoding": return bytes.span.equals(all, "transfer-encoding")
            case "host": return bytes.span.equals(all, "host")
            default: return bytes.span.equals(all, "100-continue")
            }
        }
        let text = Array(name.utf8)
        #expect(isKnown(text))
        #expect(isKnown(Array(name.uppercased().utf8)))
        #expect(!isKnown(text.dropLast()) && !isKnown(text + [text[0]]))
        for place in text.indices {
            for byte in UInt8.min...UInt8.max where HTTPCharacters.isFieldValue(byte) {
                var bytes = text
                bytes[place] = byte
                #expect(isKnown(bytes) == (asciiLowercased(byte) == text[place]))
            }
        }
    }
}
