import JSON
import Testing
import Webhooks

/// What `payload_transform` adds, replaces and cannot replace, seen by what comes after it.
struct TransformTests {
    /// The one event of a delivery with a transform.
    private func event(
        _ transform: String, _ members: JSONObject = JSONObject(), body: String = #"{"a":1}"#,
        context: JSONObject = JSONObject()
    ) throws -> WebhookEvent {
        var all: JSONObject = [
            "name": "x",
            "config": [
                "webhook": [
                    "payload_transform": .string(transform), "signature_verification": "none",
                ]
            ],
        ]
        for (key, value) in members { all[key] = value }
        let decision = try EventTests.run(
            .object(all), headers: [("X-A", "b")], body: body, context: context)
        guard case .accepted(let delivery, _) = decision else {
            Issue.record("\(decision)")
            return try #require(nil)
        }
        #expect(delivery.events.count == 1)
        return try #require(delivery.events.first)
    }

    /// What an expression makes of what the transform left.
    private func after(
        _ transform: String, _ expression: String, body: String = #"{"a":1}"#,
        context: JSONObject = JSONObject()
    ) throws -> JSONValue? {
        let event = try event(
            transform, ["fan_out": .string("{'is': \(expression)}")], body: body, context: context)
        return try JSONValue(parsing: event.cloudEvent)["data"]?["is"]
    }

    private static let added = (1...20).map { "m\($0)" }

    @Test(arguments: [0, 1, 7, 8, 9, 10, 20])
    func `all members that a transform adds are there`(count: Int) throws {
        let names = Self.added.prefix(count)
        let texts = names.map { "'\($0)': '\($0)!'" }.joined(separator: ", ")
        for transform in ["{\(texts)}", "$merge([$, {\(texts)}])"] {
            let all = "[\(names.joined(separator: ", "))]"
            let values = try after(transform, all)?.arrayValue?.map(\.stringValue)
            #expect(values == names.map { "\($0)!" })
            let keys = try after(transform, "$keys($)")?.arrayValue?.compactMap(\.stringValue)
            #expect(keys.map { Array($0.suffix(count)) } == Array(names))
            #expect(keys?.contains("raw_body") == true)
            let template = names.map { "{{\($0)}}" }.joined()
            let event = try event(transform, ["event_type": .string("t" + template)])
            #expect(event.type == "t" + names.map { "\($0)!" }.joined())
            #expect(try JSONValue(parsing: event.cloudEvent)["data"]?.jsonString == #"{"a":1}"#)
            #expect(try JSONValue(parsing: event.capturedRequest)["body"] == nil)
        }
    }

