import Foundation
import TestSupport
import Testing

/// House rules that a compiler does not check.
struct RuleTests {
    /// Word → what to write instead.
    static let banned: [(word: String, instead: String)] = [
        ("try!", "a thrown error"), ("as!", "a conditional cast"),
        ("fatalError(", "a thrown error"), ("NSLock", "Mutex"), ("DispatchQueue", "a thread"),
        ("import Foundation", "the standard library and Glibc"), ("Thread.sleep", "an event"),
    ]

    @Test(arguments: SourceTree.sources)
    func `a source uses no banned word`(file: SourceFile) {
        for (number, line) in file.code.enumerated() {
            for (word, instead) in Self.banned where line.contains(word) {
                Issue.record("\(file.path):\(number + 1) has \(word): use \(instead)")
            }
        }
    }

    @Test(arguments: SourceTree.sources)
    func `an unchecked conformance gives its reason on the next line`(file: SourceFile) {
        for (number, line) in file.code.enumerated()
        where line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") {
            let near = file.lines[max(0, number - 1)...min(number + 1, file.lines.count - 1)]
            #expect(
                near.contains { $0.trimmingCharacters(in: .whitespaces).hasPrefix("//") },
                "\(file.path):\(number + 1) says no reason")
        }
    }

    /// Files that may be longer, each with its reason.
    static let longFiles: [String: Int] = [:]

    @Test(arguments: SourceTree.sources + SourceTree.tests)
    func `a file stays near 400 lines`(file: SourceFile) {
        #expect(file.lines.count <= Self.longFiles[file.path] ?? 450, "\(file.path)")
    }

    @Test(arguments: SourceTree.sources)
    func `a function stays near 70 lines`(file: SourceFile) {
        for (name, start, length) in Self.functions(of: file) where length > 80 {
            Issue.record("\(file.path):\(start) \(name) has \(length) lines")
        }
    }

    /// Functions by indentation: from a `func` or `init` line to the first `}` at its depth.
    static func functions(of file: SourceFile) -> [(name: String, start: Int, length: Int)] {
        var open: [(indent: Int, name: String, start: Int)] = []
        var found: [(String, Int, Int)] = []
        for (number, line) in file.lines.enumerated() {
            let indent = line.prefix { $0 == " " }.count
            let text = line.dropFirst(indent)
            if text.hasPrefix("}"), let last = open.last, last.indent == indent {
                found.append((last.name, last.start, number + 2 - last.start))
                open.removeLast()
            }
            let isFunction = text.contains("func ") || text.contains("init(")
            if isFunction, text.hasSuffix("{"), !text.hasPrefix("//") {
                open.append((indent, String(text.prefix(60)), number + 1))
            }
        }
        return found
    }

    /// Folders whose files wrap C or scan bytes, and so may say `unsafe`.
    static let unsafeAllowed = [
        "Sources/JSON/", "Sources/JSONata/Library/Regex/", "Sources/JSONata/Memory/",
        "Sources/Cryptography/",
        "Sources/HTTPServer/", "Sources/EventQueue/", "Sources/Receiver/System/",
        "Sources/Receiver/YAML/", "Sources/postern-bench/Shell.swift",
        "Sources/postern-bench/System/",
    ]

    @Test(arguments: SourceTree.sources)
    func `unsafe stays in the wrappers of C and the byte scanners`(file: SourceFile) {
        guard !Self.unsafeAllowed.contains(where: { file.path.hasPrefix($0) }) else { return }
        for (number, line) in file.code.enumerated()
        where line.split(whereSeparator: { !$0.isLetter }).contains("unsafe") {
            Issue.record("\(file.path):\(number + 1) says unsafe")
        }
    }

    @Test func `swift format finds nothing to say`() throws {
        let (status, text) = try run(
            [
                "swift", "format", "lint", "--strict", "--recursive", "--parallel", "Sources",
                "Tests",
                "Package.swift",
            ])
        #expect(status == 0, "\(text.prefix(4000))")
    }

    @Test(arguments: [
        "deploy/quickstart", "deploy/test", "deploy/package", "deploy/install", ".ci/run",
    ])
    func `a command is executable`(path: String) {
        #expect(
            FileManager.default.isExecutableFile(
                atPath: Folders.project.appendingPathComponent(path).path))
    }
}
