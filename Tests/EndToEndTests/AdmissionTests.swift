import Foundation
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
