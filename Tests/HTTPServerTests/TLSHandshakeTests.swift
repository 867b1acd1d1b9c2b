import Cryptography
import Foundation
import TestSupport
import Testing

@testable import HTTPServer

/// Handshakes: what is refused and why, sessions, certificates of both sides.
@Suite(.enabled(if: OpenSSLTool.isInstalled, "no openssl command here"))
struct TLSHandshakeTests {
    // MARK: Refused

    /// What a client hears, and what the handler was told.
    private static func refusal(
        _ server: TestServer, _ options: TLSClient.Options
    ) -> (heard: String, reasons: [TLSFailure.Reason]) {
        var heard = ""
        do { heard = try TLSFixture.ask(server, options).answer } catch { heard = "\(error)" }
        server.waitForConnections(0)
        return (heard, server.handler.handshakeFailures)
    }

    @Test func `old versions, old ciphers and other protocols are refused by name`() throws {
        let fixture = try TLSFixture()
        let cases: [(TLSFailure.Reason, (inout TLSClient.Options) -> Void)] = [
            (.noSharedVersion, { $0.version = "1.1" }),
            (
                .noSharedCipher,
                { ($0.version, $0.ciphers) = ("1.2", "ECDHE-ECDSA-AES128-SHA256") }
            ),
            (.noSharedProtocol, { $0.protocols = ["h2"] }),
        ]
        for (reason, change) in cases {
            let server = try fixture.server()
            var options = fixture.client()
            change(&options)
            let (heard, reasons) = Self.refusal(server, options)
            #expect(reasons == [reason], "\(heard)")
            #expect(heard.contains("alert"), "\(heard)")
            #expect(server.handler.bodyLengths.isEmpty)
            server.stop()
        }
    }

    @Test func `a minimum of 1.3 refuses 1.2`() throws {
        let fixture = try TLSFixture()
        var material = try fixture.material("server")
        material.minimumVersion = .tls13
        let server = try fixture.server(material)
        var options = fixture.client()
        options.version = "1.2"
        #expect(Self.refusal(server, options).reasons == [.noSharedVersion])
        options.version = "1.3"
        #expect(try TLSFixture.ask(server, options).answer.hasSuffix("/x"))
        server.stop()
    }

    @Test func `a client that does not trust the certificate is counted`() throws {
        let fixture = try TLSFixture()
        try fixture.certificates.makeAuthority("other")
        let server = try fixture.server()
        var options = fixture.client()
        options.authority = fixture.certificates.path("other.pem")
        #expect(Self.refusal(server, options).reasons == [.refusedByClient])
        server.stop()
    }

