import Foundation
import JSON
import Testing
import Webhooks

@testable import Receiver

@Suite struct CaptureReaderTests {
    private func read(_ text: String) -> [Result<Capture, CaptureFailure>] {
        var found: [Result<Capture, CaptureFailure>] = []
        CaptureReader.read(Array(text.utf8), name: "f") { found.append($0) }
        return found
    }

    private func one(_ text: String) throws -> Capture {
        let found = read(text)
        #expect(found.count == 1)
        return try #require(found.first).get()
    }

    private func failure(_ text: String) -> String? {
        guard case .failure(let error)? = read(text).first else { return nil }
        return error.description
    }

    // MARK: raw HTTP

    @Test(arguments: ["\r\n", "\n"])
    func `a request as it stands on the wire is read`(newline: String) throws {
        let capture = try one(
            ["PUT /a?b=1 HTTP/1.1", "Host: h", "X-A:  1 2", "x-a:3", "", "{\"n\": 1}\n"]
                .joined(separator: newline))
        #expect(capture.method == "PUT")
        #expect(capture.target == "/a?b=1")
        #expect(capture.path == "/a")
        #expect(capture.fields.map(\.name) == ["Host", "X-A", "x-a"])
        #expect(capture.fields.map(\.value) == ["h", "1 2", "3"])
        // Without Content-Length the rest of the file is the body, to its last byte.
        #expect(capture.body == Array("{\"n\": 1}\n".utf8))
        let received = capture.received(publicURL: nil, nowMilliseconds: 5)
        #expect(received.publicURL == "http://h/a?b=1")
        #expect(received.query == "b=1")
        #expect(received.receivedAtMilliseconds == 5)
        let published = capture.received(publicURL: "https://p", nowMilliseconds: 5)
        #expect(published.publicURL == "https://p/a?b=1")
    }

    @Test func `several requests in one file are told apart by their lengths`() throws {
        let captures = try read(
            "POST /1 HTTP/1.1\nContent-Length: 3\n\nabc\n\nPOST http://h/2?q HTTP/1.0\n"
                + "Content-Length: 2\n\nde"
        ).map { try $0.get() }
        #expect(captures.map(\.target) == ["/1", "/2?q"])
        #expect(captures.map(\.body) == [Array("abc".utf8), Array("de".utf8)])
        #expect(captures.map(\.origin) == ["f", "f: request 2"])
        #expect(captures.allSatisfy { !$0.isIncomplete })
    }

