import Foundation
import Glibc
import TestSupport
import Testing

/// TLS of the real program, with `curl` and `openssl s_client`.
@Suite(.serialized, .enabled(if: OpenSSLTool.isInstalled, "no openssl command here"))
struct TLSTests {
    private let certificates: TestCertificates

    init() throws {
        certificates = try TestCertificates()
        try certificates.make("server")
    }

    /// A listener with the certificate of a name.
    private func listen(_ name: String = "server", _ more: String = "") -> String {
        "{ address: \"127.0.0.1:0\", tls: { certificate: \"\(certificates.path("\(name).pem"))\", "
            + "private_key: \"\(certificates.path("\(name).key"))\"\(more) } }"
    }

    /// Whoever has a certificate of the authority is known by what it says.
    private static let known = """
        name: known
        config:
          webhook:
            payload_transform: "{'body': client_certificate}"
            signature_verification:
              format: token
              config: { secret: "CN=vendor,O=Tests", compare_with: "{{client_certificate.subject}}" }
        event_id: "{{headers.x-delivery}}"
        """

    private static let open = """
        name: open
        config: { webhook: { payload_transform: "{'body': url}", signature_verification: none } }
        event_id: "{{headers.x-delivery}}"
        """

    /// What curl prints, its exit status before it.
    private func curl(
        _ server: ReceiverProcess, _ path: String, _ more: [String] = []
    ) throws -> (status: Int32, output: String) {
        try ReceiverProcess.run(
            ["curl", "-sS", "--max-time", "20", "--cacert", certificates.path("ca.pem")]
                + ["-w", "%{http_code}", "-d", "{}", "https://localhost:\(server.port)\(path)"]
                + ["--resolve", "localhost:\(server.port):127.0.0.1"] + more)
    }

