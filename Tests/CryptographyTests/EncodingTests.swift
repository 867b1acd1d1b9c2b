import Cryptography
import Testing

struct EncodingTests {
    @Test(arguments: [
        ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"),
    ])
    func `base64 is that of RFC 4648`(text: String, plain: String) {
        #expect(Encodings.decodeBase64(text) == Array(plain.utf8))
        #expect(Encodings.encodeBase64(Array(plain.utf8)) == Array(text.utf8))
    }

    @Test(arguments: [
        "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z", "Zg==\n", " Zg==", "Zg==Zg==", "Z-==", "Z_==",
        "=",
        "====", "Zm9v=",
    ])
    func `base64 that is not canonical does not decode`(text: String) {
        #expect(Encodings.decodeBase64(text) == nil)
    }

    @Test func `base64url may leave its padding out, all of it`() {
        #expect(Encodings.decodeBase64URL("-_8") == [0xFB, 0xFF])
        #expect(Encodings.decodeBase64URL("-_8=") == [0xFB, 0xFF])
        #expect(Encodings.decodeBase64URL("-_8=", padding: .forbidden) == nil)
        #expect(Encodings.decodeBase64URL("-_9") == nil)
        #expect(Encodings.decodeBase64URL("+/8") == nil)
    }

    @Test func `a byte is a hex digit in either place when it is one`() {
        for byte in UInt8.min...UInt8.max {
            let value = Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) }
            let isASCII = byte < 0x80
            for text in [[byte, 0x37], [0x37, byte]] {
                let expected = value.map { text[0] == 0x37 ? 0x70 | $0 : $0 << 4 | 7 }
                #expect(Encodings.decodeHex(text.span) == (isASCII ? expected.map { [$0] } : nil))
            }
        }
    }

    @Test func `hex is of either case and whole bytes`() {
        #expect(Encodings.decodeHex("00fFAb") == [0, 0xFF, 0xAB])
        for text in ["0", "0g", " 00", "00 ", "0x00"] { #expect(Encodings.decodeHex(text) == nil) }
    }

    @Test func `a secret prints nothing of itself`() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped, "\([secret])"] {
            #expect(!text.contains("hunter2"))
        }
        #expect(secret.bytes == Array("hunter2".utf8))
    }

    @Test func `comparison looks at every byte and the length`() {
        #expect(constantTimeEquals([1, 2, 3], [1, 2, 3]))
        #expect(!constantTimeEquals([1, 2, 3], [1, 2, 4]))
        #expect(!constantTimeEquals([1, 2, 3], [1, 2]))
        #expect(constantTimeEquals([], []))
    }

    @Test(arguments: ["sha256", "SHA-256", "Sha256"])
    func `digests have their usual names`(name: String) {
        #expect(DigestAlgorithm(name: name) == .sha256)
    }

    @Test(arguments: ["", "sha", "sha-3-256", "sha257", "none"])
    func `other names are none`(name: String) { #expect(DigestAlgorithm(name: name) == nil) }
}
