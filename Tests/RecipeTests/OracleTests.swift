import Foundation
import Testing

/// Handshakes that sign a text of the caller's under the key that signs deliveries. For each, an
/// attacker asks for the signature of a delivery and sends it.
@Suite struct `Signing oracles` {
    struct Attack: Sendable, CustomTestStringConvertible {
        var recipe: String
        var context: [String: String]
        /// The challenge that asks for a signature of a text.
        var challenge: @Sendable (_ text: String) -> VendorCase.Request
        /// The text that a delivery's signature is made of.
        var signedText: @Sendable (_ body: String) -> String
        /// The delivery, with what the challenge gave back.
        var delivery: @Sendable (_ body: String, _ signature: String) -> VendorCase.Request

        var testDescription: String { recipe }
    }

    static let time: Int64 = 1_767_225_600
    static let bodies = [
        #"{"event":"meeting.ended","payload":{}}"#, #"{"for_user_id":"1"}"#, "{}", "[]", "12345",
        "true", "null", "\"text\"", "abc", "20f9f8ed05f77439fe955c977e4c8a53", "",
    ]

    static let attacks: [Attack] = [
        Attack(
            recipe: "x", context: ["webhook_secret": "consumer-secret"],
            challenge: { request("GET", "x?crc_token=" + escaped($0)) }, signedText: { $0 },
            delivery: { body, signature in
                request(
                    "POST", "x", body,
                    [json, .init(name: "x-twitter-webhooks-signature", value: signature)])
            }),
        Attack(
            recipe: "linkedin", context: ["webhook_secret": "client-secret"],
            challenge: { request("GET", "linkedin?challengeCode=" + escaped($0)) },
            signedText: { "hmacsha256=" + $0 },
            delivery: { body, signature in
                request(
                    "POST", "linkedin", body,
                    [json, .init(name: "X-LI-Signature", value: signature)])
            }),
        Attack(
            recipe: "braintree",
            context: [
                "private_key_sha1": "0123456789abcdef0123456789abcdef01234567",
                "public_key": "public",
            ],
            challenge: { request("GET", "braintree?bt_challenge=" + escaped($0)) },
            signedText: { $0 },
            delivery: { body, signature in
                request(
                    "POST", "braintree",
                    "bt_signature=" + escaped(signature) + "&bt_payload=" + escaped(body),
                    [.init(name: "Content-Type", value: "application/x-www-form-urlencoded")])
            }),
        Attack(
            recipe: "zoom", context: ["webhook_secret": "secret-token"],
            challenge: { text in
                let payload = JSONText([
                    "event": "endpoint.url_validation", "payload": ["plainToken": text],
                ])
                return request(
                    "POST", "zoom", String(decoding: payload.bytes, as: UTF8.self), [json])
            },
            signedText: { "v0:\(time):\($0)" },
            delivery: { body, signature in
                request(
                    "POST", "zoom", body,
                    [
                        json, .init(name: "x-zm-request-timestamp", value: "\(time)"),
                        .init(name: "x-zm-signature", value: "v0=" + signature),
                    ])
            }),
    ]

    @Test(arguments: attacks, bodies)
    func `no delivery can be forged through a handshake`(attack: Attack, body: String) throws {
        let runner = try RecipeRunner(recipe: attack.recipe)
        let context = JSONText(attack.context)
        // The text itself, and what a sloppy comparison or pattern might let through.
        let texts = [attack.signedText(body), attack.signedText(body) + "\n", body]
        for text in texts {
            let answer = try runner.run(
                attack.challenge(text), context: context, atMilliseconds: Self.time * 1000)
            for signature in Self.signatures(in: answer) {
                let outcome = try runner.run(
                    attack.delivery(body, signature), context: context,
                    atMilliseconds: Self.time * 1000)
                #expect(!outcome.isAccepted, "\(text) was signed and its delivery accepted")
            }
        }
    }

    @Test(arguments: ["x", "linkedin", "braintree"])
    func `an honest challenge is signed, so that the attack has something to try`(
        recipe: String
    ) throws {
        let attack = try #require(Self.attacks.first { $0.recipe == recipe })
        let answer = try RecipeRunner(recipe: recipe).run(
            attack.challenge("20f9f8ed05f77439fe955c977e4c8a53"),
            context: JSONText(attack.context), atMilliseconds: Self.time * 1000)
        #expect(!Self.signatures(in: answer).isEmpty, "got \(answer)")
    }

    /// Every text in an answer that may be a signature.
    private static func signatures(in outcome: Outcome) -> [String] {
        guard case .handshake(let status, _, let body, _) = outcome, status == 200 else {
            return []
        }
        guard let json = JSONText(parsing: body) else {
            return body.isEmpty ? [] : [String(decoding: body, as: UTF8.self)]
        }
        return json.members.values.sorted()
    }

    private static let json = VendorCase.Header(name: "Content-Type", value: "application/json")

    private static func request(
        _ method: String, _ target: String, _ body: String = "",
        _ headers: [VendorCase.Header] = []
    ) -> VendorCase.Request {
        VendorCase.Request(
            method: method, url: "https://hooks.example.org/webhooks/" + target, headers: headers,
            body: Array(body.utf8))
    }

    private static func escaped(_ text: String) -> String {
        text.utf8.map { String(format: "%%%02X", $0) }.joined()
    }
}
