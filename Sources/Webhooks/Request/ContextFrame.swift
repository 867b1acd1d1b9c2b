import Cryptography

/// What the contexts of all requests to an integration have in common.
final class ContextFrame: Sendable {
    /// The integration's id, or its name when it has none.
    let id: String
    let name: String
    /// The only ones that expressions and placeholders see.
    let environmentVariables: [String: Secret]
    /// The most that a body may have once its content coding is undone.
    let bodyBytesMax: Int

    init(id: String, name: String, environmentVariables: [String: Secret], bodyBytesMax: Int) {
        self.id = id
        self.name = name
        self.environmentVariables = environmentVariables
        self.bodyBytesMax = bodyBytesMax
    }
}
