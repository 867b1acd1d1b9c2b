import Foundation

/// An authority and certificates of the tests, made by the `openssl` command.
package final class TestCertificates {
    package let tool: OpenSSLTool

    /// Makes the authority, `ca.pem`.
    package init(authority: String = "ca") throws {
        tool = try OpenSSLTool()
        try tool.write("[req]\ndistinguished_name = name\n[name]\n", "plain.cnf")
        try makeAuthority(authority)
    }

    deinit { tool.remove() }

    package func path(_ name: String) -> String { tool.path(name) }

    package func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    /// An authority of its own: `NAME.pem` and `NAME.key`.
    package func makeAuthority(_ name: String) throws {
        try tool.run(
            ["req", "-x509", "-utf8", "-config", "plain.cnf"] + Self.newKey(name) + [
                "-days", "2", "-subj", "/O=Tests/CN=\(name)",
                "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "subjectKeyIdentifier=hash",
            ])
    }

    /// A certificate of an authority: `NAME.pem` and `NAME.key`.
    package func make(
        _ name: String, subject: String? = nil, names: String = "DNS:localhost,IP:127.0.0.1",
        by authority: String = "ca", algorithm: String = "ec"
    ) throws {
        try tool.run(
            ["req", "-x509", "-utf8", "-config", "plain.cnf", "-CA", "\(authority).pem"]
                + ["-CAkey", "\(authority).key"] + Self.newKey(name, algorithm) + [
                    "-days", "2", "-subj", subject ?? "/O=Tests/CN=\(name)",
                    "-addext", "subjectAltName=\(names)",
                ])
    }

    /// One whose time is over.
    package func makeExpired(_ name: String) throws {
        try tool.run(
            ["req", "-new", "-config", "plain.cnf", "-subj", "/CN=\(name)"]
                + Self.newKey(name).map { $0 == "\(name).pem" ? "\(name).csr" : $0 })
        try tool.run([
            "x509", "-req", "-in", "\(name).csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-out",
            "\(name).pem", "-days", "-1",
        ])
    }

    private static func newKey(_ name: String, _ algorithm: String = "ec") -> [String] {
        let kind =
            algorithm == "ec"
            ? ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] : ["-newkey", algorithm]
        return kind + ["-nodes", "-keyout", "\(name).key", "-out", "\(name).pem"]
    }
}
