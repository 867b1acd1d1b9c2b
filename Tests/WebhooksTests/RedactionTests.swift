import JSON
import Testing

@testable import Webhooks

struct RedactionTests {
    private static func captured(
        _ verification: String, headers: [(String, String)] = [], query: String = "",
        body: String = ""
    ) throws -> String {
        let source =
            #"{"name":"a","redact_headers":["X-Extra"],"config":{"webhook":{"signature_verification":\#(verification)}}}"#
        let (parsed, problems) = Integration.parse(try JSONValue(parsing: Array(source.utf8)))
        let integration = try #require(parsed, "\(problems)")
        let target = "/w" + (query.isEmpty ? "" : "?" + query)
        let request = ReceivedRequest(
            method: "POST", target: target, publicURL: "https://h.example" + target, path: "/w",
            query: query[...], fields: HeaderFields(headers), body: Array(body.utf8),
            remoteAddress: "192.0.2.1", receivedAtMilliseconds: 0)
        return String(
            decoding: CapturedRequest.json(
                request, redacting: integration.redaction, withBody: true), as: UTF8.self)
    }

    private static func token(_ place: String) -> String {
        #"{"format":"token","config":{"secret":"{{k}}","compare_with":"{{\#(place)}}"}}"#
    }

    @Test func `the header of a token is not kept, nor those that are listed`() throws {
        let text = try Self.captured(
            Self.token("headers.x-token"),
            headers: [
                ("X-Token", "hunter22"), ("X-Other", "kept"), ("x-extra", "hunter22"),
                ("Authorization", "hunter22"), ("Cookie", "hunter22"),
            ])
        #expect(!text.contains("hunter22"))
        #expect(text.contains("kept"))
    }

    @Test(arguments: [
        (
            #"{"a":1, "token" : "hunter22","b":"é"}"#, "body.token",
            #"{"a":1, "token" : "[redacted]","b":"é"}"#
        ),
        (
            #"{"v":[{"t":"x"},{"t":"hunter22"}]}"#, "body.v.1.t",
            #"{"v":[{"t":"x"},{"t":"[redacted]"}]}"#
        ),
        (
            #"{"v":[{"t":"x"},{"t":"hunter22"}]}"#, "body.v.-1.t",
            #"{"v":[{"t":"x"},{"t":"[redacted]"}]}"#
        ),
        (#"{"token":{"deep":"hunter22"}}"#, "body.token", #"{"token":"[redacted]"}"#),
        (#"{"other":1}"#, "body.token", #"{"other":1}"#),
        ("a=1&token=hunter22&b=2", "body.token", "a=1&token=[redacted]&b=2"),
        ("tok%65n=hunter22", "body.token", "tok%65n=[redacted]"),
    ])
    func `the member of a body that is a credential is not kept`(
        body: String, place: String, kept: String
    ) throws {
        let text = try Self.captured(Self.token(place), body: body)
        let value = try JSONValue(parsing: Array(text.utf8))
        #expect(value["body"]?.stringValue == kept)
        #expect(!text.contains("hunter22"))
    }

    @Test func `a body that hides where its credential is is not kept at all`() throws {
        let text = try Self.captured(
            Self.token("body.token"), headers: [("Content-Encoding", "gzip")], body: "hunter22")
        #expect(!text.contains("hunter22"))
    }

    @Test func `a parameter of the URL that is a credential is not kept`() throws {
        let text = try Self.captured(
            Self.token("query.token"), query: "a=1&token=hunter22&b=2&%74oken=hunter22")
        #expect(!text.contains("hunter22"))
        #expect(text.contains("/w?a=1&token=[redacted]&b=2&%74oken=[redacted]"))
    }

    @Test func `signatures are kept: they are needed to replay and make nothing else`() throws {
        let text = try Self.captured(
            #"{"format":"hmac","config":{"secret":"{{k}}","compare_with":"{{headers.x-sig}}"}}"#,
            headers: [("X-Sig", "0123")], body: #"{"token":"kept"}"#)
        #expect(text.contains("0123"))
        #expect(text.contains("kept"))
    }

    @Test func `every branch of several formats is covered`() throws {
        let text = try Self.captured(
            #"{"format":"any","config":{"of":[\#(Self.token("headers.x-a")),\#(Self.token("body.b"))]}}"#,
            headers: [("X-A", "hunter22")], body: #"{"b":"hunter22"}"#)
        #expect(!text.contains("hunter22"))
    }
}
