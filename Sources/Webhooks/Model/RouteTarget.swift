/// What a path asks for. Whether it exists is the receiver's to say.
package enum RouteTarget: Sendable, Equatable {
    /// `/webhooks/{integration}`
    case integration(name: String)
    /// `/webhooks/{integration}/{account}`
    case integrationAccount(name: String, account: String)
    /// `/integrated-account-webhook/{account id}`
    case account(id: String)
    /// `/environment-integration-webhook/{integration id}`
    case integrationIdentifier(id: String)

    /// Reads a path without its query; nil for any other path. Segments are taken as they are: names
    /// and ids hold no escapes.
    package init?(path: Substring) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[0].isEmpty, !parts[2].isEmpty else { return nil }
        let first = String(parts[2])
        switch (parts[1], parts.count) {
        case ("webhooks", 3): self = .integration(name: first)
        case ("webhooks", 4) where !parts[3].isEmpty:
            self = .integrationAccount(name: first, account: String(parts[3]))
        case ("integrated-account-webhook", 3): self = .account(id: first)
        case ("environment-integration-webhook", 3): self = .integrationIdentifier(id: first)
        default: return nil
        }
    }
}
