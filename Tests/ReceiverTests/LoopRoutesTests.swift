import HTTPServer
import Testing
import Webhooks

@testable import Receiver

/// What a loop has of its own of a configuration.
struct LoopRoutesTests {
    private static func snapshot(
        configuration: String = "", metrics: Metrics = Metrics()
    ) throws -> Snapshot {
        try Snapshot.loaded(
            integrations: [("github", "id: i-1"), ("stripe", "")], accounts: [("a-1", "github")],
            configuration: configuration, metrics: metrics)
    }

    @Test(arguments: [
        "/webhooks/github", "/webhooks/stripe", "/webhooks/github/a-1",
        "/integrated-account-webhook/a-1", "/environment-integration-webhook/i-1",
    ])
    func `a path leads where the snapshot says, to an object of the loop's own`(path: String) throws
    {
        let snapshot = try Self.snapshot()
        let loops = [LoopRoutes(snapshot, loop: 0), LoopRoutes(snapshot, loop: 1)]
        let shared = try #require(snapshot.destination(of: path[...]))
        let own = try loops.map { try #require($0.destination(of: path[...])) }
        for one in own {
            #expect(one.active.integration.name == shared.active.integration.name)
            #expect(one.account?.id == shared.account?.id)
            #expect(one.active !== shared.active && one.active.pipeline !== shared.active.pipeline)
            #expect(one.active.group === shared.active.group)
            #expect(one.active.queues == shared.active.queues)
            for (own, shared) in [
                (one.active.accepted, shared.active.accepted),
                (one.active.rejected, shared.active.rejected),
            ] {
                #expect(own.status == shared.status && own.body == shared.body)
                #expect(own.hasFields == shared.hasFields)
                #expect(Self.address(own.body) != Self.address(shared.body))
            }
        }
        #expect(own[0].active !== own[1].active)
        #expect(loops[0].destination(of: path[...]) === own[0])
    }

    /// Where an array's elements lie.
    private static func address(_ bytes: [UInt8]) -> UInt {
        unsafe bytes.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
    }

    @Test(arguments: ["", "/webhooks/", "/webhooks/other", "/webhooks/github/a-2"])
    func `a path that leads nowhere leads nowhere here`(path: String) throws {
        let routes = LoopRoutes(try Self.snapshot(), loop: 0)
        #expect(routes.destination(of: path[...]) == nil)
    }

    @Test func `the routes of one integration share the loop's copy of it`() throws {
        let routes = LoopRoutes(try Self.snapshot(), loop: 0)
        let first = try #require(routes.destination(of: "/webhooks/github"))
        for path in ["/webhooks/github/a-1", "/environment-integration-webhook/i-1"] {
            #expect(routes.destination(of: path[...])?.active === first.active)
        }
    }

    @Test func `what was routed by a configuration that is replaced is no longer current`() throws {
        let routes = LoopRoutes(try Self.snapshot(), loop: 0)
        let old = try #require(routes.destination(of: "/webhooks/github"))
        #expect(old.active.settings.isCurrent && old.active.settings.publicURL == nil)
        routes.replace(
            with: try Self.snapshot(configuration: "public_url: https://hooks.example\n"))
        #expect(!old.active.settings.isCurrent)
        let new = try #require(routes.destination(of: "/webhooks/github"))
        #expect(new !== old && new.active.settings.isCurrent)
        #expect(new.active.settings.publicURL == "https://hooks.example")
    }

    @Test func `integrations beyond the limit are the snapshot's own`() throws {
        let names = (0...LoopRoutes.integrationsMax).map { "i\($0)" }
        let snapshot = try Snapshot.loaded(integrations: names.map { ($0, "") })
        let routes = LoopRoutes(snapshot, loop: 0)
        let shared = try names.map { name in
            let path = "/webhooks/\(name)"
            let own = try #require(routes.destination(of: path[...]))
            return own.active === snapshot.destination(of: path[...])?.active
        }
        #expect(shared == names.map { $0 == names.last })
    }

    @Test func `destinations beyond the limit are made anew, of the same integration`() throws {
        let accounts = (0...LoopRoutes.destinationsMax).map { "a\($0)" }
        let snapshot = try Snapshot.loaded(
            integrations: [("github", "")], accounts: accounts.map { ($0, "github") })
        let routes = LoopRoutes(snapshot, loop: 0)
        let active = try #require(routes.destination(of: "/webhooks/github/a0")).active
        var kept: [Bool] = []
        for account in accounts {
            let path = "/webhooks/github/\(account)"
            let first = try #require(routes.destination(of: path[...]))
            #expect(first.account?.id == account && first.active === active)
            kept.append(routes.destination(of: path[...]) === first)
        }
        #expect(kept == accounts.map { $0 != accounts.last })
    }

    @Test func `the counts of all loops add up, and outlive a reload`() throws {
        let metrics = Metrics()
        let snapshot = try Self.snapshot(metrics: metrics)
        for loop in 0..<3 {
            let routes = LoopRoutes(snapshot, loop: loop)
            for _ in 0..<2 {
                let counts = try #require(routes.destination(of: "/webhooks/github")).active.counts
                counts.count(.stored)
                counts.count(.refused, "signature_mismatch")
                counts.countEvents(10)
                routes.replace(with: snapshot)
            }
        }
        let counters = metrics.counters(of: "github")
        #expect(counters.eventCount == 60)
        #expect(
            counters.all.map { "\($0.outcome) \($0.reason) \($0.count)" } == [
                "refused signature_mismatch 6", "stored  6",
            ])
    }
}
