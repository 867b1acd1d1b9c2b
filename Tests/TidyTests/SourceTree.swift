import Foundation
import TestSupport
import Testing

/// One Swift source of the project, as text.
struct SourceFile: Sendable, CustomTestStringConvertible {
    /// Relative to the checkout: `Sources/JSON/JSONValue.swift`.
    let path: String
    let lines: [String]

    var testDescription: String { path }

    /// `JSON` of `Sources/JSON/JSONValue.swift`.
    var target: String { String(path.split(separator: "/")[1]) }

    /// The lines without line comments and without the contents of string literals.
    var code: [String] { lines.map(Self.withoutCommentsAndStrings) }

    static func withoutCommentsAndStrings(_ line: String) -> String {
        var out = ""
        var inString = false
        var previous: Character = " "
        for character in line {
            if character == "\"" && previous != "\\" {
                inString.toggle()
                out.append(character)
            } else if !inString {
                if character == "/" && previous == "/" { return String(out.dropLast()) }
                out.append(character)
            }
            previous = character == "\\" && previous == "\\" ? " " : character
        }
        return out
    }
}

/// The files that the rules are checked on.
enum SourceTree {
    static let sources: [SourceFile] = files(below: "Sources")
    static let tests: [SourceFile] = files(below: "Tests")

    static func files(below folder: String) -> [SourceFile] {
        let root = Folders.project.appendingPathComponent(folder)
        guard let walk = FileManager.default.enumerator(atPath: root.path) else { return [] }
        return walk.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted()
            .compactMap { relative in
                let url = root.appendingPathComponent(relative)
                guard let text = try? String(contentsOf: url, encoding: .utf8) else { return nil }
                return SourceFile(
                    path: folder + "/" + relative,
                    lines: text.split(separator: "\n", omittingEmptySubsequences: false)
                        .map(String.init))
            }
    }
}

/// Runs a command and gives back its exit status and output.
func run(_ command: [String], in folder: URL = Folders.project) throws -> (Int32, String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.currentDirectoryURL = folder
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
}
