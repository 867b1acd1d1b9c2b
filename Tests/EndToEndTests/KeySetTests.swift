import Foundation
import TestSupport
import Testing

/// Tokens checked with keys that the running program fetches over TLS.
@Suite(.enabled(if: OpenSSLTool.isInstalled, "no openssl command here"))
struct KeySetTests {
    private static func integration(_ keys: String) -> String {
        """
        name: tokens
        config:
          webhook:
            signature_verification:
              format: jwt
              config:
                jwks: \(keys)
                algorithms: [RS256]
                audience: postern
        event_id: "{{body.id}}"
        """
    }

    private static func send(_ postern: PosternProcess, _ token: String, _ id: String) throws
        -> String
    {
        let answer = try postern.send(
            "/webhooks/tokens",
            headers: ["Authorization: Bearer \(token)", "Content-Type: application/json"],
            body: #"{"id":"\#(id)"}"#)
        return answer.split(separator: " ").dropFirst().first.map(String.init) ?? ""
    }

    @Test func `a delivery waits for the key set and is stored`() throws {
        let tool = try OpenSSLTool()
        defer { tool.remove() }
        let server = try TLSFileServer(tool)
        let key = try tool.makeKey("one")
        _ = try tool.makeKey("two")
        try server.answer("keys", body: #"{"keys":[\#(key)]}"#)
        let postern = try PosternProcess(
            integrations: ["a.yaml": Self.integration(server.url("keys"))],
            extra: "key_sets: { ca_file: \"\(tool.path("cert.pem"))\", allow_loopback: true }")
        let good = try tool.token(#"{"aud":"postern"}"#, key: "one")
        #expect(try Self.send(postern, good, "1") == "200")
        #expect(try Self.send(postern, good, "2") == "200")
        let otherAudience = try tool.token(#"{"aud":"other"}"#, key: "one")
        #expect(try Self.send(postern, otherAudience, "3") == "401")
        // Signed by a stranger under the known name, and under a name of his own.
        let forged = try tool.token(#"{"aud":"postern"}"#, key: "two", named: "one")
        #expect(try Self.send(postern, forged, "4") == "401")
        let unknown = try tool.token(#"{"aud":"postern"}"#, key: "two")
        #expect(try Self.send(postern, unknown, "5") == "401")
        #expect(try postern.storedIDs() == ["1", "2"])
    }

    @Test func `without the keys the answer is 503 and says when to come back`() throws {
        let tool = try OpenSSLTool()
        defer { tool.remove() }
        let server = try TLSFileServer(tool)
        _ = try tool.makeKey("one")
        try server.answer("keys", status: "500 Internal Server Error")
        let postern = try PosternProcess(
            integrations: ["a.yaml": Self.integration(server.url("keys"))],
            extra: "key_sets: { ca_file: \"\(tool.path("cert.pem"))\", allow_loopback: true }")
        let token = try tool.token(#"{"aud":"postern"}"#, key: "one")
        let answer = try postern.send(
            "/webhooks/tokens", headers: ["Authorization: Bearer \(token)"], body: "{}")
        #expect(answer.hasPrefix("HTTP/1.1 503"))
        #expect(answer.contains("Retry-After: "))
    }

    @Test func `a key set of a file is read beside the configuration`() throws {
        let tool = try OpenSSLTool()
        defer { tool.remove() }
        let key = try tool.makeKey("one")
        try tool.write(#"{"keys":[\#(key)]}"#, "keys.json")
        let postern = try PosternProcess(integrations: [
            "a.yaml": Self.integration("{ file: \"\(tool.path("keys.json"))\" }")
        ])
        let good = try tool.token(#"{"aud":"postern"}"#, key: "one")
        #expect(try Self.send(postern, good, "1") == "200")
        #expect(try postern.storedIDs() == ["1"])
    }
}
