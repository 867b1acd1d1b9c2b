import Foundation
import Synchronization
import Testing

@testable import Receiver

/// The store with a clock that the test moves and a server that answers when it is told to.
struct KeySetStoreTests {
    private final class World: Sendable {
        let now = Mutex<Int64>(1_000_000)
        let answers = Mutex<[Result<CurlFetcher.Document, CurlFetcher.Failure>]>([])
        let fetches = Mutex(0)
        let ended = DispatchSemaphore(value: 0)
        let gate: DispatchSemaphore?

        init(gated: Bool = false) { gate = gated ? DispatchSemaphore(value: 0) : nil }

        func advance(_ milliseconds: Int64) { now.withLock { $0 += milliseconds } }

        func fetch() -> Result<CurlFetcher.Document, CurlFetcher.Failure> {
            gate?.wait()
            fetches.withLock { $0 += 1 }
            return answers.withLock {
                $0.isEmpty ? .failure(CurlFetcher.Failure("nothing")) : $0.removeFirst()
            }
        }

        func answer(_ text: String, seconds: Int? = nil) {
            answers.withLock {
                $0.append(.success(.init(bytes: Array(text.utf8), secondsToLive: seconds)))
            }
        }

        func store(_ policy: KeySetStore.Policy = KeySetStore.Policy()) -> KeySetStore {
            KeySetStore(
                policy: policy, isUsable: { $0 != Array("bad".utf8) },
                clock: { self.now.withLock { $0 } }, fetch: { _ in self.fetch() })
        }

        /// Asks, and waits for the end of the fetch that this begins.
        func settled(_ store: KeySetStore, _ address: String = "https://a/") -> String? {
            let found = store.current(address)
            guard found.isFetching else { return found.text }
            let ended = ended
            if case .waiting = store.wait(for: address, bytes: 0, { ended.signal() }) {
                ended.wait()
            }
            return store.current(address).text
        }

        var count: Int { fetches.withLock { $0 } }
    }

    @Test func `the first question finds nothing and begins a fetch; the next finds the set`() {
        let world = World(gated: true)
        world.answer("one")
        let store = world.store()
        defer { store.stop() }
        let first = store.current("https://a/")
        #expect(first.document == nil && first.isFetching)
        world.gate?.signal()
        #expect(world.settled(store) == "one")
        #expect(world.count == 1)
    }

    @Test func `a set is used until its age, then renewed behind it`() {
        let world = World()
        world.answer("one", seconds: 600)
        world.answer("two", seconds: 600)
        let store = world.store()
        defer { store.stop() }
        #expect(world.settled(store) == "one")
        world.advance(599_999)
        #expect(world.settled(store) == "one" && world.count == 1)
        world.advance(1)
        // The one who asks is not made to wait: the old set is still good.
        #expect(store.current("https://a/").text == "one")
        #expect(world.settled(store) == "two" && world.count == 2)
    }

    @Test(
        arguments: [
            (0, 300_000), (299, 300_000), (301, 301_000), (86_400, 86_400_000),
            (9_999_999, 86_400_000),
            (Int.max, 86_400_000), (nil, 3_600_000),
        ] as [(Int?, Int64)])
    func `the age is what the server says, within bounds`(seconds: Int?, milliseconds: Int64) {
        let world = World()
        world.answer("one", seconds: seconds)
        world.answer("two")
        let store = world.store()
        defer { store.stop() }
        _ = world.settled(store)
        world.advance(milliseconds - 1)
        #expect(!store.current("https://a/").isFetching && world.count == 1)
        world.advance(1)
        #expect(world.settled(store) == "two")
    }

    @Test func `a key that is not in the set is asked for once in the interval`() {
        let world = World()
        world.answer("one")
        world.answer("two")
        let store = world.store()
        defer { store.stop() }
        #expect(world.settled(store) == "one")
        for _ in 0..<100 { #expect(!store.renew("https://a/")) }
        world.advance(29_999)
        #expect(!store.renew("https://a/") && world.count == 1)
        world.advance(1)
        #expect(store.renew("https://a/"))
        #expect(world.settled(store) == "two")
        for _ in 0..<100 { #expect(!store.renew("https://a/")) }
        #expect(world.count == 2)
    }

    @Test func `an old set outlives failures for a day and no longer`() {
        let world = World()
        world.answer("one", seconds: 300)
        let store = world.store()
        defer { store.stop() }
        #expect(world.settled(store) == "one")
        world.advance(300_000)
        #expect(world.settled(store) == "one" && world.count == 2)
        world.advance(86_400_000 - 1)
        #expect(world.settled(store) == "one")
        world.advance(1)
        #expect(world.settled(store) == nil)
    }

    @Test func `failures without a set are repeated after five seconds`() {
        let world = World()
        let store = world.store()
        defer { store.stop() }
        #expect(world.settled(store) == nil && world.count == 1)
        world.advance(4999)
        #expect(!store.current("https://a/").isFetching)
        world.advance(1)
        world.answer("one")
        #expect(world.settled(store) == "one" && world.count == 2)
    }

    @Test func `another way to fetch is used at once, behind the set at hand`() {
        let world = World()
        world.answer("one", seconds: 600)
        world.answer("two", seconds: 600)
        let store = world.store()
        defer { store.stop() }
        #expect(world.settled(store) == "one")
        store.update { _ in .failure(CurlFetcher.Failure("not trusted")) }
        #expect(world.settled(store) == "one")
        store.update { _ in world.fetch() }
        #expect(world.settled(store) == "two" && world.count == 2)
    }

    @Test func `a document that is no key set counts as a failure`() {
        let world = World()
        world.answer("bad")
        let store = world.store()
        defer { store.stop() }
        #expect(world.settled(store) == nil)
    }

    @Test func `as many may wait as the policy says, and no one more`() {
        let world = World(gated: true)
        world.answer("one")
        var policy = KeySetStore.Policy()
        policy.waitersMax = 3
        policy.waitingBytesMax = 100
        let store = world.store(policy)
        defer { store.stop() }
        _ = store.current("https://a/")
        let called = DispatchSemaphore(value: 0)
        let wait = { (bytes: Int) in store.wait(for: "https://a/", bytes: bytes) { called.signal() }
        }
        #expect(wait(100) == .waiting)
        #expect(wait(1) == .full)
        #expect(wait(0) == .waiting)
        #expect(wait(0) == .waiting)
        #expect(wait(0) == .full)
        world.gate?.signal()
        for _ in 0..<3 { called.wait() }
        #expect(wait(0) == .ended)
        // There is room again.
        world.advance(10_000_000)
        world.answer("two")
        _ = store.current("https://a/")
        #expect(wait(100) == .waiting)
        world.gate?.signal()
        called.wait()
    }

    @Test func `addresses beyond the limit push others out`() {
        let world = World()
        for _ in 0..<3 { world.answer("set") }
        var policy = KeySetStore.Policy()
        policy.addressesMax = 2
        let store = world.store(policy)
        defer { store.stop() }
        for address in ["https://a/", "https://b/", "https://c/"] {
            #expect(world.settled(store, address) == "set")
        }
        let kept = ["https://a/", "https://b/"].filter {
            store.wait(for: $0, bytes: 0) {} == .ended && store.peek($0)
        }
        #expect(kept.count == 1)
    }
}

extension KeySetStore.Found {
    fileprivate var text: String? { document.map { String(decoding: $0, as: UTF8.self) } }
}
