import EventQueue
import HTTPServer
import Receiver
import Testing

/// The keys of `limits` that bound the listener and the way to the disk, as README lists them: lowest and highest value in
/// units of the limit (bytes, a count or milliseconds).
struct HTTPLimitKeyTests {
    struct Key: Sendable, CustomTestStringConvertible {
        let name: String
        let unit: String
        let lowest: Int
        let highest: Int
        let member: @Sendable (Configuration) -> Int
        var testDescription: String { name }

        init(
            _ name: String, _ unit: String, _ lowest: Int, _ highest: Int,
            _ member: @escaping @Sendable (Configuration) -> Int
        ) {
            self.name = name
            self.unit = unit
            self.lowest = lowest
            self.highest = highest
            self.member = member
        }
    }

    static let keys: [Key] = [
        Key("request_line_bytes_max", "", 64, 1_048_576) { $0.http.requestLineBytesMax },
        Key("header_bytes_max", "", 256, 16_777_216) { $0.http.headerBytesMax },
        Key("header_count_max", "", 1, 10_000) { $0.http.headerCountMax },
        Key("body_bytes_max", "", 0, 268_435_456) { $0.http.bodyBytesMax },
        Key("body_bytes_per_second_min", "", 1, 1_073_741_824) { $0.http.bodyBytesPerSecondMin },
        Key("body_bytes_buffered_max", "", 4096, 1_099_511_627_776) {
            $0.http.bodyBytesBufferedMax
        },
        Key("handshake_timeout", "ms", 100, 3_600_000) { $0.http.handshakeTimeoutMilliseconds },
        Key("header_timeout", "ms", 100, 3_600_000) { $0.http.headerTimeoutMilliseconds },
        Key("body_timeout", "ms", 100, 3_600_000) { $0.http.bodyTimeoutMilliseconds },
        Key("response_timeout", "ms", 100, 3_600_000) { $0.http.responseTimeoutMilliseconds },
        Key("keep_alive_timeout", "ms", 100, 86_400_000) { $0.http.keepAliveTimeoutMilliseconds },
        Key("write_timeout", "ms", 100, 3_600_000) { $0.http.writeTimeoutMilliseconds },
        Key("linger_timeout", "ms", 0, 60_000) { $0.http.lingerMilliseconds },
        Key("requests_in_flight_max", "", 1, 10_000_000) { $0.http.requestsInFlightMax },
        Key("connections_max", "", 1, 1_000_000) { $0.http.connectionsMax },
        Key("connections_per_address_max", "", 1, 1_000_000) { $0.http.connectionsPerAddressMax },
        Key("pipelined_requests_max", "", 1, 10_000) { $0.http.pipelinedRequestsMax },
        Key("write_buffer_bytes_max", "", 4096, 1_073_741_824) { $0.http.writeBufferBytesMax },
        Key("events_in_flight_max", "", 1, 1_000_000) { $0.commit.eventsInFlightMax },
        Key("bytes_in_flight_max", "", 4096, 17_179_869_184) { $0.commit.bytesInFlightMax },
        Key("queue_time_max", "ms", 10, 3_600_000) { $0.commit.queueTimeMilliseconds },
        Key("events_per_commit_max", "", 1, 100_000) { $0.commit.eventsPerCommitMax },
        Key("bytes_per_commit_max", "", 4096, 1_073_741_824) { $0.commit.bytesPerCommitMax },
    ]

    static func read(_ key: Key, _ value: Int) throws -> (Configuration, [Problem]) {
        let text = "limits: { \(key.name): \(value)\(key.unit) }"
        let root = try ConfigurationText.parse(Array(text.utf8), file: "postern.yaml")
        let (configuration, problems) = Configuration.parse(root, file: "postern.yaml")
        return (configuration, problems)
    }

    @Test(arguments: keys)
    func `a limit is taken at both ends of its range and refused beyond them`(key: Key) throws {
        for value in [key.lowest, key.highest] {
            let (configuration, problems) = try Self.read(key, value)
            #expect(problems.isEmpty, "\(problems.map(\.description))")
            #expect(key.member(configuration) == value)
        }
        for value in [key.lowest - 1, key.highest + 1] {
            let (configuration, problems) = try Self.read(key, value)
            #expect(problems.map { "\($0.keyPath)" } == ["limits.\(key.name)"])
            #expect(key.member(configuration) == key.member(Configuration()))
        }
    }

    @Test func `a limit that is not known is refused by name`() throws {
        let root = try ConfigurationText.parse(
            Array("limits: { header_timeouts: 3s }".utf8), file: "postern.yaml")
        let problems = Configuration.parse(root, file: "postern.yaml").1
        #expect(problems.map { "\($0.keyPath)" } == ["limits.header_timeouts"])
    }
}
