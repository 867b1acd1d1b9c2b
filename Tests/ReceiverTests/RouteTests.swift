import Testing
import Webhooks

@testable import Receiver

/// SPEC §3: which path leads where.
@Suite struct RouteTests {
    private static let snapshot: Snapshot? = try? Snapshot.loaded(
        integrations: [("github", "id: i-1"), ("i-1", ""), ("off", "enabled: false")],
        accounts: [("a-1", "github"), ("a/2", "github"), ("a-3", "off")])

    @Test(
        arguments: [
            ("/webhooks/github", "github", nil), ("/webhooks/i-1", "i-1", nil),
            ("/webhooks/github/a-1", "github", "a-1"),
            ("/integrated-account-webhook/a-1", "github", "a-1"),
            // An id goes before a name that is the same.
            ("/environment-integration-webhook/i-1", "github", nil),
            ("/environment-integration-webhook/github", "github", nil),
        ] as [(String, String, String?)])
    func `a path leads to its integration and account`(
        path: String, name: String, account: String?
    ) throws {
        let snapshot = try #require(Self.snapshot)
        let found = try #require(snapshot.destination(of: path[...]))
        #expect(found.active.integration.name == name)
        #expect(found.account?.id == account)
    }

    @Test(arguments: [
        "", "/", "/webhooks", "/webhooks/", "/webhooks//", "/webhooks/GitHub", "/webhooks/github/",
        "/webhooks/github//a-1", "/webhooks/github/a-1/", "/webhooks/i-1/a-1", "/webhooks/off",
        "/webhooks/github/a-3", "/integrated-account-webhook/a-3",
        "/integrated-account-webhook/", "/integrated-account-webhook/a/2", "/webhooks/github/a/2",
        "/environment-integration-webhook/i-1/a-1", "/webhook/github", "webhooks/github",
        "/webhooks/gith%75b", "//webhooks/github", "*",
    ])
    func `any other path leads nowhere`(path: String) throws {
        let snapshot = try #require(Self.snapshot)
        #expect(snapshot.destination(of: path[...]) == nil)
    }
}
