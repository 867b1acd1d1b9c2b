import HTTPServer
import Receiver
import Testing

/// The keys of `limits` that bound the listener, as README lists them: lowest and highest value in
/// units of the limit (bytes, a count or milliseconds).
struct HTTPLimitKeyTests {
    struct Key: Sendable, CustomTestStringConvertible {
        let name: String
        let unit: String
        let lowest: Int
        let highest: Int
        let member: @Sendable (HTTPLimits) -> Int
        var testDescription: String { name }

        init(
            _ name: String, _ unit: String, _ lowest: Int, _ highest: Int,
            _ member: @escaping @Sendable (HTTPLimits) -> Int
        ) {
            self.name = name
            self.unit = unit
            self.lowest = lowest
            self.highest = highest
            self.member = member
        }
    }

    static let keys: [Key] = [
        Key("request_line_bytes_max", "", 64, 1_048_576) { $0.requestLineBytesMax },
        Key("header_bytes_max", "", 256, 16_777_216) { $0.headerBytesMax },
        Key("header_count_max", "", 1, 10_000) { $0.headerCountMax },
        Key("body_bytes_max", "", 0, 268_435_456) { $0.bodyBytesMax },
        Key("body_bytes_per_second_min", "", 1, 1_073_741_824) { $0.bodyBytesPerSecondMin },
        Key("body_bytes_buffered_max", "", 4096, 1_099_511_627_776) { $0.bodyBytesBufferedMax },
        Key("handshake_timeout", "ms", 100, 3_600_000) { $0.handshakeTimeoutMilliseconds },
        Key("header_timeout", "ms", 100, 3_600_000) { $0.headerTimeoutMilliseconds },
        Key("body_timeout", "ms", 100, 3_600_000) { $0.bodyTimeoutMilliseconds },
        Key("response_timeout", "ms", 100, 3_600_000) { $0.responseTimeoutMilliseconds },
        Key("keep_alive_timeout", "ms", 100, 86_400_000) { $0.keepAliveTimeoutMilliseconds },
        Key("write_timeout", "ms", 100, 3_600_000) { $0.writeTimeoutMilliseconds },
        Key("linger_timeout", "ms", 0, 60_000) { $0.lingerMilliseconds },
        Key("requests_in_flight_max", "", 1, 10_000_000) { $0.requestsInFlightMax },
        Key("connections_max", "", 1, 1_000_000) { $0.connectionsMax },
        Key("connections_per_address_max", "", 1, 1_000_000) { $0.connectionsPerAddressMax },
        Key("pipelined_requests_max", "", 1, 10_000) { $0.pipelinedRequestsMax },
        Key("write_buffer_bytes_max", "", 4096, 1_073_741_824) { $0.writeBufferBytesMax },
    ]

    static func read(_ key: Key, _ value: Int) throws -> (HTTPLimits, [Problem]) {
        let text = "limits: { \(key.name): \(value)\(key.unit) }"
        let root = try ConfigurationText.parse(Array(text.utf8), file: "postern.yaml")
        let (configuration, problems) = Configuration.parse(root, file: "postern.yaml")
        return (configuration.http, problems)
    }

    @Test(arguments: keys)
    func `a limit is taken at both ends of its range and refused beyond them`(key: Key) throws {
        for value in [key.lowest, key.highest] {
            let (limits, problems) = try Self.read(key, value)
            #expect(problems.isEmpty, "\(problems.map(\.description))")
            #expect(key.member(limits) == value)
        }
        for value in [key.lowest - 1, key.highest + 1] {
            let (limits, problems) = try Self.read(key, value)
            #expect(problems.map { "\($0.keyPath)" } == ["limits.\(key.name)"])
            #expect(key.member(limits) == key.member(HTTPLimits()))
        }
    }

    @Test func `a limit that is not known is refused by name`() throws {
        let root = try ConfigurationText.parse(
            Array("limits: { header_timeouts: 3s }".utf8), file: "postern.yaml")
        let problems = Configuration.parse(root, file: "postern.yaml").1
        #expect(problems.map { "\($0.keyPath)" } == ["limits.header_timeouts"])
    }
}
