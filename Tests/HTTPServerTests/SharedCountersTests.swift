import Testing

@testable import HTTPServer

/// Who counts as one client.
struct SharedCountersTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", false), ("unix", "unix", true),
        ("::1", "2001:db8::1", false),
    ])
    func `addresses of one network of IPv6 are one client`(
        first: String, second: String, isSame: Bool
    ) {
        var limits = HTTPLimits()
        limits.connectionsPerAddressMax = 1
        let counters = SharedCounters()
        #expect(counters.enter(first, limits) == nil)
        #expect(
            counters.enter(second, limits) == (isSame ? "connections_per_address_max" : nil))
        counters.leave(first)
        if isSame { #expect(counters.enter(second, limits) == nil) }
    }

    @Test func `the whole number has a limit and a name of its own`() {
        var limits = HTTPLimits()
        limits.connectionsMax = 2
        let counters = SharedCounters()
        #expect(counters.enter("192.0.2.1", limits) == nil)
        #expect(counters.enter("192.0.2.2", limits) == nil)
        #expect(counters.enter("192.0.2.3", limits) == "connections_max")
        #expect(counters.count == 2)
    }
}
