import Cryptography
import Foundation
import Testing

struct HMACTests {
    @Test func `a context that was used gives the same code again`() throws {
        let hmac = try HMAC(.sha256, key: Secret("It's a Secret to Everybody"))
        let body = Array("Hello, World!".utf8)
        for _ in 0..<20 {
            #expect(
                String(decoding: Encodings.encodeHex(try hmac.authenticate(body)), as: UTF8.self)
                    == "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")
        }
    }
}
