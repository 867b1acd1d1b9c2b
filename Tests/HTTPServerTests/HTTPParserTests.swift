import Testing

@testable import HTTPServer

/// The parser alone, without sockets.
struct HTTPParserTests {
    static func outcome(
        _ text: String, limits: HTTPLimits = HTTPLimits(), pieces: Int? = nil
    ) -> [String] {
        ParserOutcome.of(Array(text.utf8), limits: limits, cuts: pieces.map { [$0] } ?? [])
    }

    static let host = "Host: a\r\n"

    static let cases: [(String, [String])] = [
        ("GET / HTTP/1.1\r\n\(host)\r\n", ["GET / "]),
        ("\r\nGET /a?b=c HTTP/1.1\r\n\(host)\r\n", ["GET /a?b=c "]),
        ("POST / HTTP/1.1\r\n\(host)Content-Length: 3\r\n\r\nabc", ["POST / abc"]),
        (
            "POST / HTTP/1.1\r\n\(host)content-length:3\r\n\r\nabcGET / HTTP/1.1\r\n\(host)\r\n",
            ["POST / abc", "GET / "]
        ),
        (
            "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=\"y\"\r\nde\r\n0\r\n\r\n",
            ["POST / abcde"]
        ),
        (
            "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\nTrailer: x\r\n\r\n",
            ["POST / "]
        ),
        // RFC 9112 §2.2: empty lines before a request are ignored, as many as may be.
        (String(repeating: "\r\n", count: 4), []), (String(repeating: "\r\n", count: 5), ["400"]),
        ("POST / HTTP/1.1\r\n\(host)Content-Length: 1\r\n\r\na\r\n", ["POST / a"]),
        (
            "GET / HTTP/1.1\r\n\(host)\r\n\(String(repeating: "\r\n", count: 4))"
                + "GET / HTTP/1.1\r\n\(host)\r\n\r\n",
            ["GET / ", "GET / "]
        ),
        (
            "GET / HTTP/1.1\r\n\(host)\r\n\(String(repeating: "\r\n", count: 5))",
            ["GET / ", "400"]
        ),
        ("GET http://a/b HTTP/1.1\r\n\(host)\r\n", ["GET http://a/b "]),
        ("OPTIONS * HTTP/1.1\r\n\(host)\r\n", ["OPTIONS * "]),
        ("GET / HTTP/1.0\r\n\r\n", ["GET / "]),
        ("POST / HTTP/1.1\r\n\(host)Content-Length: 4\r\n\r\nabc", ["incomplete"]),
        // What RFC 9112 calls invalid.
        ("GET / HTTP/1.1\n\(host)\r\n", ["400"]),
        ("GET / HTTP/1.1\r\nHost: a\n\r\n", ["400"]),
        ("GET / HTTP/1.1\r\n\r\n", ["400"]),
        ("GET / HTTP/1.1\r\n\(host)\(host)\r\n", ["400"]),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", ["400"]),
        ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", ["400"]),
        ("GET / HTTP/1.1\r\n\(host)X : y\r\n\r\n", ["400"]),
        ("GET / HTTP/1.1\r\n\(host)X: y\r\n z\r\n\r\n", ["400"]),
        ("GET / HTTP/1.1\r\n\(host)X: y\u{1}\r\n\r\n", ["400"]),
        ("GET / HTTP/1.1\r\n\(host): y\r\n\r\n", ["400"]),
        ("GET  / HTTP/1.1\r\n\(host)\r\n", ["400"]), ("GET /  HTTP/1.1\r\n\(host)\r\n", ["400"]),
        ("G@T / HTTP/1.1\r\n\(host)\r\n", ["400"]), ("GET /a#b HTTP/1.1\r\n\(host)\r\n", ["400"]),
        ("GET a HTTP/1.1\r\n\(host)\r\n", ["400"]), ("GET * HTTP/1.1\r\n\(host)\r\n", ["400"]),
        ("GET / HTTP/2.0\r\n\(host)\r\n", ["505"]), ("GET / HTTP/1.x\r\n\(host)\r\n", ["400"]),
        ("CONNECT a:1 HTTP/1.1\r\n\(host)\r\n", ["501"]),
        (
            "POST / HTTP/1.1\r\n\(host)Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            ["400"]
        ),
        ("POST / HTTP/1.1\r\n\(host)Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", ["400"]),
        ("POST / HTTP/1.1\r\n\(host)Content-Length: +3\r\n\r\nabc", ["400"]),
        ("POST / HTTP/1.1\r\n\(host)Content-Length: 3, 3\r\n\r\nabc", ["400"]),
        ("POST / HTTP/1.1\r\n\(host)Content-Length: 99999999999999999999\r\n\r\n", ["413"]),
        ("POST / HTTP/1.1\r\n\(host)Transfer-Encoding: gzip, chunked\r\n\r\n", ["400"]),
        ("POST / HTTP/1.0\r\n\(host)Transfer-Encoding: chunked\r\n\r\n", ["400"]),
        ("POST / HTTP/1.1\r\n\(host)Expect: 200-ok\r\n\r\n", ["417"]),
        ("POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n", ["400"]),
        ("POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", ["400"]),
        ("POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n", ["400"]),
        ("POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\nx\r\n", ["400"]),
        (
            "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
            ["413"]
        ),
        // Sixteen digits of a chunk's size, and one beyond.
        (
            "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0000000000000001\r\na\r\n"
                + "0000000000000000\r\n\r\n",
            ["POST / a"]
        ),
        (
            "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n00000000000000001\r\n",
            ["400"]
        ),
        (
            "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n00000000000000000\r\n\r\n",
            ["400"]
        ),
        (
            "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\nBad Trailer: x\r\n\r\n",
            ["400"]
        ),
    ]

