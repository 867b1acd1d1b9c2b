import Cryptography
import JSON
import Testing

@testable import Webhooks

/// Secrets written out in the configuration, whose keys are made once, against the same secrets in the
/// account's context, whose keys are made for each request.
struct WrittenSecretTests {
    private static let path = ["config", "webhook", "signature_verification", "config", "secret"]

    /// The secrets of a vector's `hmac` or `digest`.
    private static func secrets(_ vector: JSONValue) -> [String] {
        let block = vector["integration"]?["config"]?["webhook"]?["signature_verification"]
        guard ["hmac", "digest"].contains(block?["format"]?.stringValue),
            let secret = block?["config"]?["secret"]
        else { return [] }
        return (secret.arrayValue ?? [secret]).compactMap(\.stringValue)
    }

    /// A vector with other secrets, and more in the account's context.
    private static func changed(
        _ item: DecisionCase, _ secrets: [String], adding context: [(String, String)] = []
    ) -> DecisionCase {
        var vector = item.vector.setting(
            (["integration"] + path)[...],
            secrets.count == 1 ? .string(secrets[0]) : .array(secrets.map(JSONValue.string)))
        for (key, text) in context {
            vector = vector.setting(["account", "context", key], .string(text))
        }
        return DecisionCase(id: item.id, vector: vector)
    }

    /// Vectors with a secret that is written out.
    private static let written = DecisionCase.all.filter {
        secrets($0.vector).contains { !$0.contains("{{") }
    }

    /// Vectors with a secret of the context that can as well be written out.
    private static let ofContext = DecisionCase.all.filter {
        secrets($0.vector).contains("{{k}}") && usable($0) != nil
    }

    private static func usable(_ item: DecisionCase) -> String? {
        guard let text = item.vector["account"]?["context"]?["k"]?.stringValue, !text.isEmpty,
            !text.contains("{{")
        else { return nil }
        return text
    }

    private static func words(_ item: DecisionCase) throws -> String {
        var trace = PipelineTrace(isRecording: false)
        return try item.decide(trace: &trace).words
    }

    @Test func `there are vectors of both kinds`() {
        #expect(Self.written.count > 60 && Self.ofContext.count > 40)
    }

    @Test(arguments: written)
    func `a secret that is written out decides as one of the context`(item: DecisionCase) throws {
        var context: [(String, String)] = []
        let secrets = Self.secrets(item.vector).map { text in
            if text.contains("{{") { return text }
            context.append(("secret_\(context.count)", text))
            return "{{secret_\(context.count - 1)}}"
        }
        let changed = Self.changed(item, secrets, adding: context)
        #expect(try Self.words(changed) == item.vector["expect"]?.stringValue)
    }

    @Test(arguments: ofContext)
    func `a secret of the context decides as one that is written out`(item: DecisionCase) throws {
        let text = try #require(Self.usable(item))
        let secrets = Self.secrets(item.vector).map { $0 == "{{k}}" ? text : $0 }
        let changed = Self.changed(item, secrets)
        #expect(try Self.words(changed) == item.vector["expect"]?.stringValue)
    }

    @Test(arguments: ["", "{{a[0]}}", "{{}}", "{{a", "x{{}}"])
    func `a written secret that is empty or has a stray placeholder is refused when it is read`(
        text: String
    ) throws {
        let item = try #require(Self.written.first)
        for secrets in [[text], ["one", text]] {
            let vector = Self.changed(item, secrets).vector
            let (integration, problems) = Integration.parse(vector["integration"] ?? .null)
            #expect(integration == nil)
            #expect(problems.map(\.keyPath).contains(Self.path))
        }
    }

    /// What no configuration can bring, should one ever.
    @Test(arguments: [
        ([""], Misconfiguration.Reason.secretEmpty), (["one", ""], .secretEmpty),
        (["{{a[0]}}"], .secretIsPlaceholder), (["one", "{{}}"], .secretIsPlaceholder),
        ([], .secretMissing),
    ])
    func `a written secret that cannot be used never passes`(
        secrets: [String], reason: Misconfiguration.Reason
    ) throws {
        let scope = PlaceholderTests.scope()
        for text in secrets + ["one"] {
            let code = try HMAC(.sha256, key: Secret(text)).authenticate(scope.context.request.body)
            let scheme = HMACScheme(
                isDigest: false, isPublicKey: false, algorithm: .sha256,
                secrets: secrets.map { PlaceholderTemplate(literal: $0) }, secretEncoding: .utf8,
                signedStrings: [try PlaceholderTemplate.parse("{{raw_body}}")],
                compareWith: [
                    PlaceholderTemplate(
                        literal: String(decoding: Encodings.encodeHex(code), as: UTF8.self))
                ], encoding: .hex, split: nil, prefix: "", timestamp: nil)
            #expect(scheme.fixedContexts == nil)
            let outcome = SignatureVerifier(.hmac(scheme)).verify(scope, nowMilliseconds: 0)
            guard case .misconfigured(let problem) = outcome else {
                Issue.record("\(outcome)")
                continue
            }
            #expect(problem.reason == reason)
        }
    }

    @Test func `a header that is not UTF-8 is malformed`() throws {
        let item = try #require(Self.written.first)
        let (parsed, _) = Integration.parse(item.vector["integration"] ?? .null)
        let integration = try #require(parsed)
        let body = item.request.body
        let code = Encodings.encodeHex(
            try HMAC(.sha256, key: Secret("one")).authenticate(body))
        for (value, words) in [
            (code, "accepted hmac"), ([0xFF] + code, "refused malformed_signature"),
            (code + [0xC3], "refused malformed_signature"),
            (code.dropLast() + [0x80], "refused malformed_signature"),
        ] {
            var fields = HeaderFields()
            fields.append(name: Array("X-Sig".utf8), value: value)
            let request = ReceivedRequest(
                method: "POST", target: "/", publicURL: "https://h.example/", path: "/", query: "",
                fields: fields, body: body, remoteAddress: "", receivedAtMilliseconds: 0)
            let decision = Pipeline(integration: integration).run(
                request, account: AccountState(),
                environment: PipelineEnvironment(
                    nowMilliseconds: 0, monotonicNanoseconds: { 0 }, randomBits: { 0 }))
            #expect(decision.words == words)
        }
    }
}

extension JSONValue {
    /// The object with another value at a path, members made on the way.
    fileprivate func setting(_ path: ArraySlice<String>, _ value: JSONValue) -> JSONValue {
        guard let first = path.first else { return value }
        var object = objectValue ?? JSONObject()
        object[first] = (object[first] ?? .null).setting(path.dropFirst(), value)
        return .object(object)
    }
}
