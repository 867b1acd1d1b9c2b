import JSON
import Testing
import Webhooks

/// `allowed_addresses` and `limits` of an Integration object.
struct AdmissionKeyTests {
    static func parse(_ members: String) throws -> (Integration?, [String]) {
        let text = """
            {"name": "a", "config": {"webhook": {"signature_verification": "none"}}, \(members)}
            """
        let (integration, problems) = Integration.parse(try JSONValue(parsing: Array(text.utf8)))
        return (
            integration,
            problems.filter { $0.severity == .error }.map { $0.keyPath.joined(separator: ".") }
        )
    }

    @Test(arguments: [
        (#""limits": {"requests_per_second": 5}"#, 5.0, 5),
        (#""limits": {"requests_per_second": 0.5}"#, 0.5, 1),
        (#""limits": {"requests_per_second": 0.001, "requests_burst": 1}"#, 0.001, 1),
        (#""limits": {"requests_per_second": 1000000, "requests_burst": 1000000}"#, 1e6, 1_000_000),
    ])
    func `a rate is taken`(members: String, rate: Double, burst: Int) throws {
        let (integration, problems) = try Self.parse(members)
        #expect(problems.isEmpty)
        #expect(
            integration?.rateLimit
                == Integration.RateLimit(requestsPerSecond: rate, burst: burst))
    }

    @Test(arguments: [
        (#""limits": {"requests_per_second": 0}"#, "limits.requests_per_second"),
        (#""limits": {"requests_per_second": -1}"#, "limits.requests_per_second"),
        (#""limits": {"requests_per_second": 1000001}"#, "limits.requests_per_second"),
        (#""limits": {"requests_per_second": "5"}"#, "limits.requests_per_second"),
        (#""limits": {"requests_per_second": 1, "requests_burst": 0}"#, "limits.requests_burst"),
        (
            #""limits": {"requests_per_second": 1, "requests_burst": 1000001}"#,
            "limits.requests_burst"
        ),
        (#""limits": {"requests_burst": 5}"#, "limits.requests_burst"),
        (#""allowed_addresses": ["10.0.0.0/33"]"#, "allowed_addresses"),
        (#""allowed_addresses": ["example.com"]"#, "allowed_addresses"),
        (#""allowed_addresses": []"#, "allowed_addresses"),
    ])
    func `what is no rate or address is refused at its key`(members: String, key: String) throws {
        let (integration, problems) = try Self.parse(members)
        #expect(integration == nil)
        #expect(problems == [key])
    }

    @Test func `without the keys anybody may send as often as they like`() throws {
        let (integration, problems) = try Self.parse(#""limits": {"body_bytes_max": 10}"#)
        #expect(problems.isEmpty)
        #expect(integration?.rateLimit == nil && integration?.allowedAddresses == nil)
    }
}
