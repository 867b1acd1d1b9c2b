import EventQueue
import JSON
import Webhooks

/// What an integration can do, read off its object.
enum Capabilities {
    static func of(_ integration: Integration) -> JSONValue {
        let config = integration.source["config"]
        var proxy = JSONObject()
        for (resource, methods) in config?["resources"]?.objectValue ?? JSONObject() {
            proxy[resource] = .array((methods.objectValue?.keys ?? []).map(JSONValue.string))
        }
        let verification = config?["webhook"]?["signature_verification"]
        let format = verification?["format"]?.stringValue ?? verification?.stringValue
        let authorization = config?["authorization"]?["format"]?.stringValue
        return [
            "name": .string(integration.name), "proxy": .object(proxy), "unified": [:],
            "auth": .array(authorization.map { [.string($0)] } ?? []),
            "webhook": [
                "enabled": .bool(integration.isEnabled),
                "enforced": .bool(integration.isEnforced),
                "signature_verification": format.map(JSONValue.string) ?? .null,
                "payload_transform": .bool(integration.payloadTransform != nil),
                "handle_verification": .bool(integration.handleVerification != nil),
                "fan_out": .bool(integration.fanOut != nil),
                "dedupe": .bool(integration.deduplicationWindowMilliseconds != nil),
            ],
        ]
    }
}

extension AdminAPI {
    /// A kept request; with the captured request itself when it is wanted.
    static func object(_ kept: QuarantinedRequest, withRequest: Bool) -> JSONValue {
        var object: JSONObject = [
            "number": .number(JSONNumber(Double(kept.number))), "reason": .string(kept.reason),
            "integration": .string(kept.integration),
            "account": kept.account.map(JSONValue.string) ?? .null,
            "received_at": .string(TimeText.iso8601(kept.receivedAtMilliseconds)),
        ]
        if withRequest {
            object["request"] = (try? JSONValue(parsing: kept.request)) ?? .null
        }
        return .object(object)
    }
}

/// The types of the members that the seed's Integration object names and the pipeline does not read.
enum SeedShape {
    private static let strings = ["id", "name", "category", "team_id", "created_at", "updated_at"]
    private static let labels = ["base_url", "label", "logo", "icon", "error_expression"]
    private static let objects = [
        "headers", "query", "actions", "credentials", "authorization", "pagination", "rate_limit",
        "resources", "tool_tags", "webhook",
    ]

    /// - Throws: 422 with every member that has the wrong type.
    static func check(_ object: JSONObject) throws(AdminError) {
        var problems: [Problem] = []
        func expect(_ isRight: Bool?, _ path: String, _ what: String) {
            if isRight == false {
                problems.append(Problem(keyPath: path, message: "expected \(what)"))
            }
        }
        for key in strings { expect(object[key].map { $0.kind == .string }, key, "a string") }
        expect(object["is_beta"].map { $0.kind == .bool }, "is_beta", "true or false")
        expect(
            object["sharing"].map { ["allow", "ask", "deny"].contains($0.stringValue ?? "") },
            "sharing", "allow, ask or deny")
        expect(
            object["installed_environment"].map {
                $0.arrayValue?.allSatisfy { $0.kind == .string } ?? false
            }, "installed_environment", "a list of strings")
        expect(object["team"].map { $0.kind == .object }, "team", "an object")
        expect(object["config"].map { $0.kind == .object }, "config", "an object")
        let config = object["config"]?.objectValue ?? JSONObject()
        for key in labels {
            expect(config[key].map { $0.kind == .string }, "config.\(key)", "a string")
        }
        for key in objects {
            expect(config[key].map { $0.kind == .object }, "config.\(key)", "an object")
        }
        if let format = config["query_array_format"] {
            expect(
                ["comma", "brackets", "indices", "repeat"].contains(format.stringValue ?? ""),
                "config.query_array_format", "comma, brackets, indices or repeat")
        }
        if let id = object["id"]?.stringValue, !ManagedObjects.isIdentifier(id) {
            problems.append(
                Problem(
                    keyPath: "id",
                    message: "an id has 1 to 128 letters, digits, `-`, `_` and `.`, no dot in front"
                ))
        }
        if !problems.isEmpty { throw AdminError(422, "the integration is not right", problems) }
    }
}
