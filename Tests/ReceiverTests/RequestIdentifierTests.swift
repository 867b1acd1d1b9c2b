import Testing

@testable import Receiver

/// Names of requests and the random bits beside them: nothing comes twice.
struct RequestIdentifierTests {
    @Test(arguments: [0, 1, 0x8000_0000_0000_0000, UInt64.max])
    func `parts of one seed never name two requests the same`(seed: UInt64) {
        let parts = (0..<3).map { RequestIdentifiers(seed: seed, part: $0, of: 3) }
        var names: Set<String> = []
        // In turn, as loops would.
        for _ in 0..<20_000 { for part in parts { names.insert(part.next()) } }
        #expect(names.count == 60_000)
        #expect(names.allSatisfy(Self.isPlain))
    }

    /// 13 characters that need no quoting anywhere.
    private static func isPlain(_ name: String) -> Bool {
        name.utf8.count == 13
            && name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x76).contains($0) }
    }

    @Test func `one alone is the first part of one`() {
        let alone = RequestIdentifiers(seed: 42)
        let first = RequestIdentifiers(seed: 42, part: 0, of: 1)
        for _ in 0..<10 { #expect(alone.next() == first.next()) }
    }

    @Test func `random bits never come twice, whether fetched before or now`() {
        let pool = RandomPool()
        var seen: Set<UInt64> = []
        for _ in 0..<1000 { seen.insert(pool.next()) }
        #expect(seen.count == 1000)
        // Memory that was wiped or never filled would show as zeros.
        #expect(!seen.contains(0))
    }
}
