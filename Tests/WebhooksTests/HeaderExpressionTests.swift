import JSON
import Testing
import Webhooks

/// Header fields in expressions: one that is looked up by name is what the object of all holds.
struct HeaderExpressionTests {
    private static let headers = [
        ("X-One", "a"), ("x-two", "b"), ("X-TWO", "c"), ("x-empty", ""), ("X-Two", "d"),
    ]

    /// The result as the event's data, of which it is made the body.
    private func data(_ expression: String, _ headers: [(String, String)]) throws -> String? {
        let integration: JSONValue = [
            "name": "x",
            "config": [
                "webhook": [
                    "payload_transform": .string("{'body': {'is': \(expression)}}"),
                    "signature_verification": "none",
                ]
            ],
        ]
        let decision = try EventTests.run(integration, headers: headers, body: "{}")
        guard case .accepted(let delivery, _) = decision, let event = delivery.events.first else {
            Issue.record("\(decision)")
            return nil
        }
        return try JSONValue(parsing: event.cloudEvent)["data"]?.jsonString
    }

    @Test(arguments: ["x-one", "x-two", "x-empty", "X-One", "x-none", "é", "content-type", ""])
    func `a field is the same by its name and in the object of all`(name: String) throws {
        let byName = try data("headers.`\(name)`", Self.headers)
        let inAll = try data("$lookup(headers, '\(name)')", Self.headers)
        #expect(byName == inAll)
        if name == "x-two" { #expect(byName == #"{"is":"b, c, d"}"#) }
    }

    @Test func `all fields are in the order received with lower-case names`() throws {
        #expect(
            try data("headers", Self.headers)
                == #"{"is":{"content-type":"application/json","x-one":"a","x-two":"b, c, d","x-empty":""}}"#
        )
    }
}
