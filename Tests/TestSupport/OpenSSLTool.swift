package import Foundation

/// The `openssl` command line: an implementation that is not the one under test.
package struct OpenSSLTool {
    /// Files of this tool; removed with `remove`.
    package let folder: URL

    package init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-openssl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    package func remove() { try? FileManager.default.removeItem(at: folder) }

    /// True when the command is installed.
    package static let isInstalled: Bool = ["/usr/bin", "/usr/local/bin", "/bin"].contains {
        FileManager.default.isExecutableFile(atPath: "\($0)/openssl")
    }

    /// A failed command.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Runs `openssl ARGUMENTS` in the folder; gives what it wrote.
    @discardableResult
    package func run(_ arguments: [String], input: [UInt8] = []) throws -> [UInt8] {
        let name = UUID().uuidString
        let (inFile, outFile) = (path("in-\(name)"), path("out-\(name)"))
        try Data(input).write(to: URL(fileURLWithPath: inFile))
        _ = FileManager.default.createFile(atPath: outFile, contents: nil)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = folder
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: inFile))
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: outFile))
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "openssl \(arguments.joined(separator: " ")) failed")
        }
        return Array(try Data(contentsOf: URL(fileURLWithPath: outFile)))
    }

    package func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    package func write(_ text: String, _ name: String) throws {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    }

    /// Base64url without padding.
    package static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    // MARK: Tokens

    /// Makes an RSA key; its JSON Web Key.
    package func makeKey(_ name: String) throws -> String {
        try run(["genrsa", "-out", "\(name).pem", "2048"])
        let line = String(
            decoding: try run(["rsa", "-in", "\(name).pem", "-noout", "-modulus"]), as: UTF8.self)
        var digits = line.drop { $0 != "=" }.dropFirst().filter(\.isHexDigit)[...]
        var modulus: [UInt8] = []
        while digits.count >= 2 {
            modulus.append(UInt8(digits.prefix(2), radix: 16) ?? 0)
            digits = digits.dropFirst(2)
        }
        return
            #"{"kty":"RSA","use":"sig","alg":"RS256","kid":"\#(name)","e":"AQAB","n":"\#(Self.base64URL(modulus))"}"#
    }

    /// A token that the key of a name signed with RS256.
    package func token(_ claims: String, key: String, named identifier: String? = nil) throws
        -> String
    {
        let header = #"{"alg":"RS256","kid":"\#(identifier ?? key)"}"#
        let signed = [header, claims].map { Self.base64URL(Array($0.utf8)) }.joined(separator: ".")
        let signature = try run(
            ["dgst", "-sha256", "-sign", "\(key).pem"], input: Array(signed.utf8))
        return signed + "." + Self.base64URL(signature)
    }
}

/// `openssl s_server -HTTP`: answers with files that hold whole answers, headers included.
package final class TLSFileServer {
    package let port: UInt16
    private let tool: OpenSSLTool
    private let process = Process()

    /// Serves the tool's folder with a certificate of its own for 127.0.0.1, `cert.pem`.
    package init(_ tool: OpenSSLTool) throws {
        self.tool = tool
        try tool.run([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "tls.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=IP:127.0.0.1",
        ])
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "s_server", "-HTTP", "-accept", "127.0.0.1:0", "-cert", "cert.pem", "-key",
            "tls.pem",
        ]
        process.currentDirectoryURL = tool.folder
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var text = ""
        while !text.contains("ACCEPT 127.0.0.1:") || !text.hasSuffix("\n") {
            let bytes = output.fileHandleForReading.availableData
            if bytes.isEmpty { break }
            text += String(decoding: bytes, as: UTF8.self)
        }
        output.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
        let tail = text.components(separatedBy: "ACCEPT 127.0.0.1:").last ?? ""
        guard let port = UInt16(tail.prefix { $0.isNumber }) else {
            process.terminate()
            throw OpenSSLTool.Failure(description: "s_server did not start: \(text)")
        }
        self.port = port
    }

    deinit {
        // Foundation starts it with SIGTERM blocked, and s_server leaves it so.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    package func url(_ name: String) -> String { "https://127.0.0.1:\(port)/\(name)" }

    /// What the next request for a name is answered with.
    package func answer(
        _ name: String, status: String = "200 OK", headers: [String] = [], body: String = ""
    ) throws {
        let lines = ["HTTP/1.0 \(status)"] + headers + ["", body]
        try tool.write(lines.joined(separator: "\r\n"), name)
    }
}
