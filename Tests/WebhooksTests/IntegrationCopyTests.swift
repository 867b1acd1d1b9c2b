import JSON
import Testing

@testable import JSONata
@testable import Webhooks

struct IntegrationCopyTests {
    private static let source = #"""
        {"id": "i-1", "name": "a-name-that-is-longer-than-fifteen-bytes", "enforce": false, "unknown": [1.0, 1e2],
         "event_id": "{{body.id}}", "dedupe": {"window": "1h"}, "queues": ["q"],
         "fan_out": "body.items", "allowed_addresses": ["192.0.2.0/24"],
         "config": {"webhook": {
           "payload_transform": "{'a': body.a}", "handle_verification": "{'type': 'payload'}",
           "signature_verification": {"format": "hmac", "config": {
             "algorithm": "sha256", "secret": "s3cret", "signed_string": "{{raw_body}}",
             "compare_with": "{{headers.x-signature}}", "encoding": "hex"}}}}}
        """#

    private static func integration() throws -> Integration {
        let (integration, problems) = Integration.parse(
            try JSONValue(parsing: Array(source.utf8)))
        return try #require(integration, "\(problems)")
    }

    @Test func `a copy says the same`() throws {
        let original = try Self.integration()
        let copy = original.copy()
        #expect(copy.source == original.source && copy.id == original.id)
        #expect(copy.name == original.name && copy.queues == original.queues)
        #expect(copy.isEnforced == original.isEnforced)
        #expect(copy.eventID?.source == original.eventID?.source)
        #expect(copy.signatureScope == original.signatureScope)
        #expect(copy.allowedAddresses?.count == original.allowedAddresses?.count)
        #expect(
            copy.deduplicationWindowMilliseconds == original.deduplicationWindowMilliseconds)
    }

    @Test func `a copy shares no memory that requests write to`() throws {
        let original = try Self.integration()
        let copy = original.copy()
        for key in ["payload_transform", "handle_verification", "fan_out"] {
            let (one, two) = (original.expression(key), copy.expression(key))
            #expect(try #require(one).source == #require(two).source)
            #expect(try #require(one).expression.pool !== #require(two).expression.pool)
        }
        guard case .hmac(let one)? = original.verification,
            case .hmac(let two)? = copy.verification
        else { return #expect(Bool(false), "no HMAC scheme") }
        #expect(one !== two)
        let contexts = try (#require(one.fixedContexts), #require(two.fixedContexts))
        #expect(contexts.0.count == 1 && contexts.1.count == 1)
        #expect(contexts.0[0] !== contexts.1[0])
    }

    @Test func `an expression keeps the limits it was made with`() throws {
        var limits = EvaluationLimits()
        limits.depthMax = 17
        let (integration, _) = Integration.parse(
            try JSONValue(parsing: Array(Self.source.utf8)), limits: limits)
        let copy = try #require(integration).copy()
        #expect(try #require(copy.payloadTransform).expression.limits.depthMax == 17)
    }
}
