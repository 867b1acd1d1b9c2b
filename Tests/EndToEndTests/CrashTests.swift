import Foundation
import Testing

/// Kills at random moments under load. `POSTERN_CRASH_ROUNDS` and `POSTERN_CRASH_SEED` make the run
/// longer or another one; `Tests/crash-rounds` runs it by hand.
@Suite(.serialized)
struct CrashTests {
    private static func number(_ name: String, default value: UInt64) -> UInt64 {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } ?? value
    }

    @Test(arguments: ["sqlite", "file"])
    func `SIGKILL at random moments loses nothing that was acknowledged`(queue: String) throws {
        let rounds = Self.number("POSTERN_CRASH_ROUNDS", default: 4)
        let seed = Self.number("POSTERN_CRASH_SEED", default: 20)
        let harness = try CrashHarness(queue: queue, seed: seed)
        for round in 1...max(rounds, 1) {
            try harness.round()
            if round % 25 == 0 { print("\(queue): \(harness.report)") }
        }
        let report = harness.report
        print("\(queue) seed=\(seed): \(report)")
        #expect(report.acknowledged >= Int(rounds))
        #expect(report.lost == [])
        #expect(report.duplicates == [])
        #expect(report.wrong == [])
    }

    @Test func `a power cut after a kill loses nothing that was acknowledged`() throws {
        let rounds = Self.number("POSTERN_CRASH_ROUNDS", default: 4)
        let seed = Self.number("POSTERN_CRASH_SEED", default: 20)
        let harness = try CrashHarness(queue: "file", seed: seed &+ 1)
        var atStake = 0
        var behind = 0
        var round: UInt64 = 0
        // The first rounds may end before a journal is made, or while no segment lacks anything.
        while round < rounds || ((atStake == 0 || behind == 0) && round < 40) {
            round += 1
            let loss = PowerCut.Loss.allCases[Int(round % 4)]
            try harness.round(damage: {
                let cut = PowerCut(folder: $0)
                behind += try cut.behind()
                atStake += try cut.lose(loss)
            })
            if round % 25 == 0 { print("power: \(harness.report) bytes=\(atStake)+\(behind)") }
        }
        let report = harness.report
        print("power seed=\(seed): \(report) bytes=\(atStake)+\(behind)")
        #expect(atStake > 0)
        #expect(behind > 0)
        #expect(report.lost == [])
        #expect(report.duplicates == [])
        #expect(report.wrong == [])
    }

    @Test func `the harness notices what is lost`() throws {
        let harness = try CrashHarness(queue: "file", seed: 1)
        try harness.round(damage: { try FileManager.default.removeItem(at: $0) })
        #expect(harness.report.acknowledged > 0)
        #expect(harness.report.lost.count == harness.report.acknowledged)
    }
}
