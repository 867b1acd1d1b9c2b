package import EventQueue
package import JSON
import Synchronization
package import Webhooks

/// The contexts of accounts and integrations: what the configuration gives, overlaid with what requests
/// have updated. Reads come from memory; an update is durable when it returns.
package final class ContextStore: Sendable {
    struct Owner: Hashable {
        let integration: String
        let account: String?
    }

    private let updates: Mutex<[Owner: JSONObject]>
    /// Mostly there are none, and nobody has to wait for the lock.
    private let hasUpdates: Atomic<Bool>
    private let store: StateStore

    /// - Throws: `QueueError` when the store cannot be read.
    package init(store: StateStore) throws(QueueError) {
        var updates: [Owner: JSONObject] = [:]
        for stored in try store.loadAll() {
            updates[Owner(integration: stored.integration, account: stored.account)] =
                stored.context
        }
        self.updates = Mutex(updates)
        hasUpdates = Atomic(!updates.isEmpty)
        self.store = store
    }

    /// The configured context with the updates over it.
    package func context(
        integration: String, account: String?, configured: JSONObject
    ) -> JSONObject {
        guard hasUpdates.load(ordering: .acquiring) else { return configured }
        let update = updates.withLock { updates -> JSONObject? in
            return updates[Owner(integration: integration, account: account)]
        }
        guard let update else { return configured }
        if configured.isEmpty { return update }
        var merged = configured
        for (key, value) in update { merged[key] = value }
        return merged
    }

    /// Merges an update. One that may not overwrite leaves every key that exists, configured ones
    /// included, as it is.
    ///
    /// - Throws: `.tooLarge` for a context that would grow beyond its limit.
    package func merge(
        _ update: ContextUpdate, integration: String, account: String?, configured: JSONObject
    ) throws(QueueError) {
        let owner = Owner(integration: integration, account: account)
        var members = update.members
        members["environment_variables"] = nil
        let current = context(
            integration: integration, account: account, configured: configured)
        for (key, value) in update.members {
            guard let existing = current[key] else { continue }
            if !update.mayOverwrite || existing == value { members[key] = nil }
        }
        guard !members.isEmpty else { return }
        let result = try store.merge(
            members, integration: integration, account: account,
            mode: update.mayOverwrite ? .overwrite : .addOnly,
            nowMilliseconds: Clock.nowMilliseconds)
        set(owner, to: result.context)
    }

    private func set(_ owner: Owner, to context: JSONObject?) {
        updates.withLock { updates in
            updates[owner] = context
            hasUpdates.store(!updates.isEmpty, ordering: .releasing)
        }
    }

    /// Forgets what requests have updated.
    ///
    /// - Throws: when the store fails; the context stays then.
    func forget(integration: String, account: String?) throws(QueueError) {
        try store.remove(integration: integration, account: account)
        let owner = Owner(integration: integration, account: account)
        set(owner, to: nil)
    }

    /// Holds later updates to other limits.
    func update(_ limits: StateLimits) { store.update(limits) }

    package func close() { store.close() }
}

extension StateLimits {
    init(_ limits: ReceiverLimits) {
        self.init()
        contextBytesMax = limits.contextBytesMax
    }
}
