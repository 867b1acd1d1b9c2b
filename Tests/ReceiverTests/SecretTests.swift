import Cryptography
import Foundation
import Receiver
import Testing

struct SecretTests {
    static func load(_ source: EnvironmentVariable.Source, _ variables: [String: String] = [:])
        -> Result<String, SecretLoader.Missing>
    {
        SecretLoader(folder: "/nonexistent", environment: { variables[$0] }).load(source)
            .map { String(describing: $0) }
    }

    @Test func `a secret does not print`() throws {
        #expect(try Self.load(.literal("hunter22")).get() == "[redacted]")
    }

    @Test(arguments: ["", "changeme", "<secret>", "{{secret}}", "YOUR_SECRET", "${SECRET}"])
    func `an empty secret and a placeholder count as missing`(text: String) {
        #expect(throws: SecretLoader.Missing.self) { try Self.load(.literal(text)).get() }
    }

    @Test func `a variable that is not set is missing`() {
        #expect(throws: SecretLoader.Missing.self) { try Self.load(.environment("A")).get() }
        #expect(throws: SecretLoader.Missing.self) { try Self.load(.credential("A")).get() }
        #expect(throws: SecretLoader.Missing.self) { try Self.load(.file("A")).get() }
    }

    @Test func `outside of systemd a credential is what the unit would load`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-secret-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let credentials = folder.appendingPathComponent("credentials")
        try FileManager.default.createDirectory(at: credentials, withIntermediateDirectories: true)
        try Data("abc\n".utf8).write(to: credentials.appendingPathComponent("github"))
        try Data("abc\n".utf8).write(to: credentials.appendingPathComponent("secret_other"))
        func load(_ name: String, _ directory: String? = nil) throws -> [UInt8] {
            try SecretLoader(folder: folder.path, environment: { _ in directory })
                .load(.credential(name)).get().bytes
        }
        #expect(try load("secret_github") == Array("abc".utf8))
        #expect(throws: SecretLoader.Missing.self) { try load("secret_other") }
        #expect(throws: SecretLoader.Missing.self) { try load("secret_") }
        #expect(throws: SecretLoader.Missing.self) { try load("github") }
        // Under systemd its own folder counts alone.
        #expect(throws: SecretLoader.Missing.self) { try load("secret_github", folder.path) }
        #expect(try load("secret_other", credentials.path) == Array("abc".utf8))
    }

    @Test func `a file's last line break is not part of the secret`() throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-secret-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: url) }
        try Data("abc\r\n".utf8).write(to: url)
        let secret = try SecretLoader(folder: "/").load(.file(url.path)).get()
        #expect(secret.bytes == Array("abc".utf8))
    }

    @Test func `a record keeps request data on its line`() {
        let record = LogRecord(
            level: .warning, message: "refused", fields: [("path", "/a\n2026 info forged=1")],
            timeMilliseconds: 0)
        for format in LogFormat.allCases {
            #expect(record.line(format).filter { $0 == "\n" }.count == 1)
        }
        #expect(record.line(.text).hasPrefix("1970-01-01T00:00:00.000Z warning refused path="))
        #expect(record.line(.journal).hasPrefix("<4>"))
    }
}