    @Test func `a body that is shorter than its length is incomplete`() throws {
        #expect(try one("POST / HTTP/1.1\nContent-Length: 4\n\nabc").isIncomplete)
        #expect(
            try !one("POST / HTTP/1.1\nTransfer-Encoding: chunked\nContent-Length: 4\n\nabc")
                .isIncomplete)
        #expect(try one("POST / HTTP/1.1").body.isEmpty)
    }

    @Test(arguments: [
        "", " \n", "hello", "POST /\n\n", "POST / HTTP/1.1\nno colon\n\n", "\u{0}\u{1}",
    ])
    func `what is no request is said to be none`(text: String) {
        #expect(failure(text)?.hasPrefix("f: ") == true)
    }

    // MARK: JSON

    @Test(arguments: [
        #"{"body":"{\"n\":1.0}"}"#, #"{"raw_body":"{\"n\":1.0}"}"#,
        #"{"body":{"n":1.0}}"#, #"{"body_base64":"eyJuIjoxLjB9"}"#,
        #"{"raw_body_base64":"eyJuIjoxLjB9","body":"ignored"}"#,
    ])
    func `a body is text, JSON or base64`(text: String) throws {
        #expect(try one(text).body == Array(#"{"n":1.0}"#.utf8))
    }

    @Test(arguments: [
        #"{"headers":[["A","1"],["a","2"]]}"#, #"{"headers":{"A":"1","a":"2"}}"#,
        #"{"headers":{"A":["1","2"]}}"#,
        #"{"headers":[{"name":"A","value":"1"},{"name":"A","value":"2"}]}"#,
    ])
    func `headers are pairs or an object`(text: String) throws {
        let capture = try one(text)
        #expect(capture.fields.map { $0.name.lowercased() } == ["a", "a"])
        #expect(capture.fields.map(\.value) == ["1", "2"])
    }

    @Test func `a URL gives the target, a time the clock`() throws {
        let capture = try one(
            #"{"url":"https://h.example/x/y?z=1#f","received_at":"2023-11-14T22:13:20.5Z","method":"GET"}"#
        )
        #expect(capture.target == "/x/y?z=1")
        #expect(capture.method == "GET")
        #expect(capture.receivedAtMilliseconds == 1_700_000_000_500)
        #expect(try one(#"{"url":"https://h.example?z"}"#).target == "/?z")
        #expect(try one(#"{"url":"https://h.example"}"#).target == "/")
        #expect(try one(#"{"target":"http://h/p"}"#).target == "/p")
        #expect(try one("{}").target == "/")
    }

    @Test func `the lines of a file queue give back the body that their event holds`() throws {
        let line =
            #"{"event":{"id":"e","type":"t","integration":"i","account":"a","datacontenttype":"application/json","data":{"n": 1.0}},"request":{"target":"/x"}}"#
        let capture = try one(line)
        #expect(capture.body == Array(#"{"n": 1.0}"#.utf8))
        #expect(capture.integration == "i" && capture.account == "a")
        let cases: [(String, String)] = [
            (#""datacontenttype":"text/plain","data":"a\nb""#, "a\nb"),
            (#""datacontenttype":"application/json","data":"a""#, "\"a\""),
            (#""datacontenttype":"image/png","data_base64":"AAE=""#, "\u{0}\u{1}"),
        ]
        for (members, body) in cases {
            let capture = try one("{\"event\":{\"id\":\"e\",\(members)},\"request\":{}}")
            #expect(capture.body == Array(body.utf8), "\(members)")
        }
        // What was received is kept beside an event that was transformed.
        let both = try one(#"{"event":{"data":{"n":2}},"request":{"body":"n=1"}}"#)
        #expect(both.body == Array("n=1".utf8))
    }

    @Test func `lists, single objects and lines are read, and faults have places`() {
        #expect(read(#"[{"target":"/1"},{"target":"/2"}]"#).count == 2)
        #expect(read("{\"target\":\"/1\"}\n\n{\"target\":\"/2\"}\r\n").count == 2)
        #expect(failure("{}\n") == nil)
        #expect(failure(#"{"body_base64":"!"}"#) == "f: body_base64 is not base64")
        #expect(failure("[1]") == "f: item 1: a captured request is a JSON object")
        #expect(failure("{\"a\":\n{}\n") == "f:1: not a JSON object")
        #expect(failure(#"{"log":{"entries":[{}]}}"#) == "f: entry 1: no request with a url")
    }

    @Test func `HAR bodies are text, base64 or form fields`() throws {
        let cases: [(String, String)] = [
            (#"{"text":"é"}"#, "é"), (#"{"text":"AAE=","encoding":"base64"}"#, "\u{0}\u{1}"),
            (#"{"params":[{"name":"a","value":"1"},{"name":"b"}]}"#, "a=1&b="), ("{}", ""),
        ]
        for (post, body) in cases {
            let entry =
                #"{"request":{"method":"POST","url":"https://h/p","headers":[{"name":":path","value":"/p"}],"postData":\#(post)}}"#
            let capture = try one(#"{"log":{"entries":[\#(entry)]}}"#)
            #expect(capture.body == Array(body.utf8), "\(post)")
            #expect(capture.fields.isEmpty && capture.target == "/p")
        }
    }

    // MARK: Explanations

    @Test(arguments: [
        ("{{raw_body}}", "{{raw_body}}"),
        ("{{signature.t}}.{{raw_body}}", "{{signature.t}}.{{raw_body}}"),
        ("v0:{{headers.x}}:{{raw_body}}", "v0:{{headers.x}}:{{raw_body}}"),
        ("topsecret{{raw_body}}", "…{{raw_body}}"), ("{{a?:topsecret}}", "{{a?:…}}"),
        ("topsecret", "…"), ("{{raw_body}}topsecret", "{{raw_body}}…"), ("", ""),
        ("{{open", "…"),
    ])
    func `a template is shown without text that could be a secret`(
        template: String, outline: String
    ) {
        let shown = SignatureExplanation.outline(template)
        #expect(!shown.contains("topsecret"))
        if !template.hasPrefix("{{open") { #expect(shown == outline) }
    }
}