    @Test(arguments: cases)
    func `a request is read or refused as RFC 9112 says, wherever it is cut`(
        text: String, expected: [String]
    ) {
        #expect(Self.outcome(text) == expected)
        for cut in 0...text.utf8.count {
            #expect(Self.outcome(text, pieces: cut) == expected, "cut at \(cut)")
        }
    }

    @Test func `limits hold at them and one beyond`() {
        var limits = HTTPLimits()
        limits.requestLineBytesMax = 20
        #expect(Self.outcome("GET /aaaaa HTTP/1.1\r\n\(Self.host)\r\n", limits: limits).count == 1)
        #expect(
            Self.outcome("GET /aaaaaa HTTP/1.1\r\n\(Self.host)\r\n", limits: limits) == [
                "GET /aaaaaa "
            ])
        #expect(
            Self.outcome("GET /aaaaaaa HTTP/1.1\r\n\(Self.host)\r\n", limits: limits) == ["414"])
        limits = HTTPLimits()
        limits.headerCountMax = 2
        #expect(
            Self.outcome("GET / HTTP/1.1\r\n\(Self.host)A: b\r\n\r\n", limits: limits) == ["GET / "]
        )
        #expect(
            Self.outcome("GET / HTTP/1.1\r\n\(Self.host)A: b\r\nC: d\r\n\r\n", limits: limits) == [
                "431"
            ])
        limits = HTTPLimits()
        let head = "GET / HTTP/1.1\r\n\(Self.host)X: \(String(repeating: "y", count: 40))\r\n\r\n"
        limits.headerBytesMax = head.utf8.count
        #expect(Self.outcome(head, limits: limits) == ["GET / "])
        limits.headerBytesMax -= 1
        #expect(Self.outcome(head, limits: limits) == ["431"])
        limits = HTTPLimits()
        limits.bodyBytesMax = 3
        let post = { (length: Int) in
            "POST / HTTP/1.1\r\n\(Self.host)Content-Length: \(length)\r\n\r\n"
                + String(repeating: "b", count: length)
        }
        #expect(Self.outcome(post(3), limits: limits) == ["POST / bbb"])
        #expect(Self.outcome(post(4), limits: limits) == ["413"])
        let chunked = "POST / HTTP/1.1\r\n\(Self.host)Transfer-Encoding: chunked\r\n\r\n"
        #expect(
            Self.outcome(chunked + "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", limits: limits) == [
                "POST / abc"
            ])
        #expect(
            Self.outcome(chunked + "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n", limits: limits) == ["413"])
    }

    @Test func `extensions and trailers of chunks hold at their limits and one beyond`() {
        var limits = HTTPLimits()
        (limits.headerBytesMax, limits.headerCountMax) = (60, 2)
        let start = "POST / HTTP/1.1\r\n\(Self.host)Transfer-Encoding: chunked\r\n\r\n"
        limits.headerBytesMax = start.utf8.count
        // Over two chunks together: `;` and the name.
        for (count, expected) in [
            (start.utf8.count - 2, "POST / ab"), (start.utf8.count - 1, "431"),
        ] {
            // `;y` takes two of them.
            let name = String(repeating: "x", count: count - 1)
            let text = start + "1;y\r\na\r\n1;\(name)\r\nb\r\n0\r\n\r\n"
            #expect(Self.outcome(text, limits: limits) == [expected], "\(count)")
        }
        let empty = start + "0\r\n"
        #expect(Self.outcome(empty + "A: b\r\nC: d\r\n\r\n", limits: limits) == ["POST / "])
        #expect(
            Self.outcome(empty + "A: b\r\nC: d\r\nE: f\r\n\r\n", limits: limits) == ["431"])
        // Over the lines of trailers together, without their ends: `A: b` takes four.
        for (count, expected) in [
            (start.utf8.count - 4, "POST / "), (start.utf8.count - 3, "431"),
        ] {
            let line = "C: " + String(repeating: "d", count: count - 3)
            let outcome = Self.outcome(empty + "A: b\r\n\(line)\r\n\r\n", limits: limits)
            #expect(outcome == [expected], "\(count)")
        }
        // An endless line is not waited for.
        let endless = start + "1;" + String(repeating: "x", count: 200)
        #expect(Self.outcome(endless, limits: limits) == ["431"])
    }

    @Test func `repeats, order and spelling of fields are kept`() throws {
        let parser = HTTPParser(limits: HTTPLimits())
        var consumed = 0
        let text = "GET / HTTP/1.1\r\nHost: a\r\nX-A:  1 \r\nx-a: 2\r\n\r\n"
        let bytes = Array(text.utf8)
        guard case .head(let head) = try parser.next(bytes.span, consumed: &consumed) else {
            Issue.record("no head")
            return
        }
        let pairs = head.fields.lines.map { head.fields.name($0) + "=" + head.fields.value($0) }
        #expect(pairs == ["Host=a", "X-A=1", "x-a=2"])
        #expect(head.fields.firstValue(named: "x-a") == "1")
    }
}
