// swift-tools-version: 6.3
// Postern depends on no Swift package: the C libraries below come from Debian's -dev packages.
import PackageDescription

/// Every Swift target, tests included, is built with these.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "postern",
    products: [
        .library(name: "JSONata", targets: ["JSON", "JSONata"]),
        .executable(name: "postern", targets: ["postern"]),
        .executable(name: "postern-bench", targets: ["postern-bench"]),
    ],
    targets: [
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(
            name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CLinux"),
        .target(name: "CCurl"),
        .target(name: "CRecipes"),

        library("JSON", []),
        library("JSONata", ["JSON", "CPCRE2"]),
        library("Cryptography", ["COpenSSL"]),
        library("HTTPServer", ["CLinux", "Cryptography"]),
        library("Webhooks", ["JSON", "JSONata", "Cryptography"]),
        library("EventQueue", ["JSON", "CSQLite", "CLinux"]),
        library(
            "Receiver",
            [
                "JSON", "JSONata", "Cryptography", "HTTPServer", "Webhooks", "EventQueue", "CYAML",
                "CZlib", "CCurl", "CRecipes", "CLinux",
            ]),
        .executableTarget(name: "postern", dependencies: ["Receiver"], swiftSettings: settings),
        .target(name: "CAllocations"),
        .executableTarget(
            name: "postern-bench",
            dependencies: [
                "JSON", "JSONata", "Cryptography", "HTTPServer", "Webhooks", "EventQueue",
                "Receiver", "CAllocations",
            ],
            exclude: ["node-baseline.js"],
            swiftSettings: settings),

        .target(
            name: "TestSupport", dependencies: ["COpenSSL"], path: "Tests/TestSupport",
            swiftSettings: settings),
        tests("JSONTests", ["JSON", "TestSupport"]),
        tests("JSONataTests", ["JSON", "JSONata", "HTTPServer", "TestSupport"]),
        tests("CryptographyTests", ["Cryptography", "TestSupport"]),
        tests("HTTPServerTests", ["Cryptography", "HTTPServer", "TestSupport"]),
        tests("WebhooksTests", ["JSON", "JSONata", "Cryptography", "Webhooks", "TestSupport"]),
        tests("EventQueueTests", ["JSON", "EventQueue", "CSQLite", "TestSupport"]),
        tests(
            "ReceiverTests",
            [
                "JSON", "Cryptography", "HTTPServer", "Webhooks", "EventQueue", "Receiver",
                "TestSupport",
            ]),
        tests(
            "RecipeTests",
            ["JSON", "JSONata", "Cryptography", "Webhooks", "Receiver", "TestSupport"]),
        tests("EndToEndTests", ["TestSupport"]),
        tests("TidyTests", ["TestSupport"]),
    ]
)
