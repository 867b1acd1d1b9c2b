import Foundation
import TestSupport
import Testing

/// One line a request, with the identifier that its answer and its event have.
@Suite(.serialized)
struct RequestLogTests {
    /// The value of `X-Request-Id`.
    private static func identifier(_ head: String) -> String? {
        let mark = "X-Request-Id: "
        let line = head.split(separator: "\r\n").first { $0.hasPrefix(mark) }
        return line.map { String($0.dropFirst(mark.count)) }
    }

    @Test func `an accepted request has a line, with the identifier of its answer and its event`()
        throws
    {
        let server = try ReceiverProcess()
        let fields = ["X-Signature: sha256=\(try Signatures.hmac("{}"))", "X-Delivery: d-1"]
        let answer = try #require(
            try RawConnection.post(server.port, "/webhooks/hmac", "{}", fields))
        let identifier = try #require(Self.identifier(answer.head))
        let line = try #require(server.logLine("request=\(identifier)"))
        #expect(
            line.hasSuffix(" info stored request=\(identifier) integration=hmac status=200"),
            "\(line)")
        let event = try server.command("queue", "export", "--requests").output
        #expect(event.contains(identifier), "\(event)")
    }

    @Test(arguments: [
        ("/webhooks/hmac", "{}", ["warning refused", "reason=missing_signature", "status=401"]),
        ("/webhooks/nobody", "{}", ["info no such route", "path=/webhooks/nobody", "status=404"]),
    ])
    func `so has one that is refused`(path: String, body: String, texts: [String]) throws {
        let server = try ReceiverProcess()
        let answer = try #require(try RawConnection.post(server.port, path, body))
        let identifier = try #require(Self.identifier(answer.head))
        let line = try #require(server.logLine("request=\(identifier)"))
        #expect(texts.allSatisfy { line.contains($0) }, "\(line)")
    }

    @Test func `what is no HTTP has a line`() throws {
        let server = try ReceiverProcess()
        let connection = try RawConnection(port: server.port)
        connection.send("no request\r\n\r\n")
        #expect(connection.answer()?.status == 400)
        #expect(server.logLine("info protocol failure", "status=400", "remote=127.0.0.1") != nil)
    }

    @Test func `lines of accepted requests can be turned off, also by a reload`() throws {
        let server = try ReceiverProcess(extra: "log: { requests: debug }")
        let signature = "X-Signature: sha256=\(try Signatures.hmac("{}"))"
        func deliver(_ id: String) throws -> String? {
            let answer = try RawConnection.post(
                server.port, "/webhooks/hmac", "{}", [signature, "X-Delivery: \(id)"])
            return answer.flatMap { Self.identifier($0.head) }
        }
        let silent = try #require(try deliver("1"))
        try server.edit("postern.yaml", "requests: debug", "requests: info")
        #expect(try server.reload())
        let told = try #require(try deliver("2"))
        #expect(server.logLine("request=\(told)") != nil)
        // Lines come in order: the silent one would be there.
        #expect(!server.hasLogged("request=\(silent)"))
    }
}
