import Testing

@testable import Receiver

struct RecentRequestsTests {
    private static func entry(_ time: Int64, _ identifier: String, _ name: String = "github")
        -> RecentRequests.Entry
    {
        RecentRequests.Entry(
            timeMilliseconds: time, identifier: identifier, integration: name, account: nil,
            outcome: .stored, reason: "", status: 200)
    }

    @Test func `requests of all loops come newest first, those of one moment in their order`() {
        let recent = RecentRequests()
        let loops = [recent.addPart(), recent.addPart()]
        for (loop, time, identifier) in [
            (0, 10, "a"), (0, 30, "b"), (1, 20, "c"), (0, 30, "d"), (1, 40, "e"), (1, 40, "f"),
        ] {
            loops[loop].add(Self.entry(Int64(time), identifier))
        }
        func list(_ limit: Int) -> [String] {
            recent.list(limit: limit, integration: nil).map(\.identifier)
        }
        #expect(list(10) == ["f", "e", "d", "b", "c", "a"])
        #expect(list(3) == ["f", "e", "d"])
        #expect(list(0) == [])
    }

    @Test func `an integration's are found among others`() {
        let recent = RecentRequests()
        let (part, other) = (recent.addPart(), recent.addPart())
        part.add(Self.entry(1, "a", "stripe"))
        part.add(Self.entry(2, "b"))
        other.add(Self.entry(3, "c", "stripe"))
        let found = recent.list(limit: 10, integration: "stripe").map(\.identifier)
        #expect(found == ["c", "a"])
    }

    @Test(arguments: [0, 1, 5])
    func `no more of a loop are remembered than there is room for, its oldest go`(beyond: Int) {
        let recent = RecentRequests()
        let (part, other) = (recent.addPart(), recent.addPart())
        other.add(Self.entry(-1, "other"))
        let count = RecentRequests.capacity + beyond
        for number in 0..<count { part.add(Self.entry(Int64(number), "\(number)")) }
        let all = recent.list(limit: .max, integration: nil).map(\.identifier)
        #expect(all == (beyond..<count).reversed().map(String.init) + ["other"])
    }
}
