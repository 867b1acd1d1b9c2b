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
        let counters = SharedCounters(loops: 1)
        #expect(counters.enter(first, limits, loop: 0) == .entered(loop: 0))
        let expected: SharedCounters.Entry =
            isSame ? .refused("connections_per_address_max") : .entered(loop: 0)
        #expect(counters.enter(second, limits, loop: 0) == expected)
        counters.leave(first, loop: 0)
        if isSame { #expect(counters.enter(second, limits, loop: 0) == .entered(loop: 0)) }
    }

    @Test func `the whole number has a limit and a name of its own`() {
        var limits = HTTPLimits()
        limits.connectionsMax = 2
        let counters = SharedCounters(loops: 1)
        #expect(counters.enter("192.0.2.1", limits, loop: 0) == .entered(loop: 0))
        #expect(counters.enter("192.0.2.2", limits, loop: 0) == .entered(loop: 0))
        #expect(
            counters.enter("192.0.2.3", limits, loop: 0) == .refused("connections_max"))
        #expect(counters.count == 2 && counters.countsByLoop == [2])
    }

    @Test func `a connection goes to the loop with clearly fewer, unless it is bound to its own`() {
        let counters = SharedCounters(loops: 3)
        func enter(isBound: Bool = false) -> SharedCounters.Entry {
            counters.enter("a", HTTPLimits(), loop: 1, isBound: isBound)
        }
        // One more is not worth the way, two are.
        #expect((0..<6).map { _ in enter() } == [1, 1, 0, 2, 1, 0].map { .entered(loop: $0) })
        #expect(counters.countsByLoop == [2, 3, 1])
        #expect(enter(isBound: true) == .entered(loop: 1))
        counters.move(from: 1, to: 2)
        #expect(counters.countsByLoop == [2, 3, 2] && counters.count == 7)
        counters.leave("a", loop: 0)
        #expect(counters.countsByLoop == [1, 3, 2] && counters.count == 6)
    }

    @Test(arguments: [(16, 18), (32, 35)])
    func `with many connections a larger difference is kept`(others: Int, kept: Int) {
        let counters = SharedCounters(loops: 2)
        let limits = HTTPLimits()
        for _ in 0..<others { _ = counters.enter("a", limits, loop: 1, isBound: true) }
        for _ in 0..<kept { _ = counters.enter("a", limits, loop: 0, isBound: true) }
        #expect(counters.enter("a", limits, loop: 0) == .entered(loop: 0))
        #expect(counters.enter("a", limits, loop: 0) == .entered(loop: 1))
    }
}
