import Foundation
import TestSupport
import Testing

/// What `deploy/` gives to Prometheus, Grafana and proxies, against the running program.
struct MonitoringTests {
    private static func metrics() throws -> String {
        let server = try ReceiverProcess()
        _ = try RawConnection.post(server.port, "/webhooks/hmac", "{}")
        _ = try RawConnection.post(server.port, "/none", "{}")
        return try #require(
            try RawConnection.post(server.adminPort, "/metrics", "", [], method: "GET")
        ).body
    }

    private static func path(_ name: String) -> String {
        Folders.project.appendingPathComponent("deploy/\(name)").path
    }

    @Test(arguments: ["monitoring/alerts.yaml", "monitoring/grafana-dashboard.json"])
    func `each metric that is named there exists`(file: String) throws {
        let types = try Self.metrics().split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
        var known: Set<String> = []
        for line in types {
            let words = line.split(separator: " ").map(String.init)
            known.insert(words[2])
            if words[3] == "histogram" {
                for suffix in ["_bucket", "_sum", "_count"] { known.insert(words[2] + suffix) }
            }
        }
        let text = try String(contentsOfFile: Self.path(file), encoding: .utf8)
        let names = Set(text.matches(of: /(?:postern|process)_[a-z_]+/).map { String($0.output) })
        #expect(names.count >= 8)
        #expect(names.subtracting(known).sorted() == [])
    }

    @Test func `each metric is in the dashboard`() throws {
        let dashboard = try String(
            contentsOfFile: Self.path("monitoring/grafana-dashboard.json"), encoding: .utf8)
        for line in try Self.metrics().split(separator: "\n") where line.hasPrefix("# TYPE ") {
            let name = String(line.split(separator: " ")[2])
            #expect(dashboard.contains(name), "\(name)")
        }
    }

    @Test func `the README names each metric`() throws {
        let readme = try String(
            contentsOf: Folders.project.appendingPathComponent("README.md"), encoding: .utf8)
        for line in try Self.metrics().split(separator: "\n") where line.hasPrefix("# TYPE ") {
            let name = String(line.split(separator: " ")[2])
            #expect(readme.contains("`\(name)"), "\(name)")
        }
    }

    @Test func `the README says what each alert asks for`() throws {
        let alerts = try String(
            contentsOfFile: Self.path("monitoring/alerts.yaml"), encoding: .utf8)
        let readme = try String(
            contentsOf: Folders.project.appendingPathComponent("README.md"), encoding: .utf8)
        let names = alerts.matches(of: /alert: (\w+)/).map { String($0.output.1) }
        #expect(names.count == 18)
        for name in names { #expect(readme.contains("`\(name)`"), "\(name)") }
    }

    private static func tool(_ name: String) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return (folders.map { "\($0)/\(name)" } + ["/usr/sbin/\(name)"])
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    @Test(
        .enabled(if: tool("promtool") != nil, "promtool is not there: Debian's prometheus has it"))
    func `promtool finds nothing to say`() throws {
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-metrics-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Self.metrics().write(to: file, atomically: true, encoding: .utf8)
        let promtool = try #require(Self.tool("promtool"))
        let (status, output) = try ReceiverProcess.run([
            "sh", "-c", "exec \"$0\" check metrics < \"$1\"", promtool, file.path,
        ])
        #expect(status == 0 && output.isEmpty, "\(output)")
        let (rules, said) = try ReceiverProcess.run([
            promtool, "check", "rules", Self.path("monitoring/alerts.yaml"),
        ])
        #expect(rules == 0, "\(said)")
    }

    @Test(.enabled(if: tool("caddy") != nil, "caddy is not installed"))
    func `Caddy takes its example`() throws {
        let (status, output) = try ReceiverProcess.run([
            try #require(Self.tool("caddy")), "validate", "--adapter", "caddyfile", "--config",
            Self.path("examples/Caddyfile"),
        ])
        #expect(status == 0, "\(output)")
    }

    @Test(.enabled(if: tool("nginx") != nil, "nginx is not installed"))
    func `nginx takes its example`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-nginx-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let made = try ReceiverProcess.run([
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=h", "-keyout",
            folder.path + "/key.pem", "-out", folder.path + "/cert.pem",
        ])
        #expect(made.status == 0, "\(made.output)")
        let live = "/etc/letsencrypt/live/hooks.example"
        let example = try String(contentsOfFile: Self.path("examples/nginx.conf"), encoding: .utf8)
            .replacingOccurrences(of: "\(live)/fullchain.pem", with: folder.path + "/cert.pem")
            .replacingOccurrences(of: "\(live)/privkey.pem", with: folder.path + "/key.pem")
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(folder.path)/\($0);" }.joined()
        let file = folder.path + "/nginx.conf"
        try
            "pid \(folder.path)/pid; error_log stderr;\nevents {}\nhttp {\naccess_log off;\n\(temporary)\n\(example)}\n"
            .write(toFile: file, atomically: true, encoding: .utf8)
        let (status, output) = try ReceiverProcess.run([
            try #require(Self.tool("nginx")), "-t", "-c", file, "-p", folder.path,
        ])
        #expect(status == 0, "\(output)")
    }
}
