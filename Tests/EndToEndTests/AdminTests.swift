import Foundation
import TestSupport
import Testing

/// The admin API of a running server.
@Suite(.serialized)
struct AdminTests {
    private static func call(
        _ port: UInt16, _ method: String, _ path: String, _ body: String? = nil,
        _ fields: [String] = ["Content-Type: application/json"]
    ) throws -> (status: Int, head: String, json: [String: Any]) {
        let answer = try #require(
            try RawConnection.post(port, path, body ?? "", fields, method: method))
        let object = try? JSONSerialization.jsonObject(with: Data(answer.body.utf8))
        return (answer.status, answer.head, object as? [String: Any] ?? [:])
    }

    private static let integration = """
        {"name":"made","category":"crm","is_beta":true,"sharing":"ask","team":{"id":"t"},\
        "installed_environment":["e"],"config":{"label":"Made","base_url":"https://x.example",\
        "resources":{"users":{"list":{},"get":{}}},"authorization":{"format":"bearer"},\
        "pagination":{"format":"cursor","config":{"n":1.10}},\
        "webhook":{"signature_verification":{"format":"token","config":{\
        "secret":"{{context.key|environment_variables.SECRET}}",\
        "compare_with":"{{headers.x-token}}"}}}}}
        """

    @Test func `an integration is made, used, changed and deleted, each at once`() throws {
        let server = try ReceiverProcess()
        let admin = server.adminPort
        let made = try Self.call(admin, "POST", "/integration", Self.integration)
        #expect(made.status == 201)
        let id = try #require(made.json["id"] as? String)
        #expect(made.head.contains("Location: /integrations/\(id)"))
        #expect(made.json["created_at"] is String && made.json["updated_at"] is String)
        // Members that Postern does not act on come back as they were, number text and all.
        let text = try #require(
            try RawConnection.post(admin, "/integrations/\(id)", "", [], method: "GET"))
        #expect(text.body.contains(#""pagination":{"format":"cursor","config":{"n":1.10}}"#))
        let token = ["X-Token: \(ReceiverProcess.secret)"]
        #expect(try RawConnection.post(server.port, "/webhooks/made", "{}", token)?.status == 200)
        #expect(try RawConnection.post(server.port, "/webhooks/made", "{}")?.status == 401)
        let able = try Self.call(admin, "GET", "/integration/\(id)/capabilities")
        #expect((able.json["proxy"] as? [String: [String]])?["users"] == ["list", "get"])
        #expect(able.json["auth"] as? [String] == ["bearer"])
        let patch = #"{"config":{"webhook":{"signature_verification":"none"}},"is_beta":null}"#
        let patched = try Self.call(admin, "PATCH", "/integrations/\(id)", patch)
        #expect(patched.status == 200)
        #expect(patched.json["is_beta"] == nil && patched.json["category"] as? String == "crm")
        #expect(patched.json["created_at"] as? String == made.json["created_at"] as? String)
        #expect(try RawConnection.post(server.port, "/webhooks/made", "{}")?.status == 200)
        #expect(try Self.call(admin, "DELETE", "/integrations/\(id)").status == 204)
        #expect(try RawConnection.post(server.port, "/webhooks/made", "{}")?.status == 404)
        #expect(try Self.call(admin, "GET", "/integrations/\(id)").status == 404)
    }

    @Test func `what is deleted leaves no counters, and what is switched off keeps its own`()
        throws
    {
        let server = try ReceiverProcess()
        func metrics() throws -> String {
            try #require(try RawConnection.post(server.adminPort, "/metrics", "", method: "GET"))
                .body
        }
        func make(_ name: String) throws {
            let body = Self.integration.replacingOccurrences(of: "made", with: name)
            let fields = "{\"id\":\"\(name)\"," + body.dropFirst()
            #expect(try Self.call(server.adminPort, "POST", "/integration", fields).status == 201)
            #expect(try RawConnection.post(server.port, "/webhooks/\(name)", "{}")?.status == 401)
            #expect(try metrics().contains("integration=\"\(name)\""))
        }
        for number in 0..<20 {
            try make("gone-\(number)")
            let path = "/integrations/gone-\(number)"
            #expect(try Self.call(server.adminPort, "DELETE", path).status == 204)
        }
        #expect(try !metrics().contains("gone-"))
        try make("off")
        let patched = try Self.call(
            server.adminPort, "PATCH", "/integrations/off", #"{"enabled":false}"#)
        #expect(patched.status == 200)
        #expect(try metrics().contains("integration=\"off\""))
    }

    @Test func `what is made outlives a kill and a reload`() throws {
        let server = try ReceiverProcess()
        #expect(
            try Self.call(server.adminPort, "POST", "/integration", Self.integration).status == 201)
        let account = #"{"id":"a-1","integration":"made","context":{"key":"another-secret"}}"#
        let made = try Self.call(server.adminPort, "POST", "/account", account)
        #expect(made.status == 201)
        #expect((made.json["context"] as? [String: String]) == ["key": "[redacted]"])
        kill(server.process.processIdentifier, SIGKILL)
        server.process.waitUntilExit()
        let (status, output) = try server.command("check")
        #expect(status == 0, "\(output)")
        #expect(output.contains("2 integrations, 1 account"), "\(output)")
    }

    @Test func `what is wrong is said with its key path and changes nothing`() throws {
        let server = try ReceiverProcess()
        let admin = server.adminPort
        func errors(_ body: String, _ status: Int) throws -> [String] {
            let answer = try Self.call(admin, "POST", "/integration", body)
            #expect(answer.status == status, "\(answer.json)")
            let errors = answer.json["errors"] as? [[String: String]] ?? []
            return errors.compactMap { $0["key_path"] }
        }
        let expression = #"""
            {"name":"x","config":{"webhook":{"payload_transform":"((",
            "signature_verification":"none"}}}
            """#
        #expect(try errors(expression, 422).contains("config.webhook.payload_transform"))
        #expect(try errors(#"{"name":3,"is_beta":"y"}"#, 422) == ["name", "is_beta"])
        #expect(try errors("{", 400) == [""])
        #expect(try errors("[]", 422) == [""])
        let hmac = #"{"name":"hmac","config":{"webhook":{"signature_verification":"none"}}}"#
        #expect(try errors(hmac, 422) == ["name"])
        let list = try Self.call(admin, "GET", "/integration")
        #expect((list.json["result"] as? [Any])?.count == 1)
        let kept = try Self.call(admin, "PATCH", "/integrations/integration-1", "{}")
        #expect(kept.status == 409)
        #expect((kept.json["detail"] as? String)?.contains("hmac.yaml") == true)
    }

    @Test func `a web page can reach nothing`() throws {
        let server = try ReceiverProcess()
        let simple = ["Content-Type: text/plain"]
        let posted = try Self.call(
            server.adminPort, "POST", "/integration", Self.integration, simple)
        #expect(posted.status == 415)
        let client = try TestClient(port: server.adminPort)
        client.send(
            "GET /integration HTTP/1.1\r\nHost: evil.example:80\r\nConnection: close\r\n\r\n")
        #expect(client.read(until: nil).hasPrefix("HTTP/1.1 403"))
    }

    @Test func `with a token nobody comes in without it, and it is never on the public listener`()
        throws
    {
        let server = try ReceiverProcess(admin: "{ listen: 127.0.0.1:0, token: an-admin-token }")
        for path in ["/integration", "/metrics", "/healthz", "/openapi.json"] {
            #expect(try Self.call(server.adminPort, "GET", path).status == 401, "\(path)")
            let wrong = ["Authorization: Bearer an-admin-tokem"]
            #expect(try Self.call(server.adminPort, "GET", path, nil, wrong).status == 401)
            let right = ["Authorization: Bearer an-admin-token"]
            #expect(try Self.call(server.adminPort, "GET", path, nil, right).status == 200)
            #expect(try Self.call(server.port, "GET", path, nil, right).status == 404)
        }
    }

    @Test func `two tokens hold while one is exchanged for the other`() throws {
        let server = try ReceiverProcess(admin: "{ listen: 127.0.0.1:0, token: [new, old] }")
        func status(_ token: String) throws -> Int {
            try Self.call(
                server.adminPort, "GET", "/healthz", nil, ["Authorization: Bearer \(token)"]
            ).status
        }
        #expect(try [status("old"), status("new"), status("odd")] == [200, 200, 401])
        try server.edit("postern.yaml", "[new, old]", "new")
        kill(server.process.processIdentifier, SIGHUP)
        #expect(server.logLine("info reloaded") != nil)
        #expect(try [status("old"), status("new")] == [401, 200])
    }

    @Test func `an admin listener that others can reach needs a token`() throws {
        let server = try ReceiverProcess()
        let file = server.path("open.yaml")
        try "admin: { listen: \"0.0.0.0:0\" }\n".write(
            toFile: file, atomically: true, encoding: .utf8)
        let (status, output) = try ReceiverProcess.run(
            [ReceiverProcess.binary, "check", "--config", file])
        #expect(status == 1)
        #expect(output.contains("admin.listen"), "\(output)")
    }

    @Test func `queues, quarantine and the last requests can be looked at`() throws {
        let server = try ReceiverProcess()
        let refused = try #require(
            try RawConnection.post(
                server.port, "/webhooks/hmac", "{}", ["X-Signature: sha256=00"]))
        #expect(refused.status == 401)
        let last = try Self.call(server.adminPort, "GET", "/requests?limit=1")
        let entry = try #require((last.json["result"] as? [[String: Any]])?.first)
        #expect(entry["outcome"] as? String == "refused")
        let request = try #require(entry["request"] as? String)
        #expect(refused.head.contains("X-Request-Id: \(request)"))
        let queues = try Self.call(server.adminPort, "GET", "/queues")
        let queue = try #require((queues.json["result"] as? [[String: Any]])?.first)
        #expect(queue["name"] as? String == "main" && queue["ready"] as? Int == 0)
        // The quarantine is written behind the answer.
        var kept: [[String: Any]] = []
        for _ in 0..<1000 where kept.isEmpty {
            kept =
                try Self.call(server.adminPort, "GET", "/quarantine").json["result"]
                as? [[String: Any]] ?? []
        }
        let number = try #require(kept.first?["number"] as? Int)
        let whole = try Self.call(server.adminPort, "GET", "/quarantine/\(number)")
        let captured = try #require(whole.json["request"] as? [String: Any])
        #expect(captured["body"] as? String == "{}")
        #expect(captured["request_id"] as? String == request)
    }
}

/// The admin API against its own description, by a tool that knows nothing of this project.
struct AdminDescriptionTests {
    private static let tool =
        (ProcessInfo.processInfo.environment["POSTERN_PYTHON_PATH"]
            ?? Folders.project.appendingPathComponent(".build-python").path) + "/bin/schemathesis"

    @Test(
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: tool),
            "schemathesis is not there: ./deploy/test installs it from PyPI"))
    func `schemathesis finds no difference between the API and its description`() throws {
        let server = try ReceiverProcess()
        let python = URL(fileURLWithPath: Self.tool).deletingLastPathComponent()
            .deletingLastPathComponent().path
        // Expressions and placeholders have rules that a JSON Schema cannot say, so bodies that fit it
        // may still be refused; everything else is checked.
        let (status, output) = try ReceiverProcess.run([
            "-C", server.folder.path, "PYTHONPATH=\(python)", "timeout", "240", Self.tool, "run",
            "http://127.0.0.1:\(server.adminPort)/openapi.json", "--max-examples", "10",
            "--checks", "all", "--exclude-checks", "positive_data_acceptance", "--seed", "7",
            "--suppress-health-check", "all", "--no-color",
        ])
        #expect(status == 0, "\(output.suffix(4000))")
        #expect(output.contains("Tested: 15"), "\(output.suffix(2000))")
        print(output.split(separator: "\n").suffix(8).joined(separator: "\n"))
    }
}
