import Foundation
import JSON
import TestSupport
import Testing

@testable import Webhooks

struct JSONWebSignatureTests {
    /// The vectors that this receiver answers otherwise, and why.
    static let exceptions: [String: String] = [
        "json_web_key 4": "two keys of one name are both tried",
        "json_web_signature 367": "the file has the valid token 357 under this name",
        "json_web_signature 370": "the file has the valid token 357 under this name",
        "json_web_signature 372": "a foreign character in base64url is not skipped",
        "json_web_signature 373": "a foreign character in base64url is not skipped",
        "json_web_signature 346": "the key says PS256, the token PS384",
        "json_web_signature 347": "the key's algorithm has a name that does not exist, ES521",
        "json_web_signature 350": "the key says PS256, the token PS384",
        "json_web_signature 351": "the key's algorithm has a name that does not exist, ES521",
    ]

    struct Case {
        let name: String
        let keys: JSONValue
        let token: String
        let isValid: Bool
    }

    static func cases(_ file: String) throws -> [Case] {
        guard let url = Folders.shared("wycheproof/\(file)_test.json") else { return [] }
        let top = try JSONValue(parsing: [UInt8](Data(contentsOf: url)))
        return (top["testGroups"]?.arrayValue ?? []).flatMap { group in
            (group["tests"]?.arrayValue ?? []).compactMap { test in
                guard let token = test["jws"]?.stringValue else { return nil }
                return Case(
                    name: "\(file) \(test["tcId"]?.intValue ?? 0)",
                    keys: group["public"] ?? group["private"] ?? .null, token: token,
                    isValid: test["result"]?.stringValue == "valid")
            }
        }
    }

    static func passes(_ item: Case) -> Bool {
        let bytes = Array(item.token.utf8)
        guard let set = JSONWebKeySet(item.keys), let token = JSONWebSignature(bytes[...]) else {
            return false
        }
        let contexts = KeyCache()
        return set.candidates(token).contains {
            token.isSigned(by: $0.material, contexts: contexts)
        }
    }

    @Test(arguments: ["json_web_signature", "json_web_key", "json_web_crypto"])
    func `tokens pass as the vectors say`(file: String) throws {
        for item in try Self.cases(file) {
            let expected = Self.exceptions[item.name] == nil ? item.isValid : !item.isValid
            #expect(Self.passes(item) == expected, "\(item.name) \(Self.passes(item))")
        }
    }

    @Test func `a set of secrets and public keys is refused`() throws {
        let value = try JSONValue(
            parsing: Array(
                #"""
                {"keys":[{"kty":"oct","k":"-ebuDNsVZ2iJtoZ-akfXTSCt4UO2cruLCsbWlBinggE"},
                {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}
                """#.utf8))
        #expect(JSONWebKeySet(value) == nil)
    }
}
