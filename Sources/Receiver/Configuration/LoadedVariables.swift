package import Cryptography

/// The secrets of a configuration.
package struct LoadedVariables: Sendable {
    package var values: [String: Secret] = [:]
    /// Names whose values could not be had, or are empty or placeholders.
    package var missing: [String] = []
    package var adminTokens: [Secret] = []

    package init() {}
}
