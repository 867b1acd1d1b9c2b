import Testing

@testable import EventQueue

/// What is expected of a queue, from the commits that it has made.
struct CommitPaceTests {
    private static let second = 1_000_000_000.0

    /// A queue that takes a fixed time for a commit and a time for each byte.
    private func pace(
        fixedMilliseconds: Double, bytesPerSecond: Double, commitBytes sizes: [Int],
        limits: CommitLimits = CommitLimits()
    ) -> CommitPace {
        var pace = CommitPace(limits: limits)
        for size in sizes {
            let time = fixedMilliseconds * 1e6 + Double(size) / bytesPerSecond * Self.second
            pace.record(events: size / 1000, bytes: size, nanoseconds: UInt64(time))
        }
        return pace
    }

    @Test func `nothing is refused before anything is known`() {
        let pace = CommitPace(limits: CommitLimits())
        #expect(pace.room == .max)
        #expect(pace.commitBytesMax == CommitLimits().bytesPerCommitMax)
    }

    @Test func `a slow disk is known after two commits of different size`() {
        let pace = pace(fixedMilliseconds: 5, bytesPerSecond: 2e6, commitBytes: [2000, 1_000_000])
        // 1.5 s at 2 MB/s are 3 MB.
        #expect((2_500_000...3_200_000).contains(pace.room), "\(pace.room)")
        // A quarter of the time: 750 KB.
        #expect((600_000...800_000).contains(pace.commitBytesMax), "\(pace.commitBytesMax)")
    }

    @Test func `single events that take long say nothing of many`() {
        let sizes = (0..<50).map { $0 % 2 == 0 ? 1000 : 3000 }
        let pace = pace(fixedMilliseconds: 20, bytesPerSecond: 200e6, commitBytes: sizes)
        #expect(pace.room >= 32 << 20, "\(pace.room)")
    }

    @Test func `a disk that takes the whole time for each commit still gets one`() {
        var limits = CommitLimits()
        limits.eventsPerCommitMax = 100
        let pace = pace(
            fixedMilliseconds: 2000, bytesPerSecond: 1e9, commitBytes: [50_000, 100_000, 70_000],
            limits: limits)
        #expect((90_000...110_000).contains(pace.room), "\(pace.room)")
        #expect(pace.commitBytesMax == limits.bytesPerCommitMax)
    }

    @Test func `a disk that recovers is trusted again`() {
        let slow = (1...20).map { $0 * 50_000 }
        var pace = pace(fixedMilliseconds: 5, bytesPerSecond: 1e6, commitBytes: slow)
        #expect(pace.room < 2_000_000)
        for size in slow + slow + slow {
            let time = 1e6 + Double(size) / 100e6 * Self.second
            pace.record(events: size / 1000, bytes: size, nanoseconds: UInt64(time))
        }
        #expect(pace.room > 50_000_000, "\(pace.room)")
    }

    @Test(arguments: [(8, true), (9, false)])
    func `an integration alone gets four fifths`(events: Int, isTaken: Bool) {
        var shares = CommitShares()
        let one = CommitShares.Load(events: 1, bytes: 10)
        for _ in 1..<events { shares.add(one, of: "a") }
        #expect(
            (shares.obstacle(to: one, of: "a", eventsMax: 10, bytesMax: 1000) == nil) == isTaken)
        #expect(shares.obstacle(to: one, of: "b", eventsMax: 10, bytesMax: 1000) == nil)
    }

    @Test func `what is given back is free for all`() {
        var shares = CommitShares()
        let two = CommitShares.Load(events: 2, bytes: 20)
        shares.add(two, of: "a")
        shares.add(two, of: "b")
        #expect(shares.obstacle(to: two, of: "c", eventsMax: 5, bytesMax: 99) == .events)
        #expect(shares.obstacle(to: two, of: "c", eventsMax: 99, bytesMax: 59) == .bytes)
        shares.remove(two, of: "a")
        #expect(shares.obstacle(to: two, of: "c", eventsMax: 5, bytesMax: 59) == nil)
        shares.remove(two, of: "b")
        #expect(shares.total == CommitShares.Load())
    }

    @Test func `waiting in vain is tried ever more seldom, until it pays`() {
        var patience = CommitPatience()
        func skipped() -> Int {
            var count = 0
            while !patience.isLeft() { count += 1 }
            return count
        }
        var counts: [Int] = []
        for _ in 0..<12 {
            patience.note(paid: false)
            counts.append(skipped())
        }
        #expect(counts == [1, 2, 4, 8, 16, 32, 64, 128, 256, 256, 256, 256])
        patience.note(paid: true)
        #expect(skipped() == 0)
    }
}
