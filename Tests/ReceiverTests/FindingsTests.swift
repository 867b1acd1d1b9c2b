import Foundation
import Receiver
import Testing

/// What `postern check` finds in integrations and accounts.
struct FindingsTests {
    /// Messages of the problems with files as given, in a folder of their own.
    private static func problems(
        _ verification: String, webhook: String = "", more: String = "",
        accounts: [String] = [], variables: String = "{}"
    ) throws -> [String] {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-findings-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["i", "a"] {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        func write(_ name: String, _ text: String) throws {
            try text.write(
                to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        try write(
            "postern.yaml",
            "integrations: ./i\naccounts: ./a\nenvironment_variables: \(variables)\n")
        let line = verification.isEmpty ? "" : "    signature_verification: \(verification)\n"
        try write(
            "i/x.yaml",
            "name: x\n\(more)\nconfig:\n  webhook:\n    label: \n\(webhook)\n\(line)"
                .replacingOccurrences(of: "    label: \n", with: ""))
        for (number, context) in accounts.enumerated() {
            try write(
                "a/\(number).yaml", "id: a\(number)\nintegration: x\ncontext: \(context)\n")
        }
        let file = folder.appendingPathComponent("postern.yaml").path
        return ConfigurationLoader(file: file).load().problems.map(\.message)
    }

    private static func hmac(_ secret: String, _ more: String = "") -> String {
        "{format: hmac, config: {secret: '\(secret)', compare_with: '{{headers.x}}'\(more)}}"
    }

    private static func expect(_ problems: [String], _ parts: String...) {
        #expect(problems.count == parts.count, "\(problems)")
        for part in parts { #expect(problems.contains { $0.contains(part) }, "\(problems)") }
    }

    // MARK: URLs

    @Test(arguments: [
        ("{{url}}{{raw_body}}", "", true), ("{{callback_url|url}}", "", false),
        ("{{raw_body}}", "", false), ("{{headers.url}}", "", false),
        ("{{raw_body}}", "$split(url, '?')[0]", true), ("{{raw_body}}", "{'a': $$.url}", true),
        ("{{raw_body}}", "url", true), ("{{raw_body}}", "{'url': body.url, 'b': url_hash}", false),
    ])
    func `a signature over the URL needs to know the URL`(
        signed: String, transform: String, isFound: Bool
    ) throws {
        let webhook = transform.isEmpty ? "" : "    payload_transform: \"\(transform)\""
        let found = try Self.problems(
            Self.hmac("{{k}}", ", signed_string: '\(signed)'"), webhook: webhook,
            accounts: ["{k: some-secret}"])
        #expect(found.contains { $0.contains("public_url") } == isFound, "\(found)")
    }

    // MARK: Secrets

    private static let either = "{{webhook_secret|environment_variables.S}}"

    @Test func `a variable that is not listed is found, with what is near`() throws {
        Self.expect(
            try Self.problems(Self.hmac("{{environment_variables.S}}")),
            "no environment variable S")
        Self.expect(
            try Self.problems(
                Self.hmac("{{environment_variables.SECRET}}"), variables: "{SECRETS: 'abc'}"),
            "did you mean SECRETS?")
    }

    @Test func `a variable that is a mere alternative is not asked for`() throws {
        Self.expect(
            try Self.problems(Self.hmac(Self.either), accounts: ["{webhook_secret: 'abc'}"]))
        Self.expect(
            try Self.problems(Self.hmac(Self.either), variables: "{S: 'abc'}"))
        Self.expect(
            try Self.problems(Self.hmac(Self.either)), "no environment variable S")
        Self.expect(
            try Self.problems(
                Self.hmac(Self.either), accounts: ["{webhook_secret: 'abc'}", "{}"]),
            "no environment variable S")
        Self.expect(
            try Self.problems(
                Self.hmac("s", ", signed_string: '{{environment_variables.URL|url}}'")))
        Self.expect(
            try Self.problems(Self.hmac("s", ", signed_string: '{{environment_variables.U?:a}}'")))
        Self.expect(
            try Self.problems(
                "{format: hmac, config: {secret: [s, '{{environment_variables.P:undefined}}'], compare_with: '{{headers.x}}'}}"
            ))
    }

    @Test func `an account without its secret is found in its own file`() throws {
        let secret = "{{webhook_secret}}"
        Self.expect(
            try Self.problems(
                Self.hmac(secret),
                accounts: ["{webhook_secret: 'abc'}", "{}", "{webhook_secret: ''}"]),
            "has no value", "is empty")
        Self.expect(try Self.problems(Self.hmac(secret)), "`secret` has no value")
        Self.expect(
            try Self.problems(
                Self.hmac(secret, ", secret_encoding: base64"),
                accounts: ["{webhook_secret: '%'}"]),
            "does not decode")
        Self.expect(
            try Self.problems(
                "{format: public_key, config: {algorithm: ed25519, public_key: '{{k}}', compare_with: '{{headers.x}}'}}",
                accounts: ["{k: 'zz'}"]),
            "no key that can be used")
    }

    @Test func `a secret that a handshake brings is not missed`() throws {
        Self.expect(
            try Self.problems(
                Self.hmac("{{webhook_secret}}"),
                webhook:
                    "    handle_verification: \"{'type':'verify','update_context':{'webhook_secret': headers.x}}\""
            ))
    }

    @Test func `one configured branch of any is enough; all needs every one`() throws {
        func block(_ format: String) -> String {
            "{format: \(format), config: {of: [\(Self.hmac("{{a}}")), \(Self.hmac("{{b}}"))]}}"
        }
        Self.expect(try Self.problems(block("any"), accounts: ["{b: 'abc'}"]))
        Self.expect(try Self.problems(block("all"), accounts: ["{b: 'abc'}"]), "has no value")
        Self.expect(try Self.problems(block("any"), accounts: ["{c: 'abc'}"]), "has no value")
    }

    @Test func `a key set that cannot be read, or is none, is found`() throws {
        func jwt(_ set: String) -> String {
            "{format: jwt, config: {jwks: \(set), algorithms: [RS256]}}"
        }
        Self.expect(try Self.problems(jwt("{file: none.json}")), "none.json")
        Self.expect(try Self.problems(jwt("{file: postern.yaml}")), "no key set")
        Self.expect(try Self.problems(jwt("'https://a.example/keys'")))
        Self.expect(
            try Self.problems(jwt("'http://a.example/keys'")), "must be a key set, an https address"
        )
        Self.expect(try Self.problems(jwt("keys.json")), "must be a key set, an https address")
    }

    // MARK: What is weak or open

    @Test func `no verification must be said`() throws {
        Self.expect(
            try Self.problems("", webhook: "    payload_transform: \"$\""),
            "nothing verifies deliveries")
        Self.expect(try Self.problems("none"))
    }

    @Test func `an algorithm weaker than sha1 is found unless it is allowed`() throws {
        Self.expect(try Self.problems(Self.hmac("s", ", algorithm: md5")), "weaker than sha1")
        Self.expect(try Self.problems(Self.hmac("s", ", algorithm: sha1")))
        Self.expect(
            try Self.problems(Self.hmac("s", ", algorithm: md5, allow_weak_algorithm: true")))
    }

    @Test(arguments: [("24h", 0), ("86401s", 1), ("2d", 1)])
    func `a tolerance of over a day is found`(time: String, count: Int) throws {
        let found = try Self.problems(
            Self.hmac("s", ", timestamp: '{{headers.t}}', tolerance: \(time)"))
        #expect(found.count == count, "\(found)")
        let token = try Self.problems(
            "{format: jwt, config: {secret: s, leeway: \(time), max_age: \(time)}}")
        #expect(token.count == 2 * count, "\(token)")
    }

    @Test(arguments: [
        ("$sign(body.token, 'SHA-256', 's')", 1), ("($f := $sign; $f(body.token))", 1),
        ("$match(body.token, /^[a-z]{1,9}$/) ? $sign(body.token, 'SHA-256', 's')", 0),
        ("$match(body.token, /^[a-z]+/) ? $sign(body.token, 'SHA-256', 's')", 1),
        ("$match(body.token, /^.*$/) ? $sign(body.token, 'SHA-256', 's')", 1),
        ("$match(body.token, /^[^x]+$/) ? $sign(body.token, 'SHA-256', 's')", 1),
        ("($signature := body.token; $signature)", 0),
    ])
    func `an expression that signs what the caller chose is found`(text: String, count: Int) throws
    {
        let webhook = "    handle_verification: \"\(text)\""
        let found = try Self.problems(Self.hmac("s"), webhook: webhook)
        #expect(found.count == count, "\(found)")
        let scoped = try Self.problems(
            Self.hmac("s"), webhook: webhook, more: "signature_scope: [verify, payload]")
        #expect(scoped.isEmpty, "\(scoped)")
    }
}
