import Foundation

/// Signatures by the openssl program: an implementation that is not ours.
enum Signatures {
    static func hmac(_ body: String, secret: String = ReceiverProcess.secret) throws -> String {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-body-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: url) }
        try Data(body.utf8).write(to: url)
        let (status, output) = try ReceiverProcess.run(
            ["openssl", "dgst", "-sha256", "-hmac", secret, "-r", url.path])
        guard status == 0 else { throw ReceiverProcess.Trouble(description: output) }
        return String(output.prefix { $0 != " " })
    }
}
