import EventQueue
import JSON
import Webhooks

extension LoadedIntegration {
    /// What the admin API calls it: its id, or its name when it has none.
    var identifier: String { integration.id ?? integration.name }
}

extension LoadedConfiguration {
    func integration(_ id: String) -> LoadedIntegration? {
        integrations.first { $0.integration.id == id }
            ?? integrations.first { $0.integration.name == id }
    }
}

/// Changes through the admin API: checked against everything else that is loaded, written durably, then
/// in effect as one snapshot. A change that is wrong changes nothing, on disk or in memory.
extension Receiver {
    func putIntegration(
        _ object: JSONObject, id: String, replacing old: LoadedIntegration?
    ) throws(AdminError) -> LoadedIntegration {
        try change { (loaded) throws(AdminError) in
            try Self.putIntegration(object, id, old, &loaded)
        }
    }

    private static func putIntegration(
        _ object: JSONObject, _ id: String, _ old: LoadedIntegration?,
        _ loaded: inout LoadedConfiguration
    ) throws(AdminError) -> LoadedIntegration {
        let folder = ManagedObjects.integrations(loaded.configuration.dataDirectory)
        let path = old?.file ?? ManagedObjects.file(folder, id)
        if old == nil, loaded.integration(id) != nil {
            throw AdminError(
                409, "the integration \(id) exists already",
                [Problem(keyPath: "id", message: "\(id) is taken; PATCH it or choose another")])
        }
        let name = object["name"]?.stringValue ?? ""
        if let old, old.integration.name != name,
            loaded.accounts.contains(where: { $0.integration == old.integration.name })
        {
            throw AdminError(
                409, "accounts refer to the integration by its name",
                [Problem(keyPath: "name", message: "delete its accounts before renaming it")])
        }
        if let old { loaded.integrations.removeAll { $0.file == old.file } }
        let before = loaded.problems.count
        try add(object, path, &loaded, ConfigurationLoader.addIntegration)
        if let wrong = refusal(loaded, from: before, "the integration is not right") { throw wrong }
        guard let stored = loaded.integrations.last else { throw .notFound }
        try ManagedObjects.write(object, to: path)
        return stored
    }

    func patchIntegration(
        _ id: String, _ patch: JSONObject
    ) throws(AdminError) -> LoadedIntegration {
        try change { (loaded) throws(AdminError) in
            guard let old = loaded.integration(id) else { throw .notFound }
            try Self.requireManaged(
                old.file, ManagedObjects.integrations(loaded.configuration.dataDirectory))
            if let new = patch["id"], new.stringValue != old.identifier {
                throw AdminError(
                    422, "the id stays",
                    [Problem(keyPath: "id", message: "it cannot change; make another integration")])
            }
            var object = ManagedObjects.merge(
                patch, into: old.integration.source.objectValue ?? JSONObject())
            if patch["updated_at"] == nil {
                object["updated_at"] = .string(TimeText.iso8601(Clock.nowMilliseconds))
            }
            try SeedShape.check(object)
            return try Self.putIntegration(object, old.identifier, old, &loaded)
        }
    }

    func deleteIntegration(_ id: String) throws(AdminError) {
        try change { (loaded) throws(AdminError) in
            guard let old = loaded.integration(id) else { throw .notFound }
            try Self.requireManaged(
                old.file, ManagedObjects.integrations(loaded.configuration.dataDirectory))
            if loaded.accounts.contains(where: { $0.integration == old.integration.name }) {
                throw AdminError(409, "the integration has accounts; delete them first")
            }
            loaded.integrations.removeAll { $0.file == old.file }
            try ManagedObjects.remove(old.file)
            try self.forgetContext(integration: old.integration.name, account: nil)
        }
    }

    func putAccount(
        _ object: JSONObject, id: String, replacing old: LoadedAccount?
    ) throws(AdminError) -> LoadedAccount {
        try change { (loaded) throws(AdminError) in
            try Self.putAccount(object, id, old, &loaded)
        }
    }

