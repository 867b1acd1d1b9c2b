import Cryptography
import JSON
import Testing

@testable import Webhooks

/// What an integration sees of the certificate that a client proved to have.
struct ClientCertificateTests {
    private static let certificate = ClientCertificate(
        subject: "CN=vendor,O=Example", issuer: "CN=ca", serialNumber: "1f",
        fingerprintSHA256: String(repeating: "ab", count: 32),
        names: ["dns:v.example", "uri:spiffe://v"])

    private static func decide(
        _ webhook: String, _ certificate: ClientCertificate? = certificate
    ) throws -> Decision {
        let source = #"{"name":"a","config":{"webhook":\#(webhook)}}"#
        let (parsed, problems) = Integration.parse(try JSONValue(parsing: Array(source.utf8)))
        let request = ReceivedRequest(
            method: "POST", target: "/w", publicURL: "https://h.example/w", path: "/w", query: "",
            fields: HeaderFields([("Content-Type", "application/json")]),
            body: Array(#"{"client_certificate":{"subject":"CN=vendor,O=Example"}}"#.utf8),
            remoteAddress: "192.0.2.1", receivedAtMilliseconds: 0,
            clientCertificate: certificate)
        let environment = PipelineEnvironment(
            nowMilliseconds: 0, monotonicNanoseconds: { 0 }, randomBits: { 4 })
        return Pipeline(
            integration: try #require(parsed, "\(problems)"), environmentVariables: [:]
        ).run(request, account: AccountState(), environment: environment)
    }

    private static let scheme = """
        "signature_verification": {"format": "token", "config": {"secret": "CN=vendor,O=Example",
        "compare_with": "{{client_certificate.subject}}"}}
        """

    @Test func `a placeholder compares its subject, and nothing else has its name`() throws {
        guard case .accepted(let delivery, _) = try Self.decide("{\(Self.scheme)}") else {
            Issue.record("not accepted")
            return
        }
        let request = try JSONValue(parsing: delivery.events[0].capturedRequest)
        let kept = try #require(request["client_certificate"])
        #expect(ClientCertificate(kept) == Self.certificate)
        guard case .refused = try Self.decide("{\(Self.scheme)}", nil) else {
            Issue.record("accepted without a certificate")
            return
        }
    }

    @Test func `a transform sees it and cannot make one`() throws {
        let forge = #""payload_transform": "{'client_certificate': body.client_certificate}""#
        guard case .refused = try Self.decide("{\(forge), \(Self.scheme)}", nil) else {
            Issue.record("a transform made a certificate")
            return
        }
        let show = #"""
            {"payload_transform": "{'body': [client_certificate.names, $exists(client_certificate)]}",
            "signature_verification": "none"}
            """#
        guard case .accepted(let with, _) = try Self.decide(show),
            case .accepted(let without, _) = try Self.decide(show, nil)
        else {
            Issue.record("not accepted")
            return
        }
        let seen = try JSONValue(parsing: with.events[0].cloudEvent)["data"]
        #expect(seen?.jsonString == #"["dns:v.example","uri:spiffe://v",true]"#)
        #expect(
            try JSONValue(parsing: without.events[0].cloudEvent)["data"]?.jsonString == "[false]")
        #expect(
            try JSONValue(parsing: without.events[0].capturedRequest)["client_certificate"] == nil)
    }
}
