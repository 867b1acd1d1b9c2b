import Foundation
import Glibc
import TestSupport
import Testing

/// Allow-lists and rate limits of integrations, on the built program.
@Suite(.serialized)
struct AdmissionTests {
    static func integration(_ name: String, _ members: String) -> String {
        """
        name: \(name)
        config: { webhook: { signature_verification: none } }
        \(members)
        """
    }

    static func status(_ server: ReceiverProcess, _ name: String, _ fields: [String] = []) throws
        -> (status: Int, head: String, body: String)
    {
        try #require(
            try RawConnection.post(
                server.port, "/webhooks/\(name)", "{}",
                ["Content-Type: application/json"] + fields))
    }

    @Test func `only allowed addresses may send, and a proxy that is trusted names the client`()
        throws
    {
        let server = try ReceiverProcess(
            extra: "trusted_proxies: [127.0.0.1]",
            integrations: [
                "a.yaml": Self.integration("inside", "allowed_addresses: 127.0.0.0/8"),
                "b.yaml": Self.integration("outside", "allowed_addresses: [192.0.2.0/24]"),
                "c.yaml": Self.integration("six", #"allowed_addresses: ["2001:db8::/32"]"#),
            ])
        #expect(try Self.status(server, "inside").status == 200)
        let refused = try Self.status(server, "outside")
        #expect(refused.status == 403)
        #expect(refused.head.contains("X-Request-Id: "))
        #expect(!refused.body.contains("address"))
        let forwarded: [(String, String, Int)] = [
            ("outside", "192.0.2.255", 200), ("outside", "192.0.3.0", 403),
            ("outside", "::ffff:192.0.2.7", 200), ("outside", "192.0.2.7, 198.51.100.1", 403),
            ("outside", "198.51.100.1, 192.0.2.7", 200), ("six", "2001:db8:ffff::1", 200),
            ("six", "2001:db9::1", 403), ("inside", "198.51.100.1", 403),
        ]
        for (name, client, status) in forwarded {
            let answer = try Self.status(server, name, ["X-Forwarded-For: \(client)"])
            #expect(answer.status == status, "\(name) \(client)")
        }
        let metrics = try #require(
            try RawConnection.post(server.adminPort, "/metrics", "", method: "GET"))
        #expect(metrics.body.contains(#"reason="address_not_allowed""#))
        #expect(server.stop() == 0)
    }

    @Test func `without a trusted proxy no header opens the list`() throws {
        let server = try ReceiverProcess(
            integrations: [
                "b.yaml": Self.integration("outside", "allowed_addresses: [192.0.2.0/24]")
            ])
        let answer = try Self.status(server, "outside", ["X-Forwarded-For: 192.0.2.7"])
        #expect(answer.status == 403)
        #expect(try server.storedIDs().isEmpty)
        #expect(server.stop() == 0)
    }

    /// 127.0.0.1 is nobody where 127.0.0.2 alone is trusted.
    @Test func `a peer that is none of the trusted ones speaks for itself alone`() throws {
        let server = try ReceiverProcess(
            extra: "trusted_proxies: [127.0.0.2]",
            integrations: [
                "a.yaml": Self.integration("inside", "allowed_addresses: [127.0.0.1]"),
                "b.yaml": Self.integration("outside", "allowed_addresses: [192.0.2.0/24]"),
            ])
        for client in ["192.0.2.7", "127.0.0.1, 192.0.2.7", "192.0.2.7, 127.0.0.2"] {
            let fields = ["X-Forwarded-For: \(client)"]
            #expect(try Self.status(server, "outside", fields).status == 403, "\(client)")
            #expect(try Self.status(server, "inside", fields).status == 200, "\(client)")
        }
        // The same words of the one that is.
        let proxy = try TestClient(port: server.port, from: 0x7F00_0002)
        proxy.send(
            RawConnection.request(
                "/webhooks/outside", "{}", ["X-Forwarded-For: 192.0.2.7", "Connection: close"]))
        #expect(proxy.read(until: nil).hasPrefix("HTTP/1.1 200 "))
        #expect(server.stop() == 0)
    }

    @Test func `a PROXY header of a peer that is none of the trusted ones is refused`() throws {
        let server = try ReceiverProcess(
            extra: "trusted_proxies: [127.0.0.2]",
            integrations: [
                "b.yaml": Self.integration("outside", "allowed_addresses: [192.0.2.0/24]")
            ], listen: "{ address: \"127.0.0.1:0\", proxy_protocol: true }")
        let text =
            "PROXY TCP4 192.0.2.9 198.51.100.1 1 2\r\n"
            + RawConnection.request("/webhooks/outside", "{}", ["Connection: close"])
        let stranger = try RawConnection(port: server.port)
        stranger.send(text)
        #expect(stranger.answer() == nil && stranger.ends())
        #expect(try server.storedIDs().isEmpty)
        let proxy = try TestClient(port: server.port, from: 0x7F00_0002)
        proxy.send(text)
        #expect(proxy.read(until: nil).hasPrefix("HTTP/1.1 200 "))
        #expect(try server.storedIDs().count == 1)
        #expect(server.stop() == 0)
    }

    private static let url = """
        name: open
        config: { webhook: { payload_transform: "{'body': url}", signature_verification: none } }
        event_id: "{{headers.x-delivery}}"
        """

    @Test func `the URL is what a trusted proxy says was called, and nobody else`() throws {
        let server = try ReceiverProcess(
            extra: "trusted_proxies: [127.0.0.2]", integrations: ["o.yaml": Self.url])
        let target = "/webhooks/open?a=b"
        let forwarded = ["X-Forwarded-Proto: https", "X-Forwarded-Host: hooks.example"]
        let own = "http://127.0.0.1:\(server.port)\(target)"
        let cases: [(source: UInt32, target: String, fields: [String], url: String)] = [
            (0x7F00_0002, target, forwarded, "https://hooks.example\(target)"),
            // A proxy that says nothing more passes on what it was asked for (README).
            (0x7F00_0002, target, [], "http://localhost\(target)"),
            (0x7F00_0002, "http://good.example\(target)", [], "http://good.example\(target)"),
            (0x7F00_0001, target, forwarded, own),
            (0x7F00_0001, "http://evil.example\(target)", [], own),
        ]
        for (number, item) in cases.enumerated() {
            let client = try TestClient(port: server.port, from: item.source)
            let fields = item.fields + ["X-Delivery: d-\(number)", "Connection: close"]
            client.send(RawConnection.request(item.target, "{}", fields))
            #expect(client.read(until: nil).hasPrefix("HTTP/1.1 200 "), "\(item)")
            let (_, event) = try server.command("queue", "show", "d-\(number)")
            #expect(event.contains("\"\(item.url)\""), "\(item): \(event)")
        }
        #expect(server.stop() == 0)
    }

    /// True where a socket can have IPv6's own address.
    private static let hasIPv6: Bool = {
        let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        // unsafe: a union, of which these bytes are one view.
        unsafe address.sin6_addr.__in6_u.__u6_addr8.15 = 1
        // unsafe: a value on this stack, lent for the call.
        return unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
            }
        }
    }()

    @Test(.enabled(if: hasIPv6, "no IPv6 here"))
    func `on a listener of both families IPv4 is IPv4, and IPv6 itself`() throws {
        let server = try ReceiverProcess(
            integrations: [
                "a.yaml": Self.integration("four", "allowed_addresses: [127.0.0.0/8]"),
                "b.yaml": Self.integration(
                    "mapped", #"allowed_addresses: ["::ffff:127.0.0.0/104"]"#),
                "c.yaml": Self.integration("six", #"allowed_addresses: ["::1"]"#),
                "d.yaml": Self.integration("every-six", #"allowed_addresses: ["::/0"]"#),
            ], listen: "\"[::]:0\"")
        for (host, allowed) in [
            ("127.0.0.1", ["four", "mapped"]), ("[::1]", ["six", "every-six"]),
        ] {
            for name in ["four", "mapped", "six", "every-six"] {
                let (_, output) = try ReceiverProcess.run([
                    "curl", "-sS", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code}",
                    "-d", "{}", "http://\(host):\(server.port)/webhooks/\(name)",
                ])
                #expect(output == (allowed.contains(name) ? "200" : "403"), "\(host) \(name)")
            }
        }
        #expect(server.stop() == 0)
    }

    @Test func `beyond its rate an integration answers 429 and others go on`() throws {
        let server = try ReceiverProcess(
            integrations: [
                "a.yaml": Self.integration(
                    "slow", "limits: { requests_per_second: 0.001, requests_burst: 3 }"),
                "b.yaml": Self.integration("free", ""),
            ])
        for _ in 0..<3 { #expect(try Self.status(server, "slow").status == 200) }
        let answer = try Self.status(server, "slow")
        #expect(answer.status == 429)
        let seconds = answer.head.split(separator: "\r\n").first { $0.hasPrefix("Retry-After: ") }
            .flatMap { Int($0.dropFirst("Retry-After: ".count)) }
        #expect((900...1000).contains(try #require(seconds)))
        for _ in 0..<5 { #expect(try Self.status(server, "free").status == 200) }
        // A reload must not give a new burst (SPEC §2).
        kill(server.process.processIdentifier, SIGHUP)
        #expect(try Self.status(server, "slow").status == 429)
        let metrics = try #require(
            try RawConnection.post(server.adminPort, "/metrics", "", method: "GET"))
        #expect(metrics.body.contains(#"reason="rate_limited""#))
        #expect(server.stop() == 0)
        #expect(try server.storedIDs().count == 8)
    }
}
