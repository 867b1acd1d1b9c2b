import Foundation
import JSON
import Testing

@Suite struct `Recipe files` {
    @Test(arguments: Recipe.all)
    func `each loads without an error or a warning`(recipe: Recipe) {
        #expect(recipe.problems.isEmpty, "\(recipe.problems.joined(separator: "\n"))")
        #expect(recipe.integration != nil)
    }

    @Test(arguments: Recipe.all)
    func `each is named as its file and labelled`(recipe: Recipe) {
        #expect(recipe.value?["name"]?.stringValue == recipe.fileName)
        let label = recipe.value?["config"]?["label"]?.stringValue ?? ""
        #expect(!label.isEmpty)
    }

    @Test(arguments: Recipe.all)
    func `each begins with what it is, the vendor's page, the evidence and the secret`(
        recipe: Recipe
    ) {
        let lines = recipe.text.split(separator: "\n")
        let header = lines.prefix { $0.hasPrefix("#") }.joined(separator: "\n")
        #expect(!header.isEmpty)
        if recipe.fileName != "hmac" {
            #expect(header.contains("# https://"))
            #expect(header.contains("# Evidence: "))
        }
        let words = ["Secret", "Key", "Configure"]
        #expect(words.contains { header.contains($0) })
    }

    @Test func `every recipe has vectors and every vector a recipe`() {
        let recipes = Set(Recipe.all.map(\.fileName))
        #expect(recipes == Set(VendorFile.all.map(\.recipe)))
        for file in VendorFile.all {
            #expect(file.cases.allSatisfy { $0.recipe == file.recipe })
            #expect(file.cases.contains { $0.expectation == .accept }, "\(file.recipe)")
        }
    }

    @Test(arguments: Recipe.all)
    func `each stands in the table of the folder's README`(recipe: Recipe) throws {
        let page = Recipe.folder.appendingPathComponent("README.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        #expect(text.contains("](\(recipe.fileName).yaml)"))
    }
}
