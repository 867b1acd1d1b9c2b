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

    @Test func `asking for short turns leaves a thread's priority as it was`() throws {
        let noted = Mutex<[Int32]>([])
        let worker = try WorkerThread("test") {
            // Of this thread alone (setpriority(2), "C library/kernel differences").
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
            let code = postern_take_short_turns(100_000)
            noted.withLock {
                $0 = [code, getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)]
            }
        }
        worker.join()
        #expect(noted.withLock { $0 } == [0, 5])
    }

    @Test func `a thread that asks for short turns has them, another has the system's`() throws {
        let usual = try turn(asking: 0)
        let short = try turn(asking: 100_000)
        // Threads that are not run as usual are left alone.
        if sched_getscheduler(0) != SCHED_OTHER { return }
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
