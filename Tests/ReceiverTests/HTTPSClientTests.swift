import Foundation
import TestSupport
import Testing

@testable import Receiver

/// One TLS connection to the openssl program: what the client sent, and an answer that is given it.
private final class TLSPeer {
    let port: UInt16
    private let process = Process()
    private let output = Pipe()
    private let input = Pipe()

    init(_ tool: OpenSSLTool) throws {
        try tool.run([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "tls.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=IP:127.0.0.1",
        ])
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-cert", "cert.pem",
            "-key", "tls.pem", "-alpn", "http/1.1",
        ]
        process.currentDirectoryURL = tool.folder
        process.standardOutput = output
        process.standardInput = input
        process.standardError = FileHandle.nullDevice
        try process.run()
        var text = ""
        while !text.contains("ACCEPT 127.0.0.1:") || !text.hasSuffix("\n") {
            let bytes = output.fileHandleForReading.availableData
            if bytes.isEmpty { break }
            text += String(decoding: bytes, as: UTF8.self)
        }
        let tail = text.components(separatedBy: "ACCEPT 127.0.0.1:").last ?? ""
        port = try #require(UInt16(tail.prefix { $0.isNumber }), "\(text)")
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Reads until a mark has come, then answers; gives what was read.
    func serve(until mark: String, answer: String) -> String {
        var text = ""
        while !text.contains(mark) {
            let bytes = output.fileHandleForReading.availableData
            if bytes.isEmpty { break }
            text += String(decoding: bytes, as: UTF8.self)
        }
        input.fileHandleForWriting.write(Data(answer.utf8))
        return text
    }
}

@Suite(.enabled(if: OpenSSLTool.isInstalled, "no openssl command here"))
struct HTTPSClientTests {
    private static let answer =
        "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlater"

    @Test func `a request goes out over TLS as it was given`() async throws {
        let tool = try OpenSSLTool()
        defer { tool.remove() }
        let peer = try TLSPeer(tool)
        var client = HTTPClient()
        client.certificateAuthorities = tool.path("cert.pem")
        let url = "https://127.0.0.1:\(peer.port)/a/b?c=1"
        async let result = client.send(
            method: "POST", url: url,
            fields: [("webhook-id", "msg_1"), ("X-Empty", ""), ("Content-Type", "text/x")],
            body: Array("{\"n\":1}END".utf8))
        let request = peer.serve(until: "}END", answer: Self.answer)
        let answer = try await result
        #expect(answer.status == 503)
        #expect(answer.first("retry-after") == "7")
        #expect(answer.body == Array("later".utf8))
        #expect(request.contains("POST /a/b?c=1 HTTP/1.1\r\n"))
        #expect(request.contains("\r\nwebhook-id: msg_1\r\n"))
        #expect(request.contains("\r\nX-Empty:\r\n"))
        #expect(request.contains("\r\nContent-Type: text/x\r\n"))
        #expect(request.contains("\r\nContent-Length: 10\r\n"))
        #expect(!request.contains("Expect"))
    }

    @Test func `a certificate that is not trusted ends the request`() async throws {
        let tool = try OpenSSLTool()
        defer { tool.remove() }
        let peer = try TLSPeer(tool)
        let url = "https://127.0.0.1:\(peer.port)/"
        #expect(throws: HTTPClient.Failure.self) {
            try HTTPClient().send(method: "POST", url: url, fields: [], body: [])
        }
    }

    @Test func `line breaks in headers and odd methods are refused`() {
        let client = HTTPClient()
        for (method, fields) in [
            ("POST", [("a", "b\r\nc: d")]), ("PO ST", []), ("", []), ("POST", [("a\n", "b")]),
        ] {
            #expect(throws: HTTPClient.Failure.self) {
                try client.send(
                    method: method, url: "https://127.0.0.1:1/", fields: fields, body: [])
            }
        }
    }
}
