import Foundation
import JSON
import Receiver
import TestSupport
import Testing
import Webhooks

struct ConfigurationCase: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let file: String
    let text: String
    let problems: [String]
    var testDescription: String { name }

    static let all: [ConfigurationCase] = {
        struct File: Decodable { let cases: [ConfigurationCase] }
        let url = Folders.vectors.appendingPathComponent("configuration/files.json")
        guard let data = try? Data(contentsOf: url),
            let file = try? JSONDecoder().decode(File.self, from: data)
        else { return [] }
        return file.cases
    }()
}

struct ConfigurationTests {
    static func problems(_ text: String, file: String = "postern.yaml") -> [Problem] {
        do throws(Problem) {
            let root = try ConfigurationText.parse(Array(text.utf8), file: file)
            return Configuration.parse(root, file: file).1
        } catch { return [error] }
    }

    @Test func `the vectors are there`() { #expect(ConfigurationCase.all.count > 30) }

    @Test(arguments: ConfigurationCase.all)
    func `a file gives exactly its problems`(one: ConfigurationCase) {
        let found = Self.problems(one.text, file: one.file)
        let places = found.map { "\($0.mark?.line ?? 0):\($0.mark?.column ?? 0) \($0.keyPath)" }
        #expect(places == one.problems, "\(found.map(\.description))")
        for problem in found {
            #expect(problem.description.hasPrefix("\(one.file):"))
            #expect(!problem.message.isEmpty)
        }
    }

    @Test(arguments: [
        ("[{ name: a, type: file, path: a }]", [0: 1, 1: 1, 2: 2, 8: 8]),
        ("[{ name: a, type: sqlite, path: a.db }]", [0: 1, 1: 1, 2: 1, 8: 7]),
        (
            "[{ name: a, type: file, path: a }, { name: b, type: sqlite, path: b.db }]",
            [0: 1, 1: 1, 2: 1, 8: 7]
        ),
    ])
    func `there is a loop for each processor, one less beside SQLite, or as many as are asked for`(
        queues: String, loops: [Int: Int]
    ) throws {
        for threads in [nil, 5] {
            let limits = threads.map { "limits: { threads: \($0) }\n" } ?? ""
            let text = "\(limits)queues: \(queues)\n"
            let root = try ConfigurationText.parse(Array(text.utf8), file: "postern.yaml")
            let (configuration, problems) = Configuration.parse(root, file: "postern.yaml")
            #expect(problems.isEmpty)
            for (processors, count) in loops {
                #expect(configuration.loopCount(processors: processors) == threads ?? count)
            }
        }
    }

    @Test func `without a file there is one SQLite queue on the default listener`() {
        let (configuration, problems) = ConfigurationLoader(file: nil).loadConfiguration()
        #expect(problems.isEmpty)
        #expect(configuration.listen.map { "\($0.address)" } == ["127.0.0.1:8080"])
        #expect(configuration.dataDirectory == "./postern-data")
        #expect(configuration.queues.map(\.kind) == [.sqlite])
    }

    @Test(arguments: [
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("1.10", "1.10"), ("0x1F", "31"),
        ("0o17", "15"), ("+1", "1"), (".5", "0.5"), ("5.", "5"), ("1e3", "1e3"), ("~", "null"),
        ("True", "true"), ("\"1\"", "1"), ("2026-01-01", "2026-01-01"), ("1_000", "1_000"),
        ("123456789012345678901", "123456789012345678901"),
    ])
    func `a scalar is what the core schema says`(text: String, expected: String) throws {
        let node = try #require(
            try ConfigurationText.parse(Array("a: \(text)".utf8), file: "x.yaml"))
        let value = try #require(node.jsonValue["a"])
        #expect((value.stringValue ?? value.jsonString) == expected)
    }

