import JSON
import Testing

@testable import EventQueue

@Suite struct StateStoreTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func open(_ limits: StateLimits = StateLimits()) throws -> StateStore {
        try StateStore(path: folder.path + "/state.db", limits: limits)
    }

    private func merge(
        _ store: StateStore, _ update: JSONObject, account: String? = "a",
        _ mode: MergeMode = .addOnly
    ) throws -> MergeResult {
        try store.merge(
            update, integration: "asana", account: account, mode: mode, nowMilliseconds: now)
    }

    @Test func `updates merge one level deep and survive a restart`() throws {
        let store = try open()
        _ = try merge(store, ["secret": "s", "nested": ["a": 1]])
        let second = try merge(store, ["nested": ["b": 2], "more": nil], .overwrite)
        #expect(second.context.keys == ["secret", "nested", "more"])
        #expect(second.context["nested"] == ["b": 2])
        #expect(second.keptKeys.isEmpty)
        _ = try merge(store, ["own": true], account: nil)
        store.close()
        let contexts = try open().loadAll()
        #expect(contexts.map(\.account) == [nil, "a"])
        #expect(contexts.map(\.integration) == ["asana", "asana"])
        #expect(contexts.last?.context == second.context)
    }

    @Test func `what exists is not replaced by an update that only adds`() throws {
        let store = try open()
        _ = try merge(store, ["secret": "first"])
        let result = try merge(store, ["secret": "second", "other": 1])
        #expect(result.context["secret"] == "first")
        #expect(result.context["other"] == 1)
        #expect(result.keptKeys == ["secret"])
    }

    @Test func `keys are told apart by code units, and keep odd characters`() throws {
        let store = try open()
        let result = try merge(store, ["\u{e9}": 1, "e\u{301}": 2, "a\u{0}b": 3, "": 4])
        #expect(result.context.count == 4)
        #expect(try open().loadAll().first?.context == result.context)
    }

    @Test func `a context has a size, and an update beyond it changes nothing`() throws {
        var limits = StateLimits()
        limits.contextBytesMax = 10
        limits.membersMax = 2
        let store = try open(limits)
        // Key and value: 1 + 9 bytes with quotes.
        #expect(try merge(store, ["k": "1234567"]).context.count == 1)
        #expect(throws: QueueError(.tooLarge, "update of context")) {
            try merge(store, ["k": "12345678"], .overwrite)
        }
        #expect(throws: QueueError(.tooLarge, "update of context")) { try merge(store, ["l": 1]) }
        #expect(try store.loadAll().first?.context == ["k": "1234567"])
        _ = try merge(store, ["a": 1, "b": 2], account: "two")
        #expect(throws: QueueError.self) { try merge(store, ["c": 3], account: "two") }
        limits.contextBytesMax = 11
        store.update(limits)
        #expect(try merge(store, ["k": "12345678"], .overwrite).context.count == 1)
    }

    @Test func `accounts are apart, and can be removed`() throws {
        let store = try open()
        _ = try merge(store, ["k": 1], account: "a")
        _ = try merge(store, ["k": 2], account: "b")
        try store.remove(integration: "asana", account: "a")
        #expect(try store.loadAll().map(\.account) == ["b"])
        store.close()
        #expect(throws: QueueError(.closed, "use of state")) { try store.loadAll() }
    }
}

@Suite struct QuarantineStoreTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func open(_ limits: QuarantineLimits = QuarantineLimits()) throws -> QuarantineStore {
        try QuarantineStore(path: folder.path + "/quarantine.db", limits: limits)
    }

    private func request(
        _ name: String, integration: String = "zoom", at time: Int64 = now, bytes: Int = 10
    ) -> QuarantinedRequest {
        QuarantinedRequest(
            reason: name, integration: integration, account: nil, receivedAtMilliseconds: time,
            request: [UInt8](repeating: 120, count: bytes))
    }

    @Test func `requests come back, newest first, after a restart`() throws {
        let store = try open()
        try store.add([request("a"), request("b", integration: "slack")], nowMilliseconds: now)
        store.close()
        let reopened = try open()
        #expect(try reopened.list().map(\.reason) == ["b", "a"])
        #expect(try reopened.list(integration: "zoom").map(\.reason) == ["a"])
        #expect(try reopened.list(limit: 1).map(\.reason) == ["b"])
        #expect(try reopened.show(number: 1)?.request == request("a").request)
        #expect(try reopened.show(number: 3) == nil)
    }

    @Test func `at the bound of number nothing goes, beyond it the oldest`() throws {
        var limits = QuarantineLimits()
        limits.countMax = 10
        let store = try open(limits)
        for number in 1...10 { try store.add([request("\(number)")], nowMilliseconds: now) }
        #expect(try store.list().count == 10)
        try store.add([request("11")], nowMilliseconds: now)
        #expect(try store.list().map(\.reason) == (3...11).reversed().map(String.init))
        limits.countMax = 9
        store.update(limits)
        #expect(try store.prune(nowMilliseconds: now) == 0)
        limits.countMax = 8
        store.update(limits)
        _ = try store.prune(nowMilliseconds: now)
        #expect(try store.list().map(\.reason) == (4...11).reversed().map(String.init))
    }

    @Test func `bytes are bounded`() throws {
        var limits = QuarantineLimits()
        limits.bytesMax = 10_000
        limits.recordBytesMax = 2000
        let store = try open(limits)
        for number in 1...30 {
            try store.add([request("\(number)", bytes: 900)], nowMilliseconds: now)
            let bytes = try store.list().reduce(0) { $0 + $1.byteCount }
            #expect(bytes <= 10_000)
        }
        #expect(try store.list().first?.reason == "30")
        try store.add([request("big", bytes: 3000)], nowMilliseconds: now)
        #expect(try store.list().first?.reason == "30")
    }

    @Test func `the old go`() throws {
        let store = try open()
        try store.add([request("a"), request("b", at: now + hour)], nowMilliseconds: now + hour)
        let age = QuarantineLimits().ageMillisecondsMax
        #expect(try store.prune(nowMilliseconds: now + age - 1) == 0)
        #expect(try store.prune(nowMilliseconds: now + age) == 1)
        #expect(try store.list().map(\.reason) == ["b"])
        #expect(try store.prune(nowMilliseconds: now, all: true) == 1)
    }

    @Test func `offers are written by the store itself, and the large are dropped`() throws {
        var limits = QuarantineLimits()
        limits.recordBytesMax = 1000
        let store = try open(limits)
        #expect(store.offer(request("a")))
        #expect(!store.offer(request("b", bytes: 1000)))
        store.close()
        #expect(!store.offer(request("c")))
        #expect(try open().list().map(\.reason) == ["a"])
    }
}