    private func metrics(_ server: ReceiverProcess) throws -> String {
        try #require(
            try RawConnection.post(server.adminPort, "/metrics", "", [], method: "GET")
        ).body
    }

    @Test func `curl sends over TLS, and the URL says so`() throws {
        let server = try ReceiverProcess(integrations: ["o.yaml": Self.open], listen: listen())
        let sent = try curl(server, "/webhooks/open", ["-H", "X-Delivery: 1"])
        #expect(sent.status == 0 && sent.output.hasSuffix("200"), "\(sent)")
        let plain = try RawConnection.post(server.port, "/webhooks/open", "{}")
        #expect(plain?.status == 400)
        let (_, event) = try server.command("queue", "show", "1")
        #expect(event.contains("https://127.0.0.1:\(server.port)/webhooks/open"), "\(event)")
        let text = try metrics(server)
        #expect(text.contains("postern_tls_connections_total{version=\"1.3\",resumed=\"false\"} 1"))
        #expect(text.contains("postern_tls_handshake_failures_total{reason=\"plain_http\"} 1"))
        #expect(text.contains("postern_tls_certificate_expiry_seconds{listener=\"listen.tls\""))
        #expect(try server.storedIDs() == ["1"])
        #expect(server.stop() == 0)
    }

    @Test func `a client's certificate is what an integration checks, keeps and replays`() throws {
        try certificates.make("vendor", names: "DNS:vendor.example")
        try certificates.make("other")
        let more = ", client_ca: \"\(certificates.path("ca.pem"))\", client_certificate: optional"
        let server = try ReceiverProcess(
            integrations: ["k.yaml": Self.known], listen: listen("server", more))
        func send(_ name: String?, _ id: String) throws -> String {
            let own =
                name.map {
                    [
                        "--cert", certificates.path("\($0).pem"), "--key",
                        certificates.path("\($0).key"),
                    ]
                } ?? []
            return try curl(server, "/webhooks/known", ["-H", "X-Delivery: \(id)"] + own).output
        }
        #expect(try send("vendor", "1").hasSuffix("200"))
        #expect(try send("other", "2").hasSuffix("401"))
        #expect(try send(nil, "3").hasSuffix("401"))
        #expect(try server.storedIDs() == ["1"])
        let (_, event) = try server.command("queue", "show", "1")
        #expect(event.contains("dns:vendor.example"), "\(event)")
        let (status, replay) = try server.command("replay", "--queue", "main")
        #expect(status == 0 && replay.contains("accepted; as before"), "\(replay)")
        #expect(server.stop() == 0)
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func `openssl s_client goes on with its session`(version: String) throws {
        let server = try ReceiverProcess(extra: "limits: { threads: 2 }", listen: listen())
        let session = certificates.path("session\(version)")
        func connect(_ option: String) throws -> String {
            let command =
                "printf 'GET /none HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n' | "
                + "openssl s_client \(version) -connect 127.0.0.1:\(server.port) -ign_eof "
                + "-CAfile \(certificates.path("ca.pem")) \(option) \(session)"
            return try ReceiverProcess.run(["sh", "-c", command]).output
        }
        let first = try connect("-sess_out")
        #expect(first.contains("\nNew, ") && first.contains("HTTP/1.1 404"), "\(first)")
        #expect(first.contains("Verify return code: 0"))
        for _ in 0..<4 {
            let again = try connect("-sess_in")
            #expect(again.contains("\nReused, ") && again.contains("HTTP/1.1 404"), "\(again)")
        }
        #expect(server.stop() == 0)
    }

    @Test func `a reload takes a renewed certificate, and a broken one changes nothing`() throws {
        try certificates.make("renewed")
        let server = try ReceiverProcess(integrations: ["o.yaml": Self.open], listen: listen())
        func replace(_ certificate: String, _ key: String) throws {
            for (name, end) in [(certificate, "pem"), (key, "key")] {
                try certificates.tool.write(
                    String(decoding: try certificates.bytes("\(name).\(end)"), as: UTF8.self),
                    "server.\(end)")
            }
        }
        func reload(_ result: String, _ count: Int) throws {
            kill(server.process.processIdentifier, SIGHUP)
            let line = "postern_reloads_total{result=\"\(result)\"} \(count)\n"
            while try !metrics(server).contains(line) { sched_yield() }
        }
        var options = TLSClient.Options()
        options.authority = certificates.path("ca.pem")
        let old = try TLSClient(port: server.port, options)
        #expect(old.serverCommonName == "server")
        try replace("renewed", "renewed")
        try reload("done", 1)
        options.session = old.session
        #expect(try TLSClient(port: server.port, options).serverCommonName == "renewed")
        // The key is that of another certificate.
        try certificates.make("third")
        try replace("third", "renewed")
        try reload("refused", 1)
        options.session = nil
        let new = try TLSClient(port: server.port, options)
        #expect(new.serverCommonName == "renewed")
        for client in [old, new] {
            try client.send("GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(try client.read().hasPrefix("HTTP/1.1 404"))
        }
        #expect(server.stop() == 0)
    }

    @Test func `a reload gives a listener TLS, and takes it away again, at the same port`() throws {
        let server = try ReceiverProcess(integrations: ["o.yaml": Self.open])
        func status(_ id: String) throws -> (plain: Int?, tls: Int32) {
            let plain = try RawConnection.post(
                server.port, "/webhooks/open", "{}", ["X-Delivery: \(id)"])
            return (
                plain?.status,
                try curl(server, "/webhooks/open", ["-f", "-H", "X-Delivery: \(id)"]).status
            )
        }
        let open = try RawConnection(port: server.port)
        // 35: no handshake with whoever speaks no TLS.
        #expect(try status("1") == (200, 35))
        let (plain, secured) = ("listen: 127.0.0.1:0\nadmin", "listen: \(listen())\nadmin")
        for round in 0..<3 {
            try server.edit("postern.yaml", plain, secured)
            #expect(try server.reload())
            #expect(try status("2-\(round)") == (400, 0))
            // Who has connected before goes on as before.
            open.send(RawConnection.request("/webhooks/open", "{}", ["X-Delivery: 3-\(round)"]))
            #expect(open.answer()?.status == 200)
            try server.edit("postern.yaml", secured, plain)
            #expect(try server.reload())
            #expect(try status("4-\(round)") == (200, 35))
        }
        #expect(server.stop() == 0)
    }

    @Test func `curl behind the PROXY protocol is known by the address it names`() throws {
        let listeners = "{ address: \"127.0.0.1:0\", proxy_protocol: true }"
        let integration = """
            name: open
            config:
              webhook: { payload_transform: "{'body': remote_address}", signature_verification: none }
            """
        let server = try ReceiverProcess(
            extra: "trusted_proxies: [127.0.0.1]", integrations: ["o.yaml": integration],
            listen: listeners)
        let client = try RawConnection(port: server.port)
        client.send("PROXY TCP4 192.0.2.9 198.51.100.1 1 2\r\n")
        client.send(RawConnection.request("/webhooks/open", "{}"))
        #expect(client.answer()?.status == 200)
        let (_, event) = try server.command("queue", "show", "1")
        #expect(event.contains("192.0.2.9"), "\(event)")
        let (status, output) = try ReceiverProcess.run([
            "curl", "-sS", "--haproxy-protocol", "-w", "%{http_code}", "-d", "{}",
            "http://127.0.0.1:\(server.port)/webhooks/open",
        ])
        #expect(status == 0 && output.hasSuffix("200"), "\(output)")
        let other = try RawConnection(port: server.port)
        other.send(RawConnection.request("/webhooks/open", "{}"))
        #expect(other.answer() == nil && other.ends())
        #expect(server.stop() == 0)
    }

    @Test func `what is wrong is said with its place before anything listens`() throws {
        try certificates.make("other")
        try certificates.makeExpired("late")
        let folder = certificates.tool.folder
        unsafe _ = chmod(certificates.path("server.key"), 0o644)
        let cases: [(String, String, Int32)] = [
            ("none.pem\", private_key: \"server.key", "2:55: listen.tls.certificate: ", 1),
            ("server.pem\", private_key: \"none.key", "listen.tls.private_key: ", 1),
            ("server.pem\", private_key: \"other.key", "listen.tls.private_key: it is not the", 1),
            ("server.key\", private_key: \"server.key", "listen.tls.certificate: it holds no", 1),
            ("late.pem\", private_key: \"late.key", "warning: listen.tls.certificate: the cert", 0),
            (
                "server.pem\", private_key: \"server.key", "warning: listen.tls.private_key: every",
                0
            ),
        ]
        for (files, message, expected) in cases {
            try certificates.tool.write(
                "# TLS\nlisten: { address: \"127.0.0.1:0\", tls: { certificate: \"\(files)\" } }\n",
                "postern.yaml")
            let path = folder.appendingPathComponent("postern.yaml").path
            let (status, output) = try ReceiverProcess.run([
                ReceiverProcess.binary, "check", "--config", path,
            ])
            #expect(status == expected && output.contains(message), "\(output)")
            #expect(output.contains("\(path):2:"))
            if expected == 1 {
                let started = try ReceiverProcess.run([
                    ReceiverProcess.binary, "serve", "--config", path,
                ])
                #expect(started.status == 78 && started.output.contains(message))
            }
        }
    }

    @Test func `a key that only systemd has is not wrong outside of it, but does not start`() throws
    {
        try certificates.tool.write(
            "listen: { address: \"127.0.0.1:0\", "
                + "tls: { certificate: server.pem, private_key: { credential: tls } } }\n",
            "postern.yaml")
        let path = certificates.path("postern.yaml")
        let checked = try ReceiverProcess.run([
            "env", "-u", "CREDENTIALS_DIRECTORY", ReceiverProcess.binary, "check", "--config", path,
        ])
        #expect(checked.status == 0 && checked.output.contains("LoadCredential=tls:PATH"))
        let started = try ReceiverProcess.run([
            "env", "-u", "CREDENTIALS_DIRECTORY", ReceiverProcess.binary, "serve", "--config", path,
        ])
        #expect(started.status == 78 && started.output.contains("no certificate with its key"))
    }

    @Test func `the admin listener speaks TLS too`() throws {
        let server = try ReceiverProcess(admin: "{ listen: [\(listen())] }", listen: listen())
        let (status, output) = try ReceiverProcess.run([
            "curl", "-sS", "--cacert", certificates.path("ca.pem"),
            "https://127.0.0.1:\(server.adminPort)/healthz",
        ])
        #expect(status == 0 && output == "ok\n", "\(output)")
        #expect(server.stop() == 0)
    }
}
