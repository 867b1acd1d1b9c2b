/// Makes the unguessable part of leases.
enum LeaseToken {
    /// 32 lower-case hex digits from the system's random generator.
    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        for _ in 0..<16 { bytes.append(UInt8.random(in: .min ... .max, using: &generator)) }
        return Hex.text(bytes)
    }
}

extension DeliveryPolicy {
    /// Throws `.invalid` for counts and durations that this policy does not give.
    func check(count: Int, durationMilliseconds: Int64) throws(QueueError) {
        guard count >= 0, count <= leaseCountMax else {
            throw QueueError(.invalid, "count of leases")
        }
        guard durationMilliseconds > 0, durationMilliseconds <= leaseMillisecondsMax else {
            throw QueueError(.invalid, "duration of lease")
        }
    }

    /// The wait that a consumer asked for, or the backoff.
    func delayMilliseconds(asked: Int64?, attempts: Int) throws(QueueError) -> Int64 {
        guard let asked else { return backoffMilliseconds(attempts: attempts) }
        guard asked >= 0, asked <= leaseMillisecondsMax else {
            throw QueueError(.invalid, "delay of event")
        }
        return asked
    }
}
