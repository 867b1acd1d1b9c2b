package import JSON
import Webhooks

/// One of the integrations that come with the program.
package struct VendorRecipe: Sendable {
    /// `github`; also the name of the integration.
    package let name: String
    /// The file, comments and all.
    package let text: String
    package let value: JSONValue

    /// Every recipe, by name.
    package static let all: [VendorRecipe] = EmbeddedRecipes.all().map {
        VendorRecipe($0.name, $0.text)
    }

    package static func named(_ name: String) -> VendorRecipe? {
        all.first { $0.name == name.lowercased() }
    }

    private init(_ name: String, _ text: String) {
        self.name = name
        self.text = text
        let node = try? ConfigurationText.parse(Array(text.utf8), file: "\(name).yaml")
        value = node?.jsonValue ?? .null
    }

    /// A secret or setting that the recipe takes from `environment_variables`.
    package struct Variable: Sendable, Equatable {
        package let name: String
        /// It may be missing: the secret before a rotation, a choice.
        package let isOptional: Bool
    }

    package var label: String { value["config"]?["label"]?.stringValue ?? name }

    /// `hmac sha256`, `any: token, jwt`.
    package var verification: String {
        Self.describe(value["config"]?["webhook"]?["signature_verification"] ?? .null)
    }

    private static func describe(_ block: JSONValue) -> String {
        guard let format = block["format"]?.stringValue else { return block.stringValue ?? "" }
        let config = block["config"] ?? .null
        switch format {
        case "all", "any":
            let parts = (config["of"]?.arrayValue ?? []).map(describe).uniqued()
            return "\(format): " + parts.joined(separator: ", ")
        case "jwt":
            let names = (config["algorithms"]?.arrayValue ?? []).compactMap(\.stringValue)
            return (["jwt"] + names).joined(separator: " ")
        case "hmac", "digest", "public_key":
            return "\(format) \(config["algorithm"]?.stringValue ?? "sha256")"
        default: return format
        }
    }

    package var hasHandshake: Bool {
        value["config"]?["webhook"]?["handle_verification"]?.stringValue?.contains("'verify'")
            ?? false
    }

    /// Lines of the comment at its head.
    package var head: [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .prefix { $0.hasPrefix("#") }.map { String($0.dropFirst().drop { $0 == " " }) }
    }

    /// The vendor's page.
    package var documentation: String? { head.first { $0.hasPrefix("https://") } }

    /// `O`, `T`, `O/M`: whether the vendor's own words were read (see deploy/integrations/README.md).
    package var evidence: String? {
        head.first { $0.hasPrefix("Evidence: ") }.map {
            String($0.dropFirst("Evidence: ".count).prefix { $0 != "." && $0 != " " })
        }
    }

    /// What it takes from the environment, in the order of the file.
    package var variables: [Variable] {
        let mark = "environment_variables."
        var found: [Variable] = []
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            var rest = line
            while let range = rest.firstRange(of: mark) {
                rest = rest[range.upperBound...]
                let name = String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
                let isOptional = rest.dropFirst(name.count).hasPrefix(":undefined")
                if name.isEmpty || found.contains(where: { $0.name == name }) { continue }
                found.append(Variable(name: name, isOptional: isOptional))
            }
        }
        return found
    }
}
