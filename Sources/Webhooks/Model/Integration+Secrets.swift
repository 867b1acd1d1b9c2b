import Cryptography
import JSON

extension Integration {
    /// An environment variable that a placeholder of the signature configuration names.
    package struct VariableUse: Sendable {
        package let name: String
        /// The placeholder may be without a value, or has a default.
        package let isOptional: Bool
        /// Keys that the same placeholder would take as well.
        package let alternatives: [String]
    }

    /// In the order of the configuration; a name may come more than once.
    package var environmentVariableUses: [VariableUse] {
        (verification?.templates ?? []).flatMap(\.placeholders).flatMap { placeholder in
            var names: [String] = []
            var others: [String] = []
            for path in placeholder.paths {
                guard case .key(let root)? = path.first else { continue }
                guard root == "environment_variables" || root == "context" else {
                    others.append(root)
                    continue
                }
                guard path.count > 1, case .key(let name) = path[1] else { continue }
                if root == "context" { others.append(name) } else { names.append(name) }
            }
            let isOptional =
                placeholder.undefinedWhenMissing || placeholder.nullWhenMissing
                || placeholder.defaultValue != nil
            return names.map {
                VariableUse(name: $0, isOptional: isOptional, alternatives: others)
            }
        }
    }

    /// True when the signature is over the URL that was called, with nothing in its stead.
    package var needsPublicURL: Bool {
        let isInPlaceholder = (verification?.templates ?? []).flatMap(\.placeholders).contains {
            !$0.paths.isEmpty
                && $0.paths.allSatisfy { path in
                    guard case .key("url")? = path.first else { return false }
                    return path.count == 1
                }
        }
        return isInPlaceholder || payloadTransform.map { Self.reads("url", $0.source) } == true
    }

    /// True when an expression's text has a member of its input by name: `url`, `$.url` or `$$.url`, not
    /// `body.url`, `'url'` or `url_hash`.
    private static func reads(_ name: String, _ source: String) -> Bool {
        source.ranges(of: name).contains { range in
            let before = source[..<range.lowerBound]
            let after = source[range.upperBound...].first
            let isWhole =
                after.map { !$0.isLetter && !$0.isNumber && !"_'\"`".contains($0) } ?? true
            if before.hasSuffix("$.") { return isWhole }
            let isStart =
                before.last.map { !$0.isLetter && !$0.isNumber && !"_'\"`.$".contains($0) } ?? true
            return isWhole && isStart
        }
    }

    /// True when the request, the transform or a handshake's `update_context` brings a key.
    package func brings(_ key: String) -> Bool {
        if RequestContext.names.contains(key) || key == "item" || key == "signature" { return true }
        func names(_ expression: CompiledExpression?) -> Bool {
            guard let text = expression?.source else { return false }
            return text.contains("'\(key)'") || text.contains("\"\(key)\"")
        }
        return names(payloadTransform)
            || names(handleVerification)
                && handleVerification?.source.contains("update_context") == true
    }
}

extension SignatureScheme {
    /// What a scheme needs to have before it can judge anything.
    fileprivate var needed: [PlaceholderTemplate] {
        switch self {
        case .none: []
        case .hmac(let scheme), .publicKey(let scheme, _, _): scheme.secrets
        case .basic(let usernames, let passwords, _): usernames + passwords
        case .bearer(let secrets, _), .token(let secrets, _): secrets
        case .jwt(let scheme):
            scheme.secrets + scheme.publicKeys + scheme.issuers + scheme.audiences
                + [scheme.keySet].compactMap { $0 }
        case .all(let schemes), .any(let schemes): schemes.flatMap(\.needed)
        }
    }
}

extension Pipeline {
    /// Why deliveries of an account would be answered with 503, as far as that is known without one;
    /// nil when its secrets and keys are there. Key sets are not fetched.
    package func misconfiguration(of account: AccountState) -> Misconfiguration? {
        let request = ReceivedRequest(
            method: "POST", target: "/", publicURL: "https://localhost/", path: "/", query: "",
            fields: HeaderFields([]), body: [], remoteAddress: "", receivedAtMilliseconds: 0)
        let context = RequestContext(
            request: request, account: account, frame: contextFrame,
            environment: PipelineEnvironment(
                nowMilliseconds: 0, monotonicNanoseconds: { 0 }, randomBits: { 0 }))
        guard let scheme = integration.verification else { return nil }
        return misconfiguration(of: scheme, PlaceholderScope(context))
    }

    private func misconfiguration(
        of scheme: SignatureScheme, _ scope: PlaceholderScope
    ) -> Misconfiguration? {
        switch scheme {
        case .all(let schemes):
            return schemes.lazy.compactMap { self.misconfiguration(of: $0, scope) }.first
        case .any(let schemes):
            let problems = schemes.map { misconfiguration(of: $0, scope) }
            if let broken = problems.compactMap({ $0 }).first(where: { $0.reason != .secretMissing }
            ) {
                return broken
            }
            return problems.contains(where: { $0 == nil }) ? nil : problems.first ?? nil
        default:
            let outcome = SignatureVerifier(scheme).verify(scope, nowMilliseconds: 0)
            guard case .misconfigured(let problem) = outcome, problem.reason != .keyUnavailable
            else { return nil }
            if problem.reason == .secretMissing,
                scheme.needed.flatMap(\.roots).contains(where: { integration.brings($0) })
            {
                return nil
            }
            return problem
        }
    }
}
