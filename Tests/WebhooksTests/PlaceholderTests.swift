import Cryptography
import JSON
import Testing

@testable import Webhooks

struct PlaceholderTests {
    static func scope() -> PlaceholderScope {
        let request = ReceivedRequest(
            method: "POST", target: "/w?a=1", publicURL: "https://h.example/w?a=1", path: "/w",
            query: "a=1",
            fields: HeaderFields([("Content-Type", "application/json"), ("X-A", "b")]),
            body: Array(
                #"{"s":"text","n":1767225600000,"x":1.5,"e":"","z":null,"l":[1,"two"],"o":{"k":"v"},"t":" 12px","b":"true","j":"{\"q\":1}","d":"{{s}}"}"#
                    .utf8), remoteAddress: "192.0.2.1", receivedAtMilliseconds: 0)
        let account = AccountState(id: "a", context: ["key": "account", "path": "mine"])
        return PlaceholderScope(
            RequestContext(
                request: request, account: account,
                frame: ContextFrame(
                    id: "i", name: "n", environmentVariables: ["V": Secret("variable")],
                    bodyBytesMax: 1 << 20),
                environment: PipelineEnvironment(
                    nowMilliseconds: 0, monotonicNanoseconds: { 0 }, randomBits: { 0 })))
    }

    static func render(_ text: String) throws -> String? {
        guard case .value(let bytes) = scope().render(try PlaceholderTemplate.parse(text)) else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(
        arguments: [
            ("plain", "plain"), ("{{body.s}}", "text"), ("<{{body.s}}>", "<text>"),
            ("{{ body.s }}", "text"), ("{{{body.s}}}", "{text}"), ("{{body.n}}", "1767225600000"),
            ("{{body.x}}", "1.5"), ("{{body.l.0}}", "1"), ("{{body.l.-1}}", "two"),
            ("{{body.l.length}}", "2"), ("{{body.o.k}}", "v"), ("{{body.no|body.s}}", "text"),
            ("{{body.no body.s}}", "text"), ("{{body.no?:or}}", "or"), ("{{body.no ?: or}}", " or"),
            ("{{body.no?:https://x.y}}", "https://x.y"), ("{{body.no?:1:int}}", "1"),
            ("{{body.t:int}}", "12"), ("{{body.b:bool}}", "true"), ("{{body.j:json}}", #"{"q":1}"#),
            ("a{{body.no:undefined}}b", "ab"), ("a{{body.no:null}}b", "anullb"),
            ("{{body.e}}", ""), ("{{body.e:ignore-empty-str|body.s}}", "text"),
            ("{{body.e?:or}}", ""), ("{{headers.x-a}}", "b"), ("{{query.a}}", "1"),
            ("{{key}}", "account"), ("{{context.key}}", "account"), ("{{path}}", "mine"),
            ("{{environment_variables.V}}", "variable"), ("{{body.d}}", "{{s}}"),
            ("{{body./^?s/}}", nil), ("{{body./LE?/i.0}}", "1"), ("{{a[0]}}", "{{a[0]}}"),
            ("{{}}", "{{}}"), ("{{body.o.0}}", nil), ("{{body.no}}", nil), ("{{body.z}}", nil),
            ("{{headers.toString}}", nil), ("{{headers.X-A}}", nil), ("a{{body.no}}", nil),
        ] as [(String, String?)])
    func `a placeholder gives its value`(text: String, expected: String?) throws {
        if text.contains("^") {
            #expect(try Self.render(text) == text)
            return
        }
        #expect(try Self.render(text) == expected)
    }

    @Test(arguments: ["{{a:what}}", "{{a?:https://h:8080}}", "{{ }}", "{{a?:1: int}}", "{{|a}}"])
    func `a placeholder that does not parse is an error`(text: String) {
        #expect(throws: PlaceholderError.self) { try PlaceholderTemplate.parse(text) }
    }

    @Test(arguments: ["{{body.s}}", "{{headers.x-a}}", "{{raw_body}}", "{{url}}", "{{method}}"])
    func `the request is no part of what secrets are made of`(text: String) throws {
        let template = try PlaceholderTemplate.parse(text)
        guard case .missing = Self.scope().trusted.render(template) else {
            Issue.record("\(text) was seen")
            return
        }
    }

    @Test func `a member that a transform names may be`() throws {
        let scope = Self.scope()
        scope.context.replace(with: ["key_text": "made"], source: "{'key_text': 'made'}")
        let template = try PlaceholderTemplate.parse("{{key_text}}")
        guard case .value(let bytes) = scope.trusted.render(template) else {
            Issue.record("not seen")
            return
        }
        #expect(bytes == Array("made".utf8))
    }

    @Test func `what a transform takes over from the request is no part of it either`() throws {
        let scope = Self.scope()
        scope.context.replace(with: ["webhook_secret": "forged"], source: "$merge([$, body])")
        let template = try PlaceholderTemplate.parse("{{webhook_secret}}")
        guard case .missing = scope.trusted.render(template) else {
            Issue.record("seen")
            return
        }
        guard case .value = scope.render(template) else {
            Issue.record("not seen where it may be")
            return
        }
    }
}
