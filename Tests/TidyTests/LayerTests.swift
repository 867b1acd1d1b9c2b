import Foundation
import TestSupport
import Testing

/// The import table of `Sources/ARCHITECTURE.md`: who may import whom.
struct LayerTests {
    /// Target → what its sources may import beside the standard library.
    static let table: [String: Set<String>] = [
        "CAllocations": [],
        "CCurl": [],
        "CRecipes": [],
        // The compiler's functions for single instructions.
        "JSON": ["_Builtin_intrinsics"],
        "JSONata": ["JSON", "CPCRE2"],
        "Cryptography": ["COpenSSL", "Glibc"],
        "HTTPServer": ["CLinux", "Cryptography", "Glibc"],
        "Webhooks": ["JSON", "JSONata", "Cryptography"],
        "EventQueue": ["JSON", "CSQLite", "CLinux", "CChecksum", "Glibc"],
        "Receiver": [
            "JSON", "JSONata", "Cryptography", "HTTPServer", "Webhooks", "EventQueue", "CYAML",
            "CLinux", "CZlib", "CCurl", "CRecipes", "Glibc",
        ],
        "postern": ["Receiver", "Glibc"],
        "postern-bench": [
            "JSON", "JSONata", "Cryptography", "HTTPServer", "Webhooks", "EventQueue", "Receiver",
            "CAllocations", "Glibc",
        ],
    ]

    /// The pure core may take single functions of the C library (`import func Glibc.pow`): they
    /// neither read a clock nor do input or output.
    static let pureCore: Set<String> = ["JSON", "JSONata", "Webhooks"]
    static let pureFunctions: Set<String> = [
        "memcmp", "memcpy", "memchr", "pow", "exp", "log", "log10", "sqrt", "floor", "ceil", "fmod",
        "round", "trunc", "strtod",
    ]
    static let standard: Set<String> = ["Swift", "Synchronization", "Builtin"]

    /// `module` and, for a scoped import, the declaration: `import func Glibc.pow` → (Glibc, pow).
    static func imports(of file: SourceFile) -> [(module: String, declaration: String?)] {
        file.code.compactMap { line in
            var words = line.split(separator: " ").map(String.init)
            while let first = words.first, first.hasPrefix("@") || accessLevels.contains(first) {
                words.removeFirst()
            }
            guard words.first == "import", words.count >= 2 else { return nil }
            let parts = (words.last ?? "").split(separator: ".").map(String.init)
            guard let module = parts.first else { return nil }
            return (module, words.count == 3 ? parts.dropFirst().first : nil)
        }
    }
    private static let accessLevels: Set<String> = [
        "public", "package", "internal", "private", "fileprivate",
    ]

    @Test(arguments: SourceTree.sources)
    func `a source imports only what its layer may`(file: SourceFile) throws {
        let allowed = try #require(Self.table[file.target], "no row for \(file.target)")
        for (module, declaration) in Self.imports(of: file) where !Self.standard.contains(module) {
            if Self.pureCore.contains(file.target), module == "Glibc" {
                let name = try #require(declaration, "\(file.path): all of Glibc in the pure core")
                #expect(Self.pureFunctions.contains(name), "\(file.path) imports Glibc.\(name)")
            } else {
                #expect(allowed.contains(module), "\(file.path) imports \(module)")
            }
        }
    }

    @Test func `the manifest has a row in the table for every target and no other`() throws {
        // A scratch folder of its own: the one in use is locked by `swift test` itself.
        let scratch = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-tidy-\(ProcessInfo.processInfo.processIdentifier)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let (status, text) = try run(
            [
                "swift", "package", "--ignore-lock", "--scratch-path", scratch.path, "describe",
                "--type", "json",
            ])
        try #require(status == 0, "\(text)")
        let start = try #require(text.firstIndex(of: "{"))
        let object = try JSONSerialization.jsonObject(with: Data(text[start...].utf8))
        let targets = try #require((object as? [String: Any])?["targets"] as? [[String: Any]])
        for target in targets {
            guard let name = target["name"] as? String, let type = target["type"] as? String,
                type == "library" || type == "executable", name != "TestSupport"
            else { continue }
            let allowed = try #require(Self.table[name], "no row for \(name)")
            for dependency in target["target_dependencies"] as? [String] ?? [] {
                #expect(allowed.contains(dependency), "\(name) depends on \(dependency)")
            }
        }
        #expect(
            Set(Self.table.keys).isSubset(of: Set(targets.compactMap { $0["name"] as? String })))
    }

    @Test func `each C library is imported by one target`() {
        var importers: [String: Set<String>] = [:]
        for file in SourceTree.sources {
            for (module, _) in Self.imports(of: file)
            where module.hasPrefix("C") && module != "CLinux" && module != "Cryptography" {
                importers[module, default: []].insert(file.target)
            }
        }
        for (module, targets) in importers {
            #expect(targets.count == 1, "\(module) is imported by \(targets.sorted())")
        }
    }

    @Test func `the manifest names no Swift package`() throws {
        let manifest = try String(
            contentsOf: Folders.project.appendingPathComponent("Package.swift"), encoding: .utf8)
        #expect(!manifest.contains(".package("))
        #expect(!manifest.contains("unsafeFlags"))
    }

    @Test func `the top level holds what the user fixed and nothing else`() throws {
        let (status, text) = try run(["git", "ls-files"])
        guard status == 0 else { return }
        let top = Set(text.split(separator: "\n").compactMap { $0.split(separator: "/").first })
        let fixed: Set<Substring> = [
            "Package.swift", "Sources", "Tests", "Vectors", "deploy", "README.md", "LICENSE",
        ]
        #expect(top.filter { !$0.hasPrefix(".") }.subtracting(fixed).isEmpty)
    }
}
