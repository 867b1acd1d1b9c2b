import Cryptography
import Foundation
import JSON
import TestSupport
import Testing
import Webhooks

/// Wycheproof's cases as deliveries: the message is the body, the signature a header.
struct WycheproofPipelineTests {
    private struct Case {
        let number: Int
        let key: String
        let message: [UInt8]
        let signature: String
        let isWhole: Bool
        let result: String
    }

    private static func cases(_ file: String, bits: Int? = nil) throws -> [Case] {
        guard let url = Folders.shared("wycheproof/\(file)_test.json") else { return [] }
        let top = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any]
        return (top?["testGroups"] as? [[String: Any]] ?? []).flatMap { group in
            (group["tests"] as? [[String: Any]] ?? []).map { test in
                Case(
                    number: test["tcId"] as? Int ?? 0,
                    key: test["key"] as? String ?? group["publicKeyPem"] as? String ?? "",
                    message: Encodings.decodeHex(test["msg"] as? String ?? "") ?? [],
                    signature: test["tag"] as? String ?? test["sig"] as? String ?? "",
                    isWhole: bits == nil || group["tagSize"] as? Int == bits,
                    result: test["result"] as? String ?? "")
            }
        }
    }

    private static func pipeline(_ format: String, _ config: JSONObject) throws -> Pipeline {
        let object: JSONValue = [
            "name": "w",
            "config": [
                "webhook": [
                    "signature_verification": [
                        "format": .string(format), "config": .object(config),
                    ]
                ]
            ],
        ]
        let (integration, problems) = Integration.parse(object)
        return Pipeline(integration: try #require(integration, "\(problems)"))
    }

    private static func accepts(_ pipeline: Pipeline, _ item: Case) -> Bool {
        let request = ReceivedRequest(
            method: "POST", target: "/w", publicURL: "https://h.example/w", path: "/w", query: "",
            fields: HeaderFields([("X-Sig", item.signature)]), body: item.message,
            remoteAddress: "192.0.2.1", receivedAtMilliseconds: 0)
        let decision = pipeline.run(
            request, account: AccountState(id: "a", context: ["k": .string(item.key)]),
            environment: PipelineEnvironment(
                nowMilliseconds: 0, monotonicNanoseconds: { 0 }, randomBits: { 0 }))
        if case .accepted = decision { return true }
        return false
    }

    @Test(
        .enabled(if: Folders.shared("wycheproof") != nil, "no ../shared/wycheproof here"),
        arguments: [("sha1", 160), ("sha256", 256), ("sha512", 512)])
    func `a delivery with a code of the vectors is accepted when it is valid and whole`(
        algorithm: String, bits: Int
    ) throws {
        let pipeline = try Self.pipeline(
            "hmac",
            [
                "algorithm": .string(algorithm), "secret": "{{k}}", "secret_encoding": "hex",
                "compare_with": "{{headers.x-sig}}",
            ])
        let cases = try Self.cases("hmac_\(algorithm)", bits: bits)
        #expect(cases.count > 100)
        for item in cases {
            // An empty key would be anybody's; a code cut short is not the vendor's.
            let expected = item.result == "valid" && item.isWhole && !item.key.isEmpty
            #expect(Self.accepts(pipeline, item) == expected, "\(algorithm) \(item.number)")
        }
    }

    @Test(
        .enabled(if: Folders.shared("wycheproof") != nil, "no ../shared/wycheproof here"),
        arguments: [
            ("ed25519", "ed25519"), ("ecdsa_secp256r1_sha256", "ecdsa-p256-sha256"),
            ("ecdsa_secp384r1_sha384", "ecdsa-p384-sha384"),
            ("rsa_signature_2048_sha256", "rsa-sha256"),
            ("rsa_pss_2048_sha256_mgf1_32", "rsa-pss-sha256"),
        ])
    func `a delivery with a signature of the vectors is accepted when it is valid`(
        file: String, algorithm: String
    ) throws {
        let pipeline = try Self.pipeline(
            "public_key",
            [
                "algorithm": .string(algorithm), "public_key": "{{k}}", "encoding": "hex",
                "compare_with": "{{headers.x-sig}}",
            ])
        let cases = try Self.cases(file)
        #expect(cases.count > 50)
        for item in cases where item.result != "acceptable" {
            #expect(
                Self.accepts(pipeline, item) == (item.result == "valid"), "\(file) \(item.number)")
        }
    }
}
