import Foundation
import JSON
import Receiver
import TestSupport
import Testing
import Webhooks

/// `postern vendors` and `postern init`, on the program as it was built.
@Suite struct `Vendors in the program` {
    private static let binary = Folders.project.appendingPathComponent(".build/debug/postern")

    private func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("output")
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        let process = Process()
        process.executableURL = Self.binary
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardOutput = try FileHandle(forWritingTo: file)
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        return (process.terminationStatus, text)
    }

    private func temporaryFolder() throws -> URL {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-vendors-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url
    }

    @Test func `the program holds the folder's recipes, byte for byte`() {
        let embedded = VendorRecipe.all.map { "\($0.name)\n\($0.text)" }.sorted()
        let files = Recipe.all.map { "\($0.fileName)\n\($0.text)" }.sorted()
        #expect(embedded.map { $0.prefix { $0 != "\n" } } == files.map { $0.prefix { $0 != "\n" } })
        #expect(embedded == files, "run deploy/embed-recipes and build again")
    }

    @Test func `the list has every vendor once, as a table and as JSON`() throws {
        let (status, output) = try run(["vendors", "list", "--json"])
        #expect(status == 0)
        let names = try output.split(separator: "\n").map {
            try JSONValue(parsing: Array($0.utf8))["name"]?.stringValue ?? ""
        }
        #expect(Set(names) == Set(Recipe.byName.keys))
        #expect(names.count == Recipe.all.count)
        let table = try run(["vendors", "list"]).output
        #expect(table.hasPrefix("NAME"))
        #expect(table.split(separator: "\n").count == names.count + 1)
    }

    @Test(arguments: VendorRecipe.all.map(\.name))
    func `each says its page, its evidence and what it needs`(name: String) throws {
        let recipe = try #require(VendorRecipe.named(name))
        // A sender of one's own has neither.
        #expect(recipe.evidence != nil || name == "hmac")
        #expect(recipe.documentation != nil || name == "hmac")
        #expect(!recipe.verification.isEmpty)
        let integration = try #require(Integration.parse(recipe.value).integration)
        let known = Set(recipe.variables.map(\.name))
        #expect(Set(integration.environmentVariableUses.map(\.name)).isSubset(of: known))
    }

    @Test func `show prints the facts, and a name that is wrong is helped`() throws {
        let (status, output) = try run(["vendors", "show", "github", "--json"])
        #expect(status == 0)
        let value = try JSONValue(parsing: Array(output.utf8))
        #expect(value["environment_variables"]?[0]?["name"]?.stringValue == "GITHUB_WEBHOOK_SECRET")
        #expect(value["integration"]?["name"]?.stringValue == "github")
        #expect(try run(["vendors", "show", "github"]).output.contains("hmac sha256"))
        #expect(try run(["vendors", "show", "githup"]).status == 1)
        #expect(try run(["init", "githup"]).status == 1)
    }

    @Test(arguments: VendorRecipe.all.map(\.name))
    func `init writes what check accepts`(name: String) throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("a.yaml")
        // In this process, so that ninety programs need not be started.
        let terminal = Terminal()
        let code = CommandLineTool.run(["init", name, "--out", file.path], terminal: terminal)
        #expect(code == .done)
        let bytes = Array(try Data(contentsOf: file))
        #expect(bytes == Array(Recipe.byName[name]?.text.utf8 ?? "".utf8))
        // Never over a file that is there.
        #expect(CommandLineTool.run(["init", name, "--out", file.path]) == .wrong)
    }

    @Test func `init gives another name, and says where to point the vendor`() throws {
        let (status, output) = try run(["init", "stripe", "--name", "billing", "--json"])
        #expect(status == 0)
        let value = try JSONValue(parsing: Array(output.utf8))
        #expect(value["url"]?.stringValue == "https://YOUR-HOST/webhooks/billing")
        let text = try #require(value["text"]?.stringValue)
        let node = try ConfigurationText.parse(Array(text.utf8), file: "a.yaml")
        #expect(node?.jsonValue["name"]?.stringValue == "billing")
        #expect(try run(["init", "stripe", "--name", "a/b"]).status == 64)
    }
}
