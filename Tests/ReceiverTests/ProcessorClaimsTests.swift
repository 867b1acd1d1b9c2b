import HTTPServer
import Synchronization
import Testing

@testable import EventQueue
@testable import Receiver

/// Receivers of one machine share its processors.
struct ProcessorClaimsTests {
    /// A name that nobody else on this machine has.
    private let name = "postern-test-\(UInt64.random(in: .min ... .max))-"

    @Test func `who comes later gets what is left, or nothing`() {
        let first = ProcessorClaims(2, among: [4, 5, 7], name: name)
        #expect(first.processors == [4, 5])
        let second = ProcessorClaims(1, among: [4, 5, 7], name: name)
        #expect(second.processors == [7])
        #expect(ProcessorClaims(1, among: [4, 5, 7], name: name).processors == [])
        withExtendedLifetime((first, second)) {}
    }

    @Test func `too few are not claimed at all`() {
        #expect(ProcessorClaims(3, among: [0, 1], name: name).processors == [])
        #expect(ProcessorClaims(2, among: [0, 1], name: name).processors == [0, 1])
    }

    @Test func `claims end with their owner`() {
        do {
            let claims = ProcessorClaims(1, among: [0], name: name)
            #expect(claims.processors == [0])
            withExtendedLifetime(claims) {}
        }
        #expect(ProcessorClaims(1, among: [0], name: name).processors == [0])
    }

    @Test func `none are claimed where none are wanted, or the name is too long`() {
        #expect(ProcessorClaims(0, among: [0], name: name).processors == [])
        let long = String(repeating: "x", count: 107)
        #expect(ProcessorClaims(1, among: [0], name: long).processors == [])
    }

    @Test func `threads that a loop starts do not stay where it does`() throws {
        let seen = Mutex<[[Int32]]>([])
        let allowed = Processors.allowed
        let last = try #require(allowed.last)
        try LoopThread.run {
            #expect(Processors.stay(on: last))
            let worker = SerialWorker(waitingMax: 1)
            #expect(worker.start())
            #expect(worker.submit { seen.withLock { $0.append(Processors.allowed) } })
            worker.stop()
            let thread = try? WorkerThread("test") {
                seen.withLock { $0.append(Processors.allowed) }
            }
            thread?.join()
            #expect(Processors.allowed == [last])
        }
        #expect(seen.withLock { $0 } == [allowed, allowed])
    }
}
