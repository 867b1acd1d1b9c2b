import Cryptography
import JSON
import Testing
import Webhooks

struct EventTests {
    static func run(
        _ integration: JSONValue, headers: [(String, String)] = [], body: String,
        context: JSONObject = JSONObject()
    ) throws -> Decision {
        let (parsed, problems) = Integration.parse(integration)
        let known = try #require(parsed, "\(problems)")
        let request = ReceivedRequest(
            method: "POST", target: "/w", publicURL: "https://h.example/w", path: "/w", query: "",
            fields: HeaderFields([("Content-Type", "application/json")] + headers),
            body: Array(body.utf8), remoteAddress: "192.0.2.1", receivedAtMilliseconds: 0)
        return Pipeline(integration: known).run(
            request, account: AccountState(id: nil, context: context),
            environment: PipelineEnvironment(
                nowMilliseconds: 0, monotonicNanoseconds: { 0 }, randomBits: { 7 }))
    }

    static func integration(_ members: JSONObject, _ verification: JSONValue = "none") -> JSONValue
    {
        var object: JSONObject = [
            "name": "x", "config": ["webhook": ["signature_verification": verification]],
        ]
        for (key, value) in members { object[key] = value }
        return .object(object)
    }

    private static func events(_ decision: Decision) throws -> [WebhookEvent] {
        guard case .accepted(let delivery, _) = decision else {
            Issue.record("\(decision)")
            return []
        }
        return delivery.events
    }

    @Test func `elements of a delivery have ids of their own`() throws {
        let events = try Self.events(
            Self.run(
                Self.integration(["fan_out": "body.list", "event_id": "{{body.id}}"]),
                body: #"{"id":"d","list":[{"a":1},{"a":2},{"a":3}]}"#))
        #expect(events.map(\.id) == ["d", "d.1", "d.2"])
        let captured = try events.map { try JSONValue(parsing: $0.capturedRequest)["body"] != nil }
        #expect(captured == [true, false, false])
    }

    @Test func `an element's own id stays as it is`() throws {
        let events = try Self.events(
            Self.run(
                Self.integration(["fan_out": "body", "event_id": "{{item.id}}"]),
                body: #"[{"id":"a"},{"id":"b"},{}]"#))
        #expect(events.prefix(2).map(\.id) == ["a", "b"])
        #expect(events.map { $0.deduplicationWindowMilliseconds != nil } == [true, true, false])
    }

    @Test func `a captured request does not hold the token that it was judged by`() throws {
        let decision = try Self.run(
            Self.integration(
                [:],
                [
                    "format": "token",
                    "config": ["secret": "{{k}}", "compare_with": "{{headers.x-gitlab-token}}"],
                ]),
            headers: [("X-Gitlab-Token", "5up3r-s3cr3t")], body: "{}",
            context: ["k": "5up3r-s3cr3t"])
        let event = try #require(Self.events(decision).first)
        let text = String(decoding: event.capturedRequest + event.cloudEvent, as: UTF8.self)
        #expect(text.contains("[redacted]") && !text.contains("5up3r-s3cr3t"))
    }

    @Test func `an update without a checked signature adds and never changes`() throws {
        let object = Self.integration([
            "config": [
                "webhook": [
                    "signature_verification": "none",
                    "handle_verification":
                        "{'type': 'meta', 'update_context': {'k': 'new', 'n': 1, 'environment_variables': {}}}",
                ]
            ]
        ])
        guard case .meta(let update?) = try Self.run(object, body: "{}") else {
            Issue.record("no update")
            return
        }
        #expect(update.applied(to: ["k": "old"]) == ["k": "old", "n": 1])
        #expect(update.applied(to: ["k": "old", "n": 2]) == nil)
        #expect(update.members["environment_variables"] == nil)
    }

    @Test func `every problem of a configuration is reported`() {
        let (integration, problems) = Integration.parse([
            "name": "x",
            "config": [
                "webhook": [
                    "payload_transfrom": "body", "handle_verification": "(",
                    "signature_verification": [
                        "format": "hmac",
                        "config": ["secret": "", "algorithm": "sha257", "compare": "x"],
                    ],
                ]
            ],
        ])
        #expect(integration == nil)
        let paths = problems.filter { $0.severity == .error }.map { $0.keyPath.last ?? "" }
        for key in ["payload_transfrom", "handle_verification", "secret", "algorithm", "compare"] {
            #expect(paths.contains(key), "\(key)")
        }
    }
}
