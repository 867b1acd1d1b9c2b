import Cryptography
import Testing
import Webhooks

@testable import HTTPServer
@testable import Receiver

/// Whom `X-Forwarded-…` makes the client, and what it makes the URL (SPEC §2, §4.1).
struct ForwardedTests {
    private static let trusted = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"].compactMap {
        AddressRange($0)
    }

    private static func request(
        _ fields: [String], peer: String, target: String = "/a?b=c",
        security: ConnectionSecurity? = nil
    ) throws -> HTTPRequest {
        let lines = fields.map { "\($0)\r\n" }.joined()
        let text = Array("POST \(target) HTTP/1.1\r\nHost: called.example\r\n\(lines)\r\n".utf8)
        let parser = HTTPParser(limits: HTTPLimits())
        var consumed = 0
        guard case .head(let head) = try parser.next(text.span, consumed: &consumed) else {
            throw HTTPFailure(400, "no head")
        }
        return HTTPRequest(
            head: head, body: [], remoteAddress: peer, security: security, connectionID: 0,
            context: nil)
    }

    @Test(arguments: [
        // Nobody is believed but a trusted peer.
        ("192.0.2.1", ["X-Forwarded-For: 198.51.100.7"], "192.0.2.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7"], "198.51.100.7"),
        ("::ffff:127.0.0.1", ["X-Forwarded-For: 198.51.100.7"], "198.51.100.7"),
        ("2001:db8::5", ["X-Forwarded-For: 198.51.100.7"], "198.51.100.7"),
        ("unix", ["X-Forwarded-For: 198.51.100.7"], "198.51.100.7"),
        // The right-most hop that is not trusted; what is left of it, the client may have written.
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7, 192.0.2.9"], "192.0.2.9"),
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7, 192.0.2.9, 10.1.2.3"], "192.0.2.9"),
        (
            "127.0.0.1", ["X-Forwarded-For: 198.51.100.7", "X-Forwarded-For: 192.0.2.9"],
            "192.0.2.9"
        ),
        ("127.0.0.1", ["X-Forwarded-For: 10.1.2.3, 10.1.2.4"], "10.1.2.3"),
        ("127.0.0.1", ["X-Forwarded-For: 192.0.2.9,"], "192.0.2.9"),
        // With a port; mapped; in capitals.
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7, 192.0.2.9:4711"], "192.0.2.9"),
        ("127.0.0.1", ["X-Forwarded-For: [2001:DB9::1]:4711"], "2001:db9::1"),
        ("127.0.0.1", ["X-Forwarded-For: [2001:DB9::1]"], "2001:db9::1"),
        ("127.0.0.1", ["X-Forwarded-For: 2001:DB9::1"], "2001:db9::1"),
        ("127.0.0.1", ["X-Forwarded-For: ::ffff:192.0.2.9"], "192.0.2.9"),
        // What is no address ends the way: never to what stands before it.
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7, unknown"], "127.0.0.1"),
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7, unix"], "127.0.0.1"),
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7, 192.0.2.9:x"], "127.0.0.1"),
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7, _hidden, 10.1.2.3"], "10.1.2.3"),
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7, 192.0.2.999"], "127.0.0.1"),
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7, 10.0.0 .1"], "127.0.0.1"),
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7, 192.0.2.9 10.1.2.3"], "127.0.0.1"),
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7, 2001: db8::1"], "127.0.0.1"),
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7, 192.0.2.9: 80"], "127.0.0.1"),
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7, 192.0.2.9:+80"], "127.0.0.1"),
        // To some readers 010 is eight, to others ten.
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7, 010.1.2.3"], "127.0.0.1"),
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7, 192.0.2.00"], "127.0.0.1"),
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7, ::ffff:192.0.2.09"], "127.0.0.1"),
        ("127.0.0.1", ["X-Forwarded-For: 198.51.100.7,\t 0.0.0.0 \t"], "0.0.0.0"),
    ])
    func `the client is the last hop that no trusted proxy is`(
        peer: String, fields: [String], client: String
    ) throws {
        let request = try Self.request(fields, peer: peer)
        #expect(
            RequestAdapter.client(request.head, peer: peer, trusted: Self.trusted) == client)
    }

    @Test func `without trusted proxies nobody is believed, not even a local socket`() throws {
        for peer in ["127.0.0.1", "unix"] {
            let request = try Self.request(
                ["X-Forwarded-For: 198.51.100.7", "X-Forwarded-Host: evil.example"], peer: peer)
            #expect(RequestAdapter.client(request.head, peer: peer, trusted: []) == peer)
            #expect(RequestAdapter.forwarded(request, trusted: []) == nil)
        }
    }

    @Test(
        arguments: [
            (["X-Forwarded-Proto: https", "X-Forwarded-Host: a.example"], "https://a.example"),
            (
                ["X-Forwarded-Proto: HTTPS", "X-Forwarded-Host: a.example:8443"],
                "https://a.example:8443"
            ),
            (["X-Forwarded-Proto: ftp", "X-Forwarded-Host: [::1]:80"], "http://[::1]:80"),
            (["X-Forwarded-Proto: https"], "https://called.example"),
            ([], "http://called.example"),
            // The last of each is the proxy's own.
            (["X-Forwarded-Host: evil.example, a.example"], "http://a.example"),
            (
                ["X-Forwarded-Host: evil.example", "X-Forwarded-Host: a.example"],
                "http://a.example"
            ),
            (
                ["X-Forwarded-Proto: https, http", "X-Forwarded-Host: a.example"],
                "http://a.example"
            ),
            // No path, user or query can be hidden in a host.
            (["X-Forwarded-Host: a.example/path"], nil), (["X-Forwarded-Host: u@a.example"], nil),
            (["X-Forwarded-Host: a.example?x=y"], nil), (["X-Forwarded-Host: a .example"], nil),
            (["X-Forwarded-Proto: ht tps"], "http://called.example"),
        ] as [([String], String?)])
    func `a trusted proxy says what was called`(fields: [String], base: String?) throws {
        let request = try Self.request(fields, peer: "10.0.0.1")
        #expect(RequestAdapter.forwarded(request, trusted: Self.trusted) == base)
        let stranger = try Self.request(fields, peer: "192.0.2.1")
        #expect(RequestAdapter.forwarded(stranger, trusted: Self.trusted) == nil)
    }

    /// RFC 9112 §3.2.2: the Host field is ignored then.
    @Test(
        arguments: [
            ("http://good.example/a?b=c", [], "http://good.example"),
            ("HTTP://good.example:8080", [], "http://good.example:8080"),
            ("https://good.example?b=//c/d", [], "https://good.example"),
            ("http://[2001:db8::1]:80/a", [], "http://[2001:db8::1]:80"),
            ("http://good.example/a", ["X-Forwarded-Proto: https"], "https://good.example"),
            (
                "http://good.example/a",
                ["X-Forwarded-Host: hooks.example", "X-Forwarded-Proto: https"],
                "https://hooks.example"
            ),
            // What a URL may hold and no name of a host does ends as such a Host field does.
            ("http://good!.example/a", [], nil),
            // A path that looks like one.
            ("//good.example/a", [], "http://called.example"),
            ("/http://good.example/a", [], "http://called.example"),
            ("/?http://good.example/a", [], "http://called.example"),
        ] as [(String, [String], String?)])
    func `an absolute target says what was called, whatever Host says`(
        target: String, fields: [String], base: String?
    ) throws {
        let request = try Self.request(fields, peer: "10.0.0.1", target: target)
        #expect(RequestAdapter.forwarded(request, trusted: Self.trusted) == base)
        let stranger = try Self.request(fields, peer: "192.0.2.1", target: target)
        #expect(RequestAdapter.forwarded(stranger, trusted: Self.trusted) == nil)
    }

    @Test func `a proxy that comes over TLS was called over TLS, unless it says otherwise`() throws
    {
        let security = ConnectionSecurity(version: .tls13)
        let request = try Self.request([], peer: "10.0.0.1", security: security)
        #expect(
            RequestAdapter.forwarded(request, trusted: Self.trusted) == "https://called.example")
        let other = try Self.request(
            ["X-Forwarded-Proto: http"], peer: "10.0.0.1", security: security)
        #expect(RequestAdapter.forwarded(other, trusted: Self.trusted) == "http://called.example")
    }
}
