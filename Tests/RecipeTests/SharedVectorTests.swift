import Foundation
import JSON
import TestSupport
import Testing
import Webhooks

/// The vectors gathered from vendors' documentation and libraries, read where they lie.
struct SharedVector: Sendable, CustomTestStringConvertible {
    var vendor: String
    var name: String
    var isHandshake: Bool
    var isAccepted: Bool
    var secrets: [String]
    var request: VendorCase.Request
    var atMilliseconds: Int64

    var testDescription: String { "\(vendor): \(name)" }

    static let all: [SharedVector] = {
        guard let url = Folders.shared("vendors/vendors.json"),
            let data = try? Data(contentsOf: url),
            let vendors = try? JSONSerialization.jsonObject(with: data) as? [[String: Any]]
        else { return [] }
        return vendors.flatMap { vendor -> [SharedVector] in
            let name = vendor["vendor"] as? String ?? ""
            let vectors = vendor["vectors"] as? [[String: Any]] ?? []
            return vectors.map { SharedVector(vendor: name, $0) }
        }
    }()

    static let usable = all.filter { SharedMapping.whole.unusable[$0.testDescription] == nil }

    init(vendor: String, _ object: [String: Any]) {
        self.vendor = vendor
        name = object["name"] as? String ?? ""
        isHandshake = object["kind"] as? String == "handshake"
        isAccepted = object["expect"] as? String == "accept"
        secrets =
            (object["secret"] as? [Any])?.map { $0 as? String ?? "" }
            ?? [object["secret"] as? String ?? ""]
        let body = Array((object["body"] as? String ?? "").utf8)
        var headers = (object["headers"] as? [String: String] ?? [:])
            .sorted { $0.key < $1.key }
            .map { VendorCase.Header(name: $0.key, value: $0.value) }
        // Most vectors print no Content-Type, which the vendor does send.
        let isTyped = headers.contains { $0.name.lowercased() == "content-type" }
        if !isTyped, !body.isEmpty, JSONText(parsing: body) != nil {
            headers.append(VendorCase.Header(name: "Content-Type", value: "application/json"))
        }
        request = VendorCase.Request(
            method: object["method"] as? String ?? "POST",
            url: object["url"] as? String ?? "https://hooks.example.org/webhooks/vendor",
            headers: headers, body: body)
        let now = (object["now"] as? NSNumber)?.int64Value ?? SharedMapping.whole.receivedAt
        atMilliseconds = now * 1000
    }
}

/// Which recipe judges which shared vector.
struct SharedMapping: Sendable {
    struct Rule: Sendable {
        var vendor: String
        var names: [String]?
        var recipe: String?
        var integration: JSONText?
        /// Keys of the account's context for the vector's secrets, in order.
        var secrets: [String]
        var context: JSONText
    }

    var rules: [Rule]
    /// "vendor: name" → why.
    var unusable: [String: String]
    var unusableMax: Int
    var receivedAt: Int64

    static let whole: SharedMapping = {
        let url = Folders.vectors.appendingPathComponent("vendors/shared/mapping.json")
        let data = (try? Data(contentsOf: url)) ?? Data()
        let value = try? JSONSerialization.jsonObject(with: data)
        return SharedMapping(value as? [String: Any] ?? [:])
    }()

    init(_ object: [String: Any]) {
        rules = (object["rules"] as? [[String: Any]] ?? []).map { rule in
            Rule(
                vendor: rule["vendor"] as? String ?? "", names: rule["names"] as? [String],
                recipe: rule["recipe"] as? String,
                integration: rule["integration"].map(JSONText.init),
                secrets: rule["secrets"] as? [String] ?? [],
                context: JSONText(rule["context"] as? [String: Any] ?? [:]))
        }
        let listed = object["unusable"] as? [[String: String]] ?? []
        unusable = Dictionary(
            listed.map { ("\($0["vendor"] ?? ""): \($0["name"] ?? "")", $0["reason"] ?? "") },
            uniquingKeysWith: { first, _ in first })
        unusableMax = (object["unusable_max"] as? NSNumber)?.intValue ?? 0
        receivedAt = (object["received_at"] as? NSNumber)?.int64Value ?? 0
    }

    func rule(for vector: SharedVector) -> Rule? {
        rules.first {
            $0.vendor == vector.vendor && ($0.names?.contains(vector.name) ?? true)
        }
    }
}

@Suite struct `Published vectors` {
    @Test(.enabled(if: Folders.shared("vendors/vendors.json") != nil, "no ../shared/vendors here"))
    func `all but a shrinking list of unusable ones run`() {
        let mapping = SharedMapping.whole
        #expect(mapping.unusable.count <= 7, "the list may only shrink")
        #expect(mapping.unusable.count <= mapping.unusableMax)
        #expect(mapping.unusable.values.allSatisfy { !$0.isEmpty })
        let names = Set(SharedVector.all.map(\.testDescription))
        #expect(mapping.unusable.keys.allSatisfy(names.contains))
        #expect(SharedVector.usable.count >= 205)
    }

    @Test(
        .enabled(if: !SharedVector.usable.isEmpty, "no ../shared/vendors here"),
        arguments: SharedVector.usable)
    func `each gives what was published`(vector: SharedVector) throws {
        let rule = try #require(SharedMapping.whole.rule(for: vector), "no rule for it")
        let outcome = try runner(rule).run(
            vector.request, context: context(vector, rule), atMilliseconds: vector.atMilliseconds)
        if vector.isHandshake {
            guard case .handshake(let status, _, _, _) = outcome else {
                Issue.record("want a handshake, got \(outcome)")
                return
            }
            #expect(status == 200)
        } else if vector.isAccepted {
            #expect(outcome.isAccepted, "got \(outcome)")
        } else {
            #expect(outcome.isRefusal, "got \(outcome)")
        }
    }

    private func runner(_ rule: SharedMapping.Rule) throws -> RecipeRunner {
        if let recipe = rule.recipe { return try RecipeRunner(recipe: recipe) }
        let source = try #require(rule.integration)
        let (integration, problems) = Integration.parse(try JSONValue(parsing: source.bytes))
        return RecipeRunner(integration: try #require(integration, "\(problems)"))
    }

    private func context(_ vector: SharedVector, _ rule: SharedMapping.Rule) -> JSONText {
        var context = rule.context
        for (key, secret) in zip(rule.secrets, vector.secrets) where !secret.isEmpty {
            // Standard Webhooks' public keys go where the recipe reads them.
            let isPublic = secret.hasPrefix("whpk_")
            context = context.setting(isPublic ? "webhook_public_key" : key, to: secret)
        }
        return context
    }
}