    private static func putAccount(
        _ object: JSONObject, _ id: String, _ old: LoadedAccount?,
        _ loaded: inout LoadedConfiguration
    ) throws(AdminError) -> LoadedAccount {
        guard ManagedObjects.isIdentifier(id) else {
            throw AdminError(
                422, "the account is not right",
                [Problem(keyPath: "id", message: "an id has 1 to 128 of A-Z a-z 0-9 - _ .")])
        }
        if old == nil, loaded.accounts.contains(where: { $0.id == id }) {
            throw AdminError(
                409, "the account \(id) exists already",
                [Problem(keyPath: "id", message: "\(id) is taken; PATCH it or choose another")])
        }
        let path =
            old?.file
            ?? ManagedObjects.file(
                ManagedObjects.accounts(loaded.configuration.dataDirectory), id)
        if let old { loaded.accounts.removeAll { $0.id == old.id } }
        let before = loaded.problems.count
        try add(object, path, &loaded, ConfigurationLoader.addAccount)
        if let wrong = refusal(loaded, from: before, "the account is not right") { throw wrong }
        guard let stored = loaded.accounts.last else { throw .notFound }
        try ManagedObjects.write(object, to: path)
        return stored
    }

    func patchAccount(_ id: String, _ patch: JSONObject) throws(AdminError) -> LoadedAccount {
        try change { (loaded) throws(AdminError) in
            guard let old = loaded.accounts.first(where: { $0.id == id }) else { throw .notFound }
            try Self.requireManaged(
                old.file, ManagedObjects.accounts(loaded.configuration.dataDirectory))
            if let new = patch["id"], new.stringValue != id {
                throw AdminError(
                    422, "the id stays",
                    [Problem(keyPath: "id", message: "it cannot change; make another account")])
            }
            let whole: JSONObject = [
                "id": .string(id), "integration": .string(old.integration),
                "context": .object(old.context),
            ]
            return try Self.putAccount(ManagedObjects.merge(patch, into: whole), id, old, &loaded)
        }
    }

    func deleteAccount(_ id: String) throws(AdminError) {
        try change { (loaded) throws(AdminError) in
            guard let old = loaded.accounts.first(where: { $0.id == id }) else { throw .notFound }
            try Self.requireManaged(
                old.file, ManagedObjects.accounts(loaded.configuration.dataDirectory))
            loaded.accounts.removeAll { $0.id == id }
            try ManagedObjects.remove(old.file)
            try self.forgetContext(integration: old.integration, account: id)
        }
    }

    /// What handshakes have left behind goes with its owner: a later one of the same name starts anew.
    private func forgetContext(integration: String, account: String?) throws(AdminError) {
        do throws(QueueError) {
            try contexts.forget(integration: integration, account: account)
        } catch { throw AdminError(503, "its context was not removed: \(error)") }
    }

    private static func requireManaged(_ file: String, _ folder: String) throws(AdminError) {
        guard FileSystem.folder(of: file) == folder else {
            throw AdminError(409, "it comes from \(file); edit that file and reload")
        }
    }

    private static func add(
        _ object: JSONObject, _ path: String, _ loaded: inout LoadedConfiguration,
        _ body: (ConfigurationNode, String, inout LoadedConfiguration) -> Void
    ) throws(AdminError) {
        do throws(Problem) {
            let bytes = JSONValue.object(object).serialized()
            guard let node = try ConfigurationText.parse(bytes, file: path) else { return }
            body(node, path, &loaded)
        } catch { throw AdminError(422, "the object is not right", [error]) }
    }

    private static func refusal(
        _ loaded: LoadedConfiguration, from start: Int, _ detail: String
    ) -> AdminError? {
        let new = Array(loaded.problems[start...])
        return new.contains { $0.severity == .error } ? AdminError(422, detail, new) : nil
    }
}
