import Foundation
import JSON
import Receiver
import TestSupport
import Testing
import Webhooks

/// One file of `deploy/integrations`.
struct Recipe: Sendable, CustomTestStringConvertible {
    /// The file's name without `.yaml`.
    var fileName: String
    var text: String
    var value: JSONValue?
    /// What the YAML reader and the integration's check said.
    var problems: [String]
    var integration: Integration?

    var testDescription: String { fileName }

    static let folder = Folders.project.appendingPathComponent("deploy/integrations")

    static let all: [Recipe] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".yaml") }.sorted().map(read)
    }()

    static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.fileName, $0) })

    private static func read(_ name: String) -> Recipe {
        let data = (try? Data(contentsOf: folder.appendingPathComponent(name))) ?? Data()
        var recipe = Recipe(
            fileName: String(name.dropLast(".yaml".count)),
            text: String(decoding: data, as: UTF8.self), value: nil, problems: [],
            integration: nil)
        do {
            recipe.value = try ConfigurationText.parse(Array(data), file: name)?.jsonValue
        } catch {
            recipe.problems.append("\(error)")
        }
        guard let value = recipe.value else { return recipe }
        let (integration, problems) = Integration.parse(value)
        recipe.integration = integration
        recipe.problems += problems.map(\.description)
        return recipe
    }
}
