import Foundation
import TestSupport
import Testing

@testable import Receiver

@Suite(.enabled(if: OpenSSLTool.isInstalled, "no openssl command here"))
struct CurlFetcherTests {
    private func serve(
        _ body: (OpenSSLTool, TLSFileServer, CurlFetcher) throws -> Void
    ) throws {
        let tool = try OpenSSLTool()
        defer { tool.remove() }
        let server = try TLSFileServer(tool)
        var fetcher = CurlFetcher()
        fetcher.certificateAuthorities = tool.path("cert.pem")
        // Also keeps a proxy of the environment out of the way.
        fetcher.allowsLoopback = true
        try body(tool, server, fetcher)
    }

    @Test func `a document comes over TLS with its lifetime`() throws {
        try serve { _, server, fetcher in
            try server.answer(
                "a", headers: ["Cache-Control: public, max-age=77", "Age: 7"], body: "{}")
            let document = try fetcher.fetch(server.url("a"))
            #expect(document == .init(bytes: Array("{}".utf8), secondsToLive: 70))
        }
    }

    @Test(
        arguments: [
            ("Cache-Control: no-store", 0), ("Cache-Control: max-age=0, must-revalidate", 0),
            ("cache-control: MAX-AGE=5", 5), ("Cache-Control: private", nil), ("Expires: 0", nil),
        ] as [(String, Int?)])
    func `what the server says of caching is understood`(header: String, seconds: Int?) throws {
        try serve { _, server, fetcher in
            try server.answer("a", headers: [header], body: "{}")
            #expect(try fetcher.fetch(server.url("a")).secondsToLive == seconds)
        }
    }

    @Test func `a document at the limit is taken, one beyond it is not`() throws {
        try serve { _, server, fetcher in
            var fetcher = fetcher
            fetcher.bytesMax = 1000
            try server.answer("a", body: String(repeating: "a", count: 1000))
            try server.answer("b", body: String(repeating: "a", count: 1001))
            #expect(try fetcher.fetch(server.url("a")).bytes.count == 1000)
            let failure = #expect(throws: CurlFetcher.Failure.self) {
                try fetcher.fetch(server.url("b"))
            }
            #expect(failure?.description == "the answer is longer than 1000 bytes")
        }
    }

    @Test func `a redirect of the same origin is followed, three times at most`() throws {
        try serve { _, server, fetcher in
            for step in 0..<4 {
                try server.answer(
                    "r\(step)", status: "302 Found", headers: ["Location: /r\(step + 1)"])
            }
            try server.answer("r4", body: "here")
            #expect(try fetcher.fetch(server.url("r1")).bytes == Array("here".utf8))
            #expect(throws: CurlFetcher.Failure.self) { try fetcher.fetch(server.url("r0")) }
        }
    }

    @Test(arguments: [
        "https://example.org/keys", "http://127.0.0.1:1/keys", "https://127.0.0.1:1/keys",
        "//localhost/keys", "file:///etc/passwd", "ftp://127.0.0.1/keys",
    ])
    func `a redirect to another origin is not followed`(location: String) throws {
        try serve { _, server, fetcher in
            try server.answer("a", status: "302 Found", headers: ["Location: \(location)"])
            let failure = #expect(throws: CurlFetcher.Failure.self) {
                try fetcher.fetch(server.url("a"))
            }
            #expect(failure?.description.contains("redirects to another origin") == true)
        }
    }

    @Test func `a certificate that nobody vouches for is refused`() throws {
        try serve { _, server, fetcher in
            var fetcher = fetcher
            fetcher.certificateAuthorities = nil
            try server.answer("a", body: "{}")
            #expect(throws: CurlFetcher.Failure.self) { try fetcher.fetch(server.url("a")) }
        }
    }

    @Test func `a certificate of another name is refused`() throws {
        try serve { _, server, fetcher in
            try server.answer("a", body: "{}")
            #expect(throws: CurlFetcher.Failure.self) {
                try fetcher.fetch("https://localhost:\(server.port)/a")
            }
        }
    }

    @Test func `a server that never answers is given up in time`() throws {
        // Accepts connections (the system does) and says nothing.
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // unsafe: the socket interface's own way to pass addresses.
        unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = unsafe bind(listener, $0, length)
                _ = listen(listener, 4)
                _ = unsafe getsockname(listener, $0, &length)
            }
        }
        var fetcher = CurlFetcher()
        fetcher.allowsLoopback = true
        fetcher.timeoutMilliseconds = 300
        let start = Date()
        #expect(throws: CurlFetcher.Failure.self) {
            try fetcher.fetch("https://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/")
        }
        #expect(Date().timeIntervalSince(start) < 10)
    }

    @Test(arguments: [
        "http://example.org/keys", "http://127.0.0.1:9/keys", "file:///etc/passwd", "ftp://a/b",
        "https://", "https://user@127.0.0.1/", "https://a b/", "keys.json", "", "https://a:99999/",
        "https://127.0.0.1\\@example.org/",
    ])
    func `only https addresses are asked`(address: String) {
        #expect(throws: CurlFetcher.Failure.self) { try CurlFetcher().fetch(address) }
    }

    @Test func `a status other than 200 is a failure`() throws {
        try serve { _, server, fetcher in
            try server.answer("a", status: "404 Not Found", body: "{}")
            let failure = #expect(throws: CurlFetcher.Failure.self) {
                try fetcher.fetch(server.url("a"))
            }
            #expect(failure?.description == "the server answered 404")
        }
    }
}
