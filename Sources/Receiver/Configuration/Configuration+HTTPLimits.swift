import HTTPServer

extension Configuration {
    /// One limit of the listener as a key of `limits`.
    private struct LimitKey {
        enum Kind {
            case count
            case bytes
            case duration
        }

        let name: String
        let kind: Kind
        let range: ClosedRange<Int>
        let member: WritableKeyPath<HTTPLimits, Int>

        init(
            _ name: String, _ kind: Kind, _ range: ClosedRange<Int>,
            _ member: WritableKeyPath<HTTPLimits, Int>
        ) {
            self.name = name
            self.kind = kind
            self.range = range
            self.member = member
        }
    }

    /// Every value of `HTTPLimits`; durations are in milliseconds here.
    private static var limitKeys: [LimitKey] {
        let hour = 3_600_000
        return [
            LimitKey("request_line_bytes_max", .bytes, 64...(1 << 20), \.requestLineBytesMax),
            LimitKey("header_bytes_max", .bytes, 256...(16 << 20), \.headerBytesMax),
            LimitKey("header_count_max", .count, 1...10_000, \.headerCountMax),
            // Offsets in JSON documents have 28 bits.
            LimitKey("body_bytes_max", .bytes, 0...(256 << 20), \.bodyBytesMax),
            LimitKey("body_bytes_per_second_min", .bytes, 1...(1 << 30), \.bodyBytesPerSecondMin),
            LimitKey(
                "body_bytes_buffered_max", .bytes, 4096...(1 << 40), \.bodyBytesBufferedMax),
            LimitKey("handshake_timeout", .duration, 100...hour, \.handshakeTimeoutMilliseconds),
            LimitKey("header_timeout", .duration, 100...hour, \.headerTimeoutMilliseconds),
            LimitKey("body_timeout", .duration, 100...hour, \.bodyTimeoutMilliseconds),
            LimitKey("response_timeout", .duration, 100...hour, \.responseTimeoutMilliseconds),
            LimitKey(
                "keep_alive_timeout", .duration, 100...(24 * hour), \.keepAliveTimeoutMilliseconds),
            LimitKey("write_timeout", .duration, 100...hour, \.writeTimeoutMilliseconds),
            LimitKey("linger_timeout", .duration, 0...60_000, \.lingerMilliseconds),
            LimitKey("requests_in_flight_max", .count, 1...10_000_000, \.requestsInFlightMax),
            LimitKey("connections_max", .count, 1...1_000_000, \.connectionsMax),
            LimitKey(
                "connections_per_address_max", .count, 1...1_000_000, \.connectionsPerAddressMax),
            LimitKey("pipelined_requests_max", .count, 1...10_000, \.pipelinedRequestsMax),
            LimitKey("write_buffer_bytes_max", .bytes, 4096...(1 << 30), \.writeBufferBytesMax),
        ]
    }

    /// Reads the listener's limits from the `limits` mapping.
    mutating func readHTTPLimits(_ limits: inout MappingReader, _ problems: inout Problems) {
        for key in Self.limitKeys {
            let value =
                switch key.kind {
                case .count: limits.integer(key.name, key.range, &problems)
                case .bytes: limits.size(key.name, key.range, &problems)
                case .duration: limits.duration(key.name, key.range, &problems)
                }
            if let value { http[keyPath: key.member] = value }
        }
    }
}
