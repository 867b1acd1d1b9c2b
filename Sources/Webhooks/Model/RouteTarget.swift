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
        if let rest = Self.rest(of: path, after: "/webhooks/") {
            guard let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) else {
                self = .integration(name: String(rest))
                return
            }
            let account = rest[rest.utf8.index(after: slash)...]
            guard slash > rest.startIndex, Self.isSegment(account) else { return nil }
            self = .integrationAccount(name: String(rest[..<slash]), account: String(account))
        } else if let id = Self.rest(of: path, after: "/integrated-account-webhook/") {
            guard Self.isSegment(id) else { return nil }
            self = .account(id: String(id))
        } else if let id = Self.rest(of: path, after: "/environment-integration-webhook/") {
            guard Self.isSegment(id) else { return nil }
            self = .integrationIdentifier(id: String(id))
        } else {
            return nil
        }
    }

    /// What follows a prefix, when anything does.
    private static func rest(of path: Substring, after prefix: String) -> Substring? {
        guard path.utf8.count > prefix.utf8.count, path.utf8.starts(with: prefix.utf8) else {
            return nil
        }
        return Substring(path.utf8.dropFirst(prefix.utf8.count))
    }

    private static func isSegment(_ text: Substring) -> Bool {
        !text.isEmpty && !text.utf8.contains(UInt8(ascii: "/"))
    }
}
