/// Every path that a configuration serves (SPEC §3): looking one up is one look into a table. Paths are
/// compared as they are; names and ids hold no escapes.
struct RouteTable: Sendable {
    private var destinations: [Substring: Destination] = [:]

    /// - Parameters:
    ///   - byName: integrations by name.
    ///   - byID: those that have an id, by it.
    ///   - accounts: accounts of any integrations; a later one of the same id goes before.
    init(
        byName: [String: ActiveIntegration], byID: [String: ActiveIntegration],
        accounts: [LoadedAccount]
    ) {
        for (name, active) in byName {
            add("/webhooks/", name, to: Destination(active: active, account: nil))
            add(Self.integration, name, to: Destination(active: active, account: nil))
        }
        // An id goes before a name that is the same.
        for (id, active) in byID {
            add(Self.integration, id, to: Destination(active: active, account: nil))
        }
        var last: [String: LoadedAccount] = [:]
        for account in accounts { last[account.id] = account }
        for (id, account) in last {
            guard let active = byName[account.integration] else { continue }
            let destination = Destination(active: active, account: account)
            add("/webhooks/\(account.integration)/", id, to: destination)
            add("/integrated-account-webhook/", id, to: destination)
        }
    }

    private static let integration = "/environment-integration-webhook/"

    /// What is one segment of a path alone can be told from two.
    private mutating func add(_ prefix: String, _ segment: String, to destination: Destination) {
        guard !segment.isEmpty, !segment.utf8.contains(UInt8(ascii: "/")) else { return }
        destinations[(prefix + segment)[...]] = destination
    }

    subscript(path: Substring) -> Destination? { destinations[path] }
}
