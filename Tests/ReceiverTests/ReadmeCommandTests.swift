import Foundation
import TestSupport
import Testing

@testable import Receiver

/// The README's commands, as far as the command line can judge them, and its figures.
struct ReadmeCommandTests {
    /// The words after `postern` of each command: in blocks of shell, and between backticks.
    private static func commands() throws -> [[String]] {
        let readme = try String(
            contentsOf: Folders.project.appendingPathComponent("README.md"), encoding: .utf8)
        var found: [String] = []
        var isShell = false
        for line in readme.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                isShell = line.hasPrefix("```sh")
            } else if isShell {
                let code = line.prefix { $0 != "#" }
                found += code.split(separator: /&&|\||;/).map(String.init)
            }
        }
        found += readme.matches(of: /`(postern [^`]+)`/).map { String($0.output.1) }
        return found.compactMap { command in
            var words = command.split(separator: " ").map { $0.filter { $0 != "'" } }
            if words.first == "sudo" { words.removeFirst() }
            guard words.first == "postern" else { return nil }
            // What follows goes elsewhere.
            let end = words.firstIndex { $0 == "&" || $0.hasPrefix(">") } ?? words.endIndex
            return words[1..<end].filter { $0 != "…" }
        }
    }

    @Test func `the command line takes each`() throws {
        let commands = try Self.commands()
        #expect(commands.count > 20)
        let terminal = Terminal(output: { _ in }, errors: { _ in })
        for words in commands {
            let known = CommandLineTool.commands.first { words.starts(with: $0.path) }
            let command = try #require(known, "\(words)")
            // `postern check` in a sentence names the command; what it needs stands elsewhere.
            if words == command.path { continue }
            #expect(throws: Never.self, "\(words)") {
                try CommandLineTool.parse(
                    Array(words.dropFirst(command.path.count)), command, terminal)
            }
        }
    }

    @Test func `what growth costs is what was measured`() throws {
        func text(_ path: String) throws -> String {
            try String(
                contentsOf: Folders.project.appendingPathComponent(path), encoding: .utf8)
        }
        #expect(try text("README.md").contains("\n\n\(text("deploy/report/report.md"))"))
    }
}
