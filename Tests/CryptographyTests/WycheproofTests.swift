import Cryptography
import Foundation
import TestSupport
import Testing

/// One case of a Wycheproof file with what its group shares.
struct WycheproofCase: Sendable, CustomTestStringConvertible {
    let file: String
    let number: Int
    let comment: String
    let key: String
    let message: [UInt8]
    let code: [UInt8]
    let tagBits: Int
    let isValid: Bool
    let mayBeEither: Bool
    var testDescription: String { "\(file) \(number) \(comment)" }

    /// Every case of a file; none when the shared data is absent.
    static func all(_ file: String) -> [WycheproofCase] {
        guard let url = Folders.shared("wycheproof/\(file)_test.json"),
            let data = try? Data(contentsOf: url),
            let top = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
            let groups = top["testGroups"] as? [[String: Any]]
        else { return [] }
        return groups.flatMap { group -> [WycheproofCase] in
            (group["tests"] as? [[String: Any]] ?? []).map { test in
                WycheproofCase(
                    file: file, number: test["tcId"] as? Int ?? 0,
                    comment: test["comment"] as? String ?? "",
                    key: test["key"] as? String ?? group["publicKeyPem"] as? String ?? "",
                    message: bytes(test["msg"]), code: bytes(test["tag"] ?? test["sig"]),
                    tagBits: group["tagSize"] as? Int ?? 0,
                    isValid: test["result"] as? String == "valid",
                    mayBeEither: test["result"] as? String == "acceptable")
            }
        }
    }

    private static func bytes(_ value: Any?) -> [UInt8] {
        Encodings.decodeHex(value as? String ?? "") ?? []
    }
}

struct WycheproofTests {
    static let files: [(String, SignatureAlgorithm)] = [
        ("ed25519", .ed25519), ("ecdsa_secp256r1_sha256", .ecdsaP256SHA256),
        ("ecdsa_secp384r1_sha384", .ecdsaP384SHA384), ("rsa_signature_2048_sha256", .rsaSHA256),
        ("rsa_pss_2048_sha256_mgf1_32", .rsaPSSSHA256),
    ]

    @Test(arguments: [
        ("hmac_sha1", DigestAlgorithm.sha1), ("hmac_sha256", .sha256), ("hmac_sha512", .sha512),
    ])
    func `codes are those of the vectors`(file: String, algorithm: DigestAlgorithm) throws {
        for item in WycheproofCase.all(file) {
            let key = try #require(Encodings.decodeHex(item.key))
            let code = try HMAC(algorithm, key: Secret(key)).authenticate(item.message)
            let matches = constantTimeEquals(Array(code.prefix(item.tagBits / 8)), item.code)
            #expect(matches == item.isValid, "\(item.testDescription)")
        }
    }

    @Test(arguments: files)
    func `signatures pass as the vectors say`(file: String, algorithm: SignatureAlgorithm) throws {
        for item in WycheproofCase.all(file) where !item.mayBeEither {
            let key = try PublicKey(text: item.key)
            #expect(
                key.verify(algorithm, item.code, of: item.message) == item.isValid,
                "\(item.testDescription)")
        }
    }

    @Test func `there are vectors where the shared data is`() {
        guard Folders.shared("wycheproof") != nil else { return }
        #expect(Self.files.allSatisfy { WycheproofCase.all($0.0).count > 100 })
    }
}