    @Test func `nesting stops at its limit`() throws {
        let limit = ConfigurationTextLimits().depthMax
        func text(_ depth: Int) -> [UInt8] {
            Array(
                (String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        _ = try ConfigurationText.parse(text(limit), file: "x.yaml")
        #expect(throws: Problem.self) {
            _ = try ConfigurationText.parse(text(limit + 1), file: "x.yaml")
        }
    }

    @Test func `aliases that multiply are stopped`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let alias = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(alias)]\n"
        }
        #expect(throws: Problem.self) {
            _ = try ConfigurationText.parse(Array(text.utf8), file: "x.yaml")
        }
    }

    @Test func `a file is read up to its limit`() throws {
        var limits = ConfigurationTextLimits()
        limits.bytesMax = 10
        _ = try ConfigurationText.parse(Array("a: 4567890".utf8), file: "x.yaml", limits: limits)
        #expect(throws: Problem.self) {
            _ = try ConfigurationText.parse(
                Array("a: 45678901".utf8), file: "x.yaml", limits: limits)
        }
    }

    @Test func `values are counted up to their limit`() throws {
        var limits = ConfigurationTextLimits()
        limits.nodesMax = 4
        _ = try ConfigurationText.parse(Array("[1, 2, 3]".utf8), file: "x.yaml", limits: limits)
        #expect(throws: Problem.self) {
            _ = try ConfigurationText.parse(
                Array("[1, 2, 3, 4]".utf8), file: "x.yaml", limits: limits)
        }
    }

    @Test(arguments: [
        ("0", 0), ("512B", 512), ("1KiB", 1024), ("1MiB", 1 << 20), ("8388607TiB", 8_388_607 << 40),
    ])
    func `a size is read`(text: String, bytes: Int) { #expect(Quantities.bytes(text) == bytes) }

    @Test(arguments: [
        "", "1MB", "1 MiB", "-1", "+1", "1.5MiB", "MiB", "8388608TiB", "9223372036854775808",
        "1mib",
    ])
    func `what is no size is refused`(text: String) { #expect(Quantities.bytes(text) == nil) }

    @Test(arguments: [
        ("0", 0), ("1500ms", 1500), ("300s", 300_000), ("24h", 86_400_000), ("7d", 604_800_000),
    ])
    func `a duration is read`(text: String, milliseconds: Int) {
        #expect(Quantities.milliseconds(text) == milliseconds)
    }

    @Test(arguments: ["", "5", "5sec", "-5s", "1h30m", "106751991168d", "9223372036854775807s"])
    func `what is no duration is refused`(text: String) {
        #expect(Quantities.milliseconds(text) == nil)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false),
        ("127.0.0.1", "127.0.0.1", true), ("fd00::/8", "fd12::1", true), ("::/0", "::1", true),
        ("::1/128", "::2", false), ("10.0.0.0/9", "10.128.0.0", false),
        ("127.0.0.1/32", "::ffff:127.0.0.1", true), ("::/0", "127.0.0.1", false),
        // IPv4 within IPv6 has a prefix of 96 bits before it.
        ("::ffff:0:0/96", "203.0.113.1", true), ("::ffff:0:0/96", "::1", false),
        ("::ffff:10.0.0.0/104", "10.255.0.1", true), ("::ffff:10.0.0.0/104", "11.0.0.1", false),
        ("::ffff:a00:0/104", "::ffff:10.255.0.1", true),
        ("::ffff:128.0.0.0/97", "127.0.0.1", false),
        ("::ffff:10.0.0.1/128", "10.0.0.1", true), ("::ffff:10.0.0.1/128", "10.0.0.2", false),
        ("::ffff:10.0.0.1", "10.0.0.1", true), ("::ffff:10.0.0.1", "10.0.0.2", false),
        ("::fffe:0:0/95", "::fffe:1:2", true), ("::fffe:0:0/95", "10.0.0.1", false),
    ])
    func `an address range holds its addresses`(range: String, address: String, isInside: Bool) {
        #expect(AddressRange(range)?.contains(address) == isInside)
    }

    @Test(arguments: [
        "10.0.0.0/33", "10.0.0/8", "::/129", "a", "1::2::3", "10.0.0.0/-1", "10.0.0.0/-0",
        "10.0.0.0/+8", "10.0.0.0/", "/8", "010.0.0.0/8", "::ffff:010.0.0.1", "::ffff:10.0.0.0/8",
        "::ffff:0:0/0", "::ffff:0:0/95", "::ffff:0:0/129", "::ffff:10.0.0.0/+104",
    ])
    func `what is no address range is refused`(text: String) { #expect(AddressRange(text) == nil) }

    @Test(arguments: [
        ("10.0.0.0/33", "is neither an address nor a range such as 192.0.2.0/24 or 2001:db8::/32"),
        ("::ffff:10.0.0.0/8", "is IPv4 within IPv6, whose length is 96 to 128"),
        ("::ffff:0:0/95", "is IPv4 within IPv6, whose length is 96 to 128"),
    ])
    func `what is wrong with an address range is said`(text: String, message: String) {
        let found = Self.problems("trusted_proxies: [\"\(text)\"]")
        #expect(found.count == 1 && found[0].message.contains(message), "\(found)")
    }
}