    @Test(arguments: ["POST /webhooks/a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "G"])
    func `HTTP without TLS is told so in the clear`(text: String) throws {
        let server = try TLSFixture().server()
        let client = try TestClient(port: server.port)
        client.send(text)
        #expect(client.read(until: nil).hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(server.handler.handshakeFailures == [.plainHTTP])
        #expect(server.handler.bodyLengths.isEmpty)
        server.stop()
    }

    @Test(
        arguments: [
            [0x00], [0x80, 0x2E, 0x01], [0x15, 3, 1, 0, 2, 2, 40],
            [0x16, 0xFF, 0xFF, 0xFF, 0xFF, 0],
            [0x16, 3, 1, 0, 4, 1, 0, 0, 0], [0x16, 3, 1, 0, 5, 2, 0, 0, 1, 0],
            [0x16, 3, 1, 0x40, 1] + [UInt8](repeating: 7, count: 0x4001),
            [0x17, 3, 3, 0, 1, 0], [UInt8](repeating: 0xFF, count: 100_000),
        ] as [[UInt8]])
    func `what is no handshake ends the connection and nothing else`(bytes: [UInt8]) throws {
        let fixture = try TLSFixture()
        let server = try fixture.server()
        let client = try TestClient(port: server.port)
        client.send(bytes)
        client.endInput()
        _ = client.read(until: nil)
        server.waitForConnections(0)
        #expect(server.handler.handshakeFailures.count == 1)
        #expect(try TLSFixture.ask(server, fixture.client()).answer.hasSuffix("/x"))
        server.stop()
    }

    @Test func `a handshake that is broken off anywhere leaves nothing behind`() throws {
        let fixture = try TLSFixture()
        let server = try fixture.server()
        // What a client says first, taken from a listener that only reads.
        let hello = try Self.hello()
        for cut in stride(from: 1, through: hello.count, by: 13) {
            let client = try TestClient(port: server.port)
            client.send(Array(hello[..<cut]))
            client.endInput()
            _ = client.read(until: nil)
        }
        // Bits of a whole one that have changed: an alert, or a handshake that waits for more.
        for place in stride(from: 0, to: hello.count, by: 11) {
            var bytes = hello
            bytes[place] ^= 0x41
            let client = try TestClient(port: server.port)
            client.send(bytes)
            client.endInput()
            _ = client.read(until: nil)
        }
        server.waitForConnections(0)
        #expect(server.server.connectionCount == 0)
        #expect(try TLSFixture.ask(server, fixture.client()).answer.hasSuffix("/x"))
        server.stop()
    }

    /// The bytes of a ClientHello.
    private static func hello() throws -> [UInt8] {
        let server = try TestServer()
        let client = try TLSClient(port: server.port, TLSClient.Options(), handshakes: false)
        let bytes = client.firstFlight()
        server.stop()
        return bytes
    }

    @Test func `a handshake has its time, which trickling does not move`() throws {
        let fixture = try TLSFixture()
        var limits = HTTPLimits()
        limits.handshakeTimeoutMilliseconds = 100
        let server = try fixture.server(nil, limits)
        let silent = try TestClient(port: server.port)
        let slow = try TestClient(port: server.port)
        slow.setReadTimeout(milliseconds: 10)
        let hello = try Self.hello()
        // Waits 10 ms for an answer after each byte: a whole hello would take seconds.
        var sent = 0
        while sent < hello.count, server.handler.handshakeFailures.count < 2 {
            slow.send([hello[sent]])
            _ = slow.receive()
            sent += 1
        }
        #expect(sent < hello.count)
        #expect(silent.receive().isEmpty)
        #expect(server.handler.handshakeFailures == [.timeout, .timeout])
        server.stop()
    }

    // MARK: Sessions

    @Test(arguments: ["1.2", "1.3"])
    func `a session goes on at every loop and after the certificate was replaced`(
        version: String
    ) throws {
        let fixture = try TLSFixture()
        try fixture.certificates.make("renewed")
        let slot = try fixture.slot(try fixture.material("server"))
        let server = try TestServer(loops: 2, listener: TLSFixture.listener(slot))
        var options = fixture.client()
        options.version = version
        let (_, first) = try TLSFixture.ask(server, options)
        #expect(!first.isResumed)
        options.session = first.session
        for _ in 0..<8 { #expect(try TLSFixture.ask(server, options).client.isResumed) }
        slot.replace(
            with: try TLSContext(
                try fixture.material("renewed"), ticketKeys: fixture.ticketKeys))
        #expect(try TLSFixture.ask(server, options).client.isResumed)
        // The key before the present one is still taken, the one before that is not.
        let period = TLSTicketKeys.periodSeconds
        fixture.ticketKeys.rotate(now: period)
        let (_, second) = try TLSFixture.ask(server, options)
        #expect(second.isResumed)
        fixture.ticketKeys.rotate(now: 2 * period)
        #expect(try !TLSFixture.ask(server, options).client.isResumed)
        // Under the old key the client got a ticket of the key of then.
        options.session = second.session
        #expect(try TLSFixture.ask(server, options).client.isResumed)
        #expect(server.handler.security.filter(\.isResumed).count == 11)
        server.stop()
    }

    @Test(arguments: ["1.2", "1.3"])
    func `without tickets every handshake is whole`(version: String) throws {
        let fixture = try TLSFixture()
        var material = try fixture.material("server")
        material.usesTickets = false
        let server = try fixture.server(material)
        var options = fixture.client()
        options.version = version
        options.session = try TLSFixture.ask(server, options).client.session
        #expect(try !TLSFixture.ask(server, options).client.isResumed)
        server.stop()
    }

    @Test func `a replaced certificate is for new connections`() throws {
        let fixture = try TLSFixture()
        try fixture.certificates.make("renewed")
        let slot = try fixture.slot(try fixture.material("server"))
        let server = try TestServer(listener: TLSFixture.listener(slot))
        let old = try TLSClient(port: server.port, fixture.client())
        slot.replace(
            with: try TLSContext(
                try fixture.material("renewed"), ticketKeys: fixture.ticketKeys))
        let (_, new) = try TLSFixture.ask(server, fixture.client())
        #expect(old.serverCommonName == "server" && new.serverCommonName == "renewed")
        try old.send(TLSFixture.get("/old"))
        #expect(try old.read().hasSuffix("/old"))
        server.stop()
    }

    @Test func `the certificate is that of the name which the client asks for`() throws {
        let fixture = try TLSFixture()
        try fixture.certificates.make("one", names: "DNS:one.example")
        try fixture.certificates.make("two", names: "DNS:*.two.example", algorithm: "rsa:2048")
        let server = try fixture.server(try fixture.material("server", "one", "two"))
        let cases = [
            (nil, "server"), ("nowhere.example", "server"), ("one.example", "one"),
            ("ONE.example", "one"), ("a.two.example", "two"), ("a.b.two.example", "server"),
        ]
        for (name, expected) in cases {
            for version in ["1.2", "1.3"] {
                var options = fixture.client()
                (options.serverName, options.version) = (name, version)
                let (_, client) = try TLSFixture.ask(server, options)
                #expect(client.serverCommonName == expected, "\(name ?? "none")")
                options.session = client.session
                #expect(try TLSFixture.ask(server, options).client.isResumed)
            }
        }
        server.stop()
    }

    // MARK: Certificates of clients

    @Test(arguments: ["1.2", "1.3"])
    func `a client's certificate is asked for, checked and known`(version: String) throws {
        let fixture = try TLSFixture()
        try fixture.certificates.makeAuthority("other")
        try fixture.certificates.make(
            "vendor", subject: "/O=Büro, AG/CN=client", names: "DNS:v.example,URI:spiffe://v/x")
        try fixture.certificates.make("stranger", by: "other")
        try fixture.certificates.makeExpired("late")
        let server = try fixture.server(try fixture.material("server", clients: "ca"))
        var options = fixture.client("vendor")
        options.version = version
        let (answer, client) = try TLSFixture.ask(server, options)
        #expect(answer.hasSuffix("/x"))
        let known = try #require(server.handler.security.first?.clientCertificate)
        #expect(known.subject == #"CN=client,O=Büro\, AG"#)
        #expect(known.issuer == "CN=ca,O=Tests")
        #expect(known.names == ["dns:v.example", "uri:spiffe://v/x"])
        let print = try fixture.certificates.tool.run([
            "x509", "-in", "vendor.pem", "-noout", "-fingerprint", "-sha256", "-serial",
        ])
        let words = String(decoding: print, as: UTF8.self).replacingOccurrences(of: ":", with: "")
            .lowercased()
        #expect(words.contains("=\(known.fingerprintSHA256)\n"))
        #expect(words.contains(known.serialNumber))
        // A session goes on with its certificate.
        options.session = client.session
        #expect(try TLSFixture.ask(server, options).client.isResumed)
        #expect(server.handler.security.last?.clientCertificate == known)

        for (name, reason) in [
            ("none", TLSFailure.Reason.clientCertificateMissing),
            ("stranger", .clientCertificateRefused), ("late", .clientCertificateRefused),
        ] {
            var options = fixture.client(name == "none" ? nil : name)
            options.version = version
            let before = server.handler.handshakeFailures.count
            let (heard, reasons) = Self.refusal(server, options)
            #expect(reasons.dropFirst(before) == [reason], "\(name)")
            #expect(heard.contains("alert"), "\(name) \(heard)")
        }
        #expect(server.handler.security.count == 2)
        server.stop()
    }

    @Test func `an optional certificate may be left out but not be wrong`() throws {
        let fixture = try TLSFixture()
        try fixture.certificates.makeAuthority("other")
        try fixture.certificates.make("vendor")
        try fixture.certificates.make("stranger", by: "other")
        var material = try fixture.material("server", clients: "ca")
        material.clientCertificates = .optional
        let server = try fixture.server(material)
        #expect(try TLSFixture.ask(server, fixture.client()).answer.hasSuffix("/x"))
        #expect(try TLSFixture.ask(server, fixture.client("vendor")).answer.hasSuffix("/x"))
        #expect(
            server.handler.security.map { $0.clientCertificate?.subject } == [
                nil, "CN=vendor,O=Tests",
            ])
        #expect(
            Self.refusal(server, fixture.client("stranger")).reasons == [.clientCertificateRefused])
        server.stop()
    }

    @Test(arguments: ["1.2", "1.3"])
    func `a session does not outlive the authority of its certificate`(version: String) throws {
        let fixture = try TLSFixture()
        try fixture.certificates.makeAuthority("other")
        try fixture.certificates.make("vendor")
        let slot = try fixture.slot(try fixture.material("server", clients: "ca"))
        let server = try TestServer(listener: TLSFixture.listener(slot))
        var options = fixture.client("vendor")
        options.version = version
        options.session = try TLSFixture.ask(server, options).client.session
        slot.replace(
            with: try TLSContext(
                try fixture.material("server", clients: "other"),
                ticketKeys: fixture.ticketKeys))
        #expect(Self.refusal(server, options).reasons == [.clientCertificateRefused])
        server.stop()
    }
}
