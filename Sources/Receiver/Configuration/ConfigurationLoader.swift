package import Cryptography
package import JSON
package import Webhooks

/// Everything that the server runs with, read and checked, with every problem found.
package struct LoadedConfiguration: Sendable {
    package var configuration: Configuration
    package var integrations: [LoadedIntegration] = []
    package var accounts: [LoadedAccount] = []
    package var variables = LoadedVariables()
    /// TLS of the listeners by the key path of their `tls`; only what is to be served has it.
    package var tls: [String: TLSContext] = [:]
    /// The keys of its sessions, which outlive reloads.
    package var ticketKeys: TLSTicketKeys?
    package var problems: [Problem] = []

    package var hasErrors: Bool { problems.contains { $0.severity == .error } }
}

/// One integration and the file it came from.
package struct LoadedIntegration: Sendable {
    package let file: String
    package let integration: Integration
    /// Where its `signature_verification` stands.
    package let mark: SourceMark?
}

/// One account: the context of a vendor's customer.
package struct LoadedAccount: Sendable {
    package let file: String
    package let id: String
    /// The name of its integration.
    package let integration: String
    package let context: JSONObject
    /// Where its `context` stands.
    package let mark: SourceMark?
}

/// Reads the configuration file and the folders it names.
package struct ConfigurationLoader: Sendable {
    private let file: String?
    /// Relative paths count from the configuration file's folder.
    private let folder: String
    private let secrets: SecretLoader

    package init(file: String?, secrets: SecretLoader? = nil) {
        self.file = file
        folder = file.map(FileSystem.folder) ?? "."
        self.secrets = secrets ?? SecretLoader(folder: folder)
    }

    /// The configuration file alone, its paths resolved.
    package func loadConfiguration() -> (Configuration, [Problem]) {
        var configuration = Configuration()
        var problems: [Problem] = []
        if let file {
            do throws(Problem) {
                let root = try Self.read(file)
                (configuration, problems) = Configuration.parse(root, file: file)
            } catch { problems = [error] }
        }
        configuration.dataDirectory = resolve(configuration.dataDirectory)
        configuration.integrations.path = resolve(configuration.integrations.path)
        if let accounts = configuration.accounts?.path {
            configuration.accounts?.path = resolve(accounts)
        }
        return (configuration, problems)
    }

    /// Everything, with every problem.
    package func load() -> LoadedConfiguration {
        let (configuration, problems) = loadConfiguration()
        var loaded = LoadedConfiguration(configuration: configuration, problems: problems)
        loadVariables(&loaded)
        loadIntegrations(&loaded)
        loadAccounts(&loaded)
        SecretCheck(file: file).run(&loaded)
        return loaded
    }

    /// Everything, and the certificates of the listeners.
    ///
    /// - Parameter ticketKeys: those of what is being served.
    package func loadForServing(keeping ticketKeys: TLSTicketKeys? = nil) -> LoadedConfiguration {
        var loaded = load()
        let configuration = loaded.configuration
        let all = (configuration.listen + (configuration.admin?.listen ?? [])).compactMap(\.tls)
        guard !all.isEmpty else { return loaded }
        var problems = Problems(file: file ?? "")
        do throws(CryptographyError) {
            let keys =
                if let ticketKeys { ticketKeys } else {
                    try TLSTicketKeys(now: Clock.monotonicNanoseconds / 1_000_000_000)
                }
            let loader = TLSLoader(
                file: file ?? "", secrets: secrets, ticketKeys: keys,
                now: Clock.nowMilliseconds / 1000)
            for settings in all { loaded.tls[settings.keyPath] = loader.load(settings, &problems) }
            loaded.ticketKeys = keys
        } catch { problems.add(all[0].mark, all[0].keyPath, "\(error)") }
        loaded.problems += problems.list
        return loaded
    }

    private func resolve(_ path: String) -> String {
        folder == "." ? path : FileSystem.join(folder, path)
    }

    private static func read(_ path: String) throws(Problem) -> ConfigurationNode? {
        let bytes: [UInt8]
        do throws(FileError) { bytes = try FileSystem.read(path, maximum: 16 << 20) } catch {
            throw Problem(file: path, message: "cannot be read: \(SystemText.error(error.code))")
        }
        return try ConfigurationText.parse(bytes, file: path)
    }

    private func loadVariables(_ loaded: inout LoadedConfiguration) {
        for variable in loaded.configuration.environmentVariables {
            switch secrets.load(variable.source) {
            case .success(let secret): loaded.variables.values[variable.name] = secret
            case .failure(let missing):
                loaded.variables.missing.append(variable.name)
                loaded.problems.append(
                    Problem(
                        file: file ?? "", mark: variable.mark,
                        keyPath: "environment_variables.\(variable.name)",
                        message: missing.message, severity: .warning))
            }
        }
        for token in loaded.configuration.admin?.tokens ?? [] {
            switch secrets.load(token.source) {
            case .success(let secret): loaded.variables.adminTokens.append(secret)
            case .failure(let missing):
                loaded.problems.append(
                    Problem(
                        file: file ?? "", mark: token.mark, keyPath: token.name,
                        message: missing.message))
            }
        }
    }

    /// Files of a folder that hold configuration, in byte order.
    private func files(
        _ folder: Configuration.Folder, _ key: String, _ problems: inout [Problem]
    ) -> [String] {
        do throws(FileError) {
            return try FileSystem.list(folder.path)
                .filter { name in
                    !name.hasPrefix(".")
                        && [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
                }
                .map { FileSystem.join(folder.path, $0) }
        } catch {
            if error.isMissing, !folder.isGiven { return [] }
            problems.append(
                Problem(
                    file: file ?? "", mark: folder.mark, keyPath: key,
                    message: "the folder \(folder.path) cannot be read: "
                        + "\(SystemText.error(error.code)); make it or name another"))
            return []
        }
    }

    private func loadIntegrations(_ loaded: inout LoadedConfiguration) {
        let managed = Configuration.Folder(
            path: ManagedObjects.integrations(loaded.configuration.dataDirectory), isGiven: false)
        for path in [loaded.configuration.integrations, managed].flatMap({
            files($0, "integrations", &loaded.problems)
        }) {
            do throws(Problem) {
                guard let node = try Self.read(path) else {
                    throw Problem(file: path, message: "the file is empty; write an integration")
                }
                Self.addIntegration(node, path, &loaded)
            } catch { loaded.problems.append(error) }
        }
    }

    /// Checks an integration against everything loaded so far and adds it.
    static func addIntegration(
        _ node: ConfigurationNode, _ path: String, _ loaded: inout LoadedConfiguration
    ) {
        let (integration, problems) = Integration.parse(node.jsonValue)
        loaded.problems += problems.map { Self.problem($0, in: node, path) }
        guard let integration else { return }
        for (index, name) in integration.queues?.enumerated() ?? [].enumerated()
        where !loaded.configuration.queues.contains(where: { $0.name == name }) {
            let names = loaded.configuration.queues.map(\.name)
            let advice =
                Spelling.nearest(to: name, among: names).map { "did you mean \($0)?" }
                ?? "queues: \(names.joined(separator: ", "))"
            loaded.problems.append(
                Problem(
                    file: path, mark: node.mark(at: ["queues", String(index)]),
                    keyPath: "queues[\(index)]", message: "no queue is named \(name); \(advice)"))
        }
        for other in loaded.integrations {
            if other.integration.name == integration.name {
                loaded.problems.append(
                    Problem(
                        file: path, mark: node.mark(at: ["name"]), keyPath: "name",
                        message: "\(other.file) has the name \(integration.name) already; "
                            + "give each integration its own"))
            } else if let id = integration.id, id == other.integration.id {
                loaded.problems.append(
                    Problem(
                        file: path, mark: node.mark(at: ["id"]), keyPath: "id",
                        message: "\(other.file) has the id \(id) already; "
                            + "give each integration its own"))
            }
        }
        loaded.integrations.append(
            LoadedIntegration(
                file: path, integration: integration,
                mark: node.mark(at: ["config", "webhook", "signature_verification"])))
    }

    /// A problem of the domain with its place in the file.
    private static func problem(
        _ problem: ConfigurationProblem, in node: ConfigurationNode, _ file: String
    ) -> Problem {
        let place = problem.position.map { " (at character \($0 + 1) of the text)" } ?? ""
        return Problem(
            file: file, mark: node.mark(at: problem.keyPath),
            keyPath: problem.keyPath.reduce("", Problem.join), message: problem.message + place,
            severity: problem.severity == .error ? .error : .warning)
    }

    private func loadAccounts(_ loaded: inout LoadedConfiguration) {
        let managed = Configuration.Folder(
            path: ManagedObjects.accounts(loaded.configuration.dataDirectory), isGiven: false)
        for path in [loaded.configuration.accounts, managed].compactMap({ $0 }).flatMap({
            files($0, "accounts", &loaded.problems)
        }) {
            do throws(Problem) {
                guard let node = try Self.read(path) else {
                    throw Problem(file: path, message: "the file is empty; write an account")
                }
                Self.addAccount(node, path, &loaded)
            } catch { loaded.problems.append(error) }
        }
    }

    /// Checks an account against everything loaded so far and adds it.
    static func addAccount(
        _ node: ConfigurationNode, _ path: String, _ loaded: inout LoadedConfiguration
    ) {
        guard let account = account(node, path, &loaded) else { return }
        if let other = loaded.accounts.first(where: { $0.id == account.id }) {
            loaded.problems.append(
                Problem(
                    file: path, mark: node.mark(at: ["id"]), keyPath: "id",
                    message: "\(other.file) has the id \(account.id) already; "
                        + "give each account its own"))
        } else {
            loaded.accounts.append(account)
        }
    }

    private static func account(
        _ node: ConfigurationNode, _ file: String, _ loaded: inout LoadedConfiguration
    ) -> LoadedAccount? {
        var problems = Problems(file: file)
        defer { loaded.problems += problems.list }
        guard
            var reader = MappingReader(
                node, path: "", example: "id, integration and context", &problems)
        else { return nil }
        let id = reader.text("id", &problems)
        let integration = reader.text("integration", &problems)
        var context = JSONObject()
        if let value = reader.value("context") {
            if let object = value.jsonValue.objectValue {
                context = object
            } else {
                problems.add(value.mark, "context", "expected a mapping of names to values")
            }
        }
        reader.finish(&problems)
        for (key, value) in [("id", id), ("integration", integration)]
        where value == nil && (node[key].map { $0.jsonValue.isNull } ?? true) {
            problems.add(node.mark, key, "it is missing; an account has an id and an integration")
        }
        guard let id, let integration else { return nil }
        let known = loaded.integrations.map(\.integration)
        guard let owner = known.first(where: { $0.name == integration || $0.id == integration })
        else {
            let near = Spelling.nearest(to: integration, among: known.map(\.name))
            problems.add(
                node.mark(at: ["integration"]), "integration",
                "no integration is named \(integration)"
                    + (near.map { "; did you mean \($0)?" } ?? ""))
            return nil
        }
        return LoadedAccount(
            file: file, id: id, integration: owner.name, context: context,
            mark: node.mark(at: ["context"]))
    }
}
