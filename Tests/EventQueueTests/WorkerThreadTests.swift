import CLinux
import Foundation
import Synchronization
import Testing

@testable import EventQueue

@Suite struct WorkerThreadTests {
    private func turn(asking nanoseconds: UInt64) throws -> UInt64 {
        final class Turn: Sendable { let value = Atomic<UInt64>(0) }
        let turn = Turn()
        let worker = try WorkerThread("test", turnNanoseconds: nanoseconds) {
            turn.value.store(postern_turn_nanoseconds(), ordering: .relaxed)
        }
        worker.join()
        return turn.value.load(ordering: .relaxed)
    }

    @Test func `a thread that asks for short turns has them, another has the system's`() throws {
        let usual = try turn(asking: 0)
        let short = try turn(asking: 100_000)
        #expect(usual != 100_000)
        let system = ProcessInfo.processInfo.operatingSystemVersion
        if (system.majorVersion, system.minorVersion) >= (6, 12) {
            #expect(short == 100_000)
        } else {
            // One length for all.
            #expect(short == usual)
        }
    }
}
