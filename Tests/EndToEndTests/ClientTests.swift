import Foundation
import TestSupport
import Testing

/// Requests signed by the vendors' own clients and by the openssl command.
struct ClientTests {
    private static let hasPython: Bool = {
        let places = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        return places.contains { FileManager.default.isExecutableFile(atPath: "\($0)/python3") }
    }()

    /// `sign.py` with arguments; its output.
    private func sign(_ arguments: [String], _ folder: URL) throws -> (Int32, String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["python3", Folders.project.appendingPathComponent("Tests/clients/sign.py").path]
            + arguments
        var environment = ProcessInfo.processInfo.environment
        let local = Folders.project.appendingPathComponent(".build-python").path
        environment["PYTHONPATH"] = environment["POSTERN_PYTHON_PATH"] ?? local
        process.environment = environment
        let (status, output) = try PosternProcess.run(process, output: folder)
        return (status, output)
    }

    private func recipe(_ name: String) throws -> String {
        try String(
            contentsOf: Folders.project.appendingPathComponent("deploy/integrations/\(name).yaml"),
            encoding: .utf8)
    }

    @Test(.enabled(if: hasPython, "there is no python3"))
    func `real clients are accepted and tampered requests refused`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-clients-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Without PyJWT there are keys, but no key set: its part says that it is missing.
        _ = try sign(["keys", folder.path], folder)
        var integrations: [String: String] = [:]
        let names = [
            "standard-webhooks", "stripe", "slack", "github", "discord", "sendgrid", "wise",
        ]
        for name in names { integrations["\(name).yaml"] = try recipe(name) }
        integrations["jwt.yaml"] = """
            name: jwt
            config:
              webhook:
                signature_verification:
                  format: jwt
                  config: { secret: "\(String(repeating: "j", count: 64))", algorithms: [HS256, HS384, HS512], issuer: me }
            """
        integrations["keys.yaml"] = """
            name: keys
            config:
              webhook:
                signature_verification:
                  format: jwt
                  config:
                    jwks: { file: "\(folder.path)/keys.json" }
                    algorithms: [RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA]
                    issuer: me
                    audience: postern
            """
        var variables = [
            "STANDARD_WEBHOOKS_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "STRIPE_WEBHOOK_SECRET": "whsec_test", "SLACK_SIGNING_SECRET": "slack-secret",
            "GITHUB_WEBHOOK_SECRET": "github-secret",
        ]
        let made = try? Data(contentsOf: folder.appendingPathComponent("variables.json"))
        let keys = made.flatMap { try? JSONSerialization.jsonObject(with: $0) } as? [String: String]
        variables.merge(keys ?? [:]) { first, _ in first }
        let postern = try PosternProcess(integrations: integrations, variables: variables)
        let (status, output) = try sign(["http://127.0.0.1:\(postern.port)", folder.path], folder)
        let lines = output.split(separator: "\n")
        #expect(status == 0 && lines.count >= 7, "\(output)")
        for line in lines {
            if line.hasSuffix("missing") {
                print("skipped: \(line): install it from PyPI to run its part")
            } else {
                // Discord's recipe answers 204.
                let isRight = line.hasSuffix(" 200 401") || line == "openssl-ed25519 204 401"
                #expect(isRight, "\(line)")
            }
        }
    }
}