    @Test(arguments: [0, 8, 9])
    func `what was received besides the request cannot be replaced`(additions: Int) throws {
        let more = Self.added.prefix(additions).map { ", '\($0)': '\($0)!'" }.joined()
        let transform = """
            $merge([$, {'received_at': 'x', 'context': {'k': 'x'}, 'environment_variables': {'v': 'x'}, \
            'remote_address': 'x', 'client_certificate': {'x': 'x'}\(more)}])
            """
        let context: JSONObject = ["k": "mine"]
        for (expression, expected) in [
            ("received_at", #""1970-01-01T00:00:00.000Z""#), ("context", #"{"k":"mine"}"#),
            ("environment_variables", "{}"), ("remote_address", #""192.0.2.1""#),
            ("$exists(client_certificate)", "false"),
            ("$keys($)[-1]", additions == 0 ? #""client_certificate""# : "\"m\(additions)\""),
        ] {
            let found = try after(transform, expression, context: context)
            #expect(found?.jsonString == expected, "\(expression)")
        }
        let event = try event(
            transform, ["event_type": "{{context.k}}{{k}} {{received_at}} {{remote_address}}"],
            context: context)
        #expect(event.type == "minemine 1970-01-01T00:00:00.000Z 192.0.2.1")
        #expect(try JSONValue(parsing: event.cloudEvent)["data"]?.jsonString == #"{"a":1}"#)
        #expect(try JSONValue(parsing: event.capturedRequest)["body"] == nil)
    }

    @Test(arguments: [0, 1, 7, 8, 9])
    func `additions and replacements are both seen`(additions: Int) throws {
        let more = Self.added.prefix(additions).map { ", '\($0)': '\($0)!'" }.joined()
        let transform = "{'body': {'b': 2}, 'method': 'PUT', 'context': {'k': 'x'}\(more)}"
        for (expression, expected) in [
            ("body", #"{"b":2}"#), ("method", #""PUT""#), ("raw_body", #""{\"a\":1}""#),
            ("context", #"{"k":"mine"}"#), ("headers.`x-a`", #""b""#), ("path", #""/w""#),
            ("$count($keys($))", "\(try membersBefore() + additions)"),
        ] {
            let found = try after(transform, expression, context: ["k": "mine"])
            #expect(found?.jsonString == expected, "\(expression)")
        }
        for name in Self.added.prefix(additions) {
            #expect(try after(transform, name)?.stringValue == "\(name)!")
        }
        let event = try event(transform, ["event_type": "{{method}} {{body.b}} {{path}}"])
        #expect(event.type == "PUT 2 /w")
        #expect(try JSONValue(parsing: event.cloudEvent)["data"]?.jsonString == #"{"b":2}"#)
        // The body as received is nowhere else.
        #expect(try JSONValue(parsing: event.capturedRequest)["body"]?.stringValue == #"{"a":1}"#)
    }

    /// How many members a request has for an expression.
    private func membersBefore() throws -> Int {
        Int(try #require(try after("{}", "$count($keys($))")?.doubleValue))
    }

    @Test func `headers that are replaced are the ones that are looked up`() throws {
        let transform = "{'headers': {'x-c': 'd', 'X-E': 'f'}}"
        #expect(try after(transform, "headers")?.jsonString == #"{"x-c":"d","X-E":"f"}"#)
        #expect(try after(transform, "$exists(headers.`x-a`)")?.boolValue == false)
        #expect(try after(transform, "headers.`x-c`")?.stringValue == "d")
        #expect(try after(transform, "headers.`X-E`")?.stringValue == "f")
        let event = try event(
            transform, ["event_type": "{{headers.x-c}}{{headers.x-a:undefined}}"])
        #expect(event.type == "d")
        // What is captured is what was received.
        let headers = try JSONValue(parsing: event.capturedRequest)["headers"]
        #expect(headers?.jsonString == #"[["Content-Type","application/json"],["X-A","b"]]"#)
    }

    @Test(
        arguments: ["$", "$merge([$, {'k': body}])", "{'k': body}", "{}"],
        [
            "true", "false", "null", "0", "1.50", "-0", "1e400", "12345678901234567890",
            #""text""#, #""""#, #""\u00e9""#, "[]", "[1]", "[[1]]", "[1, 2]", "{}", #"{"a": 1}"#,
            #"{"a":1,"a":2}"#,
        ])
    func `the received body is in the event with its own bytes, once`(
        transform: String, body: String
    ) throws {
        let event = try event(transform, body: body)
        let text = String(decoding: event.cloudEvent, as: UTF8.self)
        #expect(text.hasSuffix(",\"datacontenttype\":\"application/json\",\"data\":\(body)}"))
        #expect(try JSONValue(parsing: event.capturedRequest)["body"] == nil)
    }

    @Test(arguments: [" true", "{\"a\":\n1}", "[1]\n", "\n\"x\"\n"])
    func `a body with white space around or line breaks in it is kept beside the event`(
        body: String
    ) throws {
        for transform in ["$merge([$, {'k': body}])", "{'n': 1}"] {
            let event = try event(transform, body: body)
            let data = try JSONValue(parsing: event.cloudEvent)["data"]
            #expect(data == (try JSONValue(parsing: Array(body.utf8))))
            #expect(!event.cloudEvent.contains(0x0A))
            let isSame = String(decoding: event.cloudEvent, as: UTF8.self).hasSuffix(":\(body)}")
            let captured = try JSONValue(parsing: event.capturedRequest)["body"]?.stringValue
            #expect(captured == (isSame ? nil : body))
        }
    }

    @Test(arguments: [
        "true", "0", "1.5", #""text""#, "null", "[]", "[1]", "[1,2]", "{}", #"{"a":[1]}"#,
    ])
    func `a copy of the body under another name is the body`(body: String) throws {
        let transform = "$merge([$, {'k': body}])"
        #expect(try after(transform, "k", body: body)?.jsonString == body)
        #expect(try after(transform, "body", body: body)?.jsonString == body)
        #expect(try after(transform, "k = body", body: body)?.boolValue == true)
        #expect(try after(transform, "raw_body", body: body)?.stringValue == body)
    }

    @Test(arguments: ["true", "0", "1.5", #""text""#, "null", "[]", "[1,2]", #"{"a":[1]}"#])
    func `a body handed through under its own name is data, and lost nowhere`(
        body: String
    ) throws {
        for transform in ["{'body': body}", "{'body': body, 'n': 1}"] {
            let event = try event(transform, body: body)
            #expect(try JSONValue(parsing: event.cloudEvent)["data"]?.jsonString == body)
            #expect(try after(transform, "body", body: body)?.jsonString == body)
        }
    }
}
