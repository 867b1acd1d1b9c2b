import Foundation
import TestSupport
import Testing

/// Lessons of other receivers' advisories that no other suite covers (README, security model).
@Suite(.serialized)
struct LessonTests {
    @Test func `a forged delivery does not use up the id of the honest one`() throws {
        let server = try ReceiverProcess()
        let body = #"{"a":1}"#
        let good = "X-Signature: sha256=\(try Signatures.hmac(body))"
        let forged = try RawConnection.post(
            server.port, "/webhooks/hmac", body,
            ["X-Signature: sha256=\(try Signatures.hmac("x"))", "X-Delivery: one"])
        #expect(forged?.status == 401)
        for _ in 0..<2 {
            let honest = try RawConnection.post(
                server.port, "/webhooks/hmac", body, [good, "X-Delivery: one"])
            #expect(honest?.status == 200)
        }
        #expect(try server.storedIDs() == ["one"])
    }

    @Test(arguments: [
        "?webhook_secret=mine", "?environment_variables.SECRET=mine",
        "?environment_variables[SECRET]=mine", "?context.webhook_secret=mine",
    ])
    func `request data cannot stand in for a secret`(query: String) throws {
        let integration = """
            name: token
            config:
              webhook:
                signature_verification:
                  format: token
                  config:
                    secret: "{{webhook_secret|context.webhook_secret|environment_variables.SECRET}}"
                    compare_with: "{{headers.x-token}}"

            """
        let server = try ReceiverProcess(integrations: ["t.yaml": integration])
        let body = #"{"webhook_secret":"mine","environment_variables":{"SECRET":"mine"}}"#
        let fields = [
            "Content-Type: application/json", "X-Token: mine", "Webhook_secret: mine",
            "Environment_variables.SECRET: mine",
        ]
        let answer = try RawConnection.post(server.port, "/webhooks/token" + query, body, fields)
        #expect(answer?.status == 401)
        let honest = try RawConnection.post(
            server.port, "/webhooks/token" + query, body,
            ["Content-Type: application/json", "X-Token: \(ReceiverProcess.secret)"])
        #expect(honest?.status == 200)
    }
}

/// The README's table of lessons.
struct LessonTableTests {
    @Test func `each of the 21 lessons names tests that exist`() throws {
        let readme = try String(
            contentsOf: Folders.project.appendingPathComponent("README.md"), encoding: .utf8)
        var known: Set<String> = []
        let tests = Folders.project.appendingPathComponent("Tests")
        let files = try #require(
            FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil))
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /func `([^`]+)`/) { known.insert(String(match.output.1)) }
        }
        let rows = readme.split(separator: "\n").compactMap {
            $0.firstMatch(of: /^\| ([0-9]+)\. .* \| (`.*`) \|$/)
        }
        #expect(rows.compactMap { Int($0.output.1) } == Array(1...21))
        for row in rows {
            for name in String(row.output.2).components(separatedBy: "`, `") {
                let name = name.trimmingCharacters(in: ["`"])
                #expect(known.contains(name), "lesson \(row.output.1): \(name)")
            }
        }
    }
}
