import JSON
import Webhooks

/// Finds integrations and accounts that would answer every delivery with 503 or 401.
struct SecretCheck {
    let file: String?

    func run(_ loaded: inout LoadedConfiguration) {
        for entry in loaded.integrations where entry.integration.isEnabled {
            let accounts = loaded.accounts.filter { $0.integration == entry.integration.name }
            let found =
                unlisted(entry, accounts, loaded) + keySets(entry.integration, entry, loaded)
            loaded.problems += found
            if found.isEmpty { loaded.problems += missing(entry, accounts, loaded) }
            let configuration = loaded.configuration
            if configuration.publicURL == nil, configuration.trustedProxies.isEmpty,
                entry.integration.needsPublicURL
            {
                loaded.problems.append(
                    problem(
                        entry,
                        "its signatures are over the URL that is called; set public_url to what "
                            + "the vendor calls"))
            }
        }
    }

    /// A variable that is not listed can never have a value; one that is a mere alternative to what
    /// every account has, or the request brings, need not.
    private func unlisted(
        _ entry: LoadedIntegration, _ accounts: [LoadedAccount], _ loaded: LoadedConfiguration
    ) -> [Problem] {
        let listed = loaded.configuration.environmentVariables.map(\.name)
        var names: [String] = []
        for use in entry.integration.environmentVariableUses
        where !use.isOptional && !listed.contains(use.name) && !names.contains(use.name) {
            let isGiven = use.alternatives.contains { key in
                entry.integration.brings(key)
                    || !accounts.isEmpty && accounts.allSatisfy { $0.context[key] != nil }
            }
            if !isGiven { names.append(use.name) }
        }
        return names.map { name in
            let near = Spelling.nearest(to: name, among: listed).map { "; did you mean \($0)?" }
            return problem(
                entry,
                "the configuration lists no environment variable \(name)"
                    + (near ?? "; add it under environment_variables"))
        }
    }

    /// Secrets that are missing, empty or malformed, by account; without accounts, the integration's.
    private func missing(
        _ entry: LoadedIntegration, _ accounts: [LoadedAccount], _ loaded: LoadedConfiguration
    ) -> [Problem] {
        let pipeline = Pipeline(
            integration: entry.integration, environmentVariables: loaded.variables.values)
        let names = entry.integration.environmentVariableUses.map(\.name)
        if accounts.isEmpty {
            // Said already where the variable stands.
            if names.contains(where: loaded.variables.missing.contains) { return [] }
            let state = AccountState(id: nil, context: JSONObject())
            return pipeline.misconfiguration(of: state).map { found in
                [
                    problem(
                        entry, "\(Self.words(found)); deliveries are answered with 503 until then")
                ]
            } ?? []
        }
        return accounts.compactMap { account in
            let state = AccountState(id: account.id, context: account.context)
            return pipeline.misconfiguration(of: state).map { found in
                Problem(
                    file: account.file, mark: account.mark, keyPath: "context",
                    message: "\(Self.words(found)) for \(entry.integration.name); "
                        + "its deliveries are answered with 503 until then",
                    severity: .warning)
            }
        }
    }

    private static func words(_ found: Misconfiguration) -> String {
        switch found.reason {
        case .verificationMissing: "nothing verifies deliveries"
        case .secretMissing: "`\(found.key)` has no value: give it one"
        case .secretEmpty: "`\(found.key)` is empty: give it a value"
        case .secretIsPlaceholder: "`\(found.key)` is still a placeholder: replace it"
        case .secretMalformed: "`\(found.key)` does not decode as its encoding says: correct it"
        case .keyMalformed, .keyUnavailable: "`\(found.key)` is no key that can be used: correct it"
        case .algorithmUnavailable: "OpenSSL lacks the algorithm: choose another"
        }
    }

    /// Key sets of files are read now; those of https addresses only when serving.
    private func keySets(
        _ integration: Integration, _ entry: LoadedIntegration, _ loaded: LoadedConfiguration
    ) -> [Problem] {
        let folder = file.map(FileSystem.folder) ?? "."
        return integration.keySetAddresses.compactMap { address in
            if address.hasPrefix("http://"), !loaded.configuration.keySets.allowsLoopback {
                return problem(entry, "\(address): only https addresses are fetched")
            }
            guard address.hasPrefix("file:") else { return nil }
            let path = FileSystem.join(folder, String(address.dropFirst(5)))
            do throws(FileError) {
                let bytes = try FileSystem.read(path, maximum: 1 << 20)
                if Integration.isKeySet(bytes) { return nil }
                return problem(entry, "\(path) is no key set with a key that can be used")
            } catch { return problem(entry, "\(error)") }
        }
    }

    private func problem(_ entry: LoadedIntegration, _ message: String) -> Problem {
        Problem(
            file: entry.file, mark: entry.mark, keyPath: "config.webhook.signature_verification",
            message: message, severity: .warning)
    }
}
