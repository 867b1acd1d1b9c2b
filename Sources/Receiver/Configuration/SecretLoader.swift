package import Cryptography

/// Fetches the values of `environment_variables`.
package struct SecretLoader: Sendable {
    /// Looks up a variable of the process.
    package var environment: @Sendable (String) -> String?
    /// Relative `file:` paths count from here.
    package var folder: String

    package init(
        folder: String,
        environment: @escaping @Sendable (String) -> String? = { SystemText.environment($0) }
    ) {
        self.folder = folder
        self.environment = environment
    }

    /// A secret, or why there is none. Never says anything of its contents.
    package func load(_ source: EnvironmentVariable.Source) -> Result<Secret, Missing> {
        let secret: Secret
        switch source {
        case .literal(let text): secret = Secret(text)
        case .environment(let name):
            guard let text = environment(name) else {
                return .failure(Missing("the environment variable \(name) is not set; set it"))
            }
            secret = Secret(text)
        case .file(let path):
            switch file(FileSystem.join(folder, path)) {
            case .success(let found): secret = found
            case .failure(let missing): return .failure(missing)
            }
        case .credential(let name):
            switch credential(name) {
            case .success(let found): secret = found
            case .failure(let missing): return .failure(missing)
            }
        }
        if secret.isEmpty { return .failure(Missing("its value is empty; give it one")) }
        if Self.isPlaceholder(secret) {
            return .failure(Missing("its value is still a placeholder; replace it"))
        }
        return .success(secret)
    }

    /// What systemd hands to the service. Commands that run outside of it, such as `postern check` and
    /// `postern replay` of root, find it where the unit's `LoadCredential=secret:` does: the credential
    /// `secret_NAME` is the file NAME of the folder `credentials` beside the configuration.
    private func credential(_ name: String) -> Result<Secret, Missing> {
        if let directory = environment("CREDENTIALS_DIRECTORY") {
            return file(FileSystem.join(directory, name))
        }
        let prefix = "secret_"
        guard name.hasPrefix(prefix), name.utf8.count > prefix.utf8.count else {
            return .failure(
                Missing(
                    "systemd hands it over at start, with LoadCredential=\(name):PATH; not here"))
        }
        let path = FileSystem.join(folder, "credentials/" + name.dropFirst(prefix.utf8.count))
        switch file(path) {
        case .success(let found): return .success(found)
        case .failure(let missing):
            return .failure(
                Missing(
                    "systemd hands it over at start, with LoadCredential=; outside of the service: "
                        + missing.message))
        }
    }

    /// Why a variable has no value.
    package struct Missing: Error, Sendable, Equatable {
        package let message: String
        init(_ message: String) { self.message = message }
    }

    /// The contents without one line break at the end, as editors and `echo` leave it.
    private func file(_ path: String) -> Result<Secret, Missing> {
        do throws(FileError) {
            var bytes = try FileSystem.read(path, maximum: 1 << 20)
            if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
            if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
            return .success(Secret(bytes))
        } catch { return .failure(Missing("\(error)")) }
    }

    /// `changeme`, `<secret>`, `{{secret}}` and the like: what a template leaves to be replaced.
    static func isPlaceholder(_ secret: Secret) -> Bool {
        guard secret.count <= 64 else { return false }
        let text = secret.text.lowercased()
        let words = [
            "changeme", "change-me", "change_me", "replaceme", "replace-me", "replace_me",
            "todo", "xxx", "your-secret", "your_secret", "your-secret-here", "placeholder",
        ]
        return words.contains(text) || text.hasPrefix("{{") && text.hasSuffix("}}")
            || text.hasPrefix("<") && text.hasSuffix(">")
            || text.hasPrefix("${") && text.hasSuffix("}")
    }
}
