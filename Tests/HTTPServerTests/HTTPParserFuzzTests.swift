import Foundation
import Testing

@testable import HTTPServer

/// Mutated requests. Nothing may crash, and where the bytes are cut may not matter: a parser that reads
/// otherwise when a packet ends elsewhere can be talked into another message.
struct HTTPParserFuzzTests {
    /// SplitMix64: the same numbers on every run.
    struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }

    private static let tokens: [String] = [
        "\r\n", "\n", "\r", " ", "\t", ":", "Content-Length: 3\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Host: a\r\n", "0\r\n\r\n", "3\r\nabc\r\n", ";a=\"b\"", "HTTP/1.1", "GET / ", "\u{0}",
        "\u{7f}",
        "ffffffffffffffff", "Connection: close\r\n", "Expect: 100-continue\r\n", "\u{e4}",
    ]

    private static func mutated(_ seed: [UInt8], _ generator: inout Generator) -> [UInt8] {
        var bytes = seed
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0...bytes.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0 where place < bytes.count:
                bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 1 where place < bytes.count: bytes.remove(at: place)
            case 2:
                let end = min(bytes.count, place + Int.random(in: 0...20, using: &generator))
                bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
            case 3: bytes.removeSubrange(place..<min(bytes.count, place + 8))
            default:
                let token = tokens[Int.random(in: 0..<tokens.count, using: &generator)]
                bytes.insert(contentsOf: Array(token.utf8), at: place)
            }
        }
        return bytes
    }

    /// `POSTERN_FUZZ_ROUNDS` makes it long.
    private static let rounds =
        ProcessInfo.processInfo.environment["POSTERN_FUZZ_ROUNDS"].flatMap(Int.init) ?? 5_000

    @Test func `mutated requests come to the same wherever they are cut`() {
        var limits = HTTPLimits()
        (limits.requestLineBytesMax, limits.headerBytesMax) = (200, 400)
        (limits.headerCountMax, limits.bodyBytesMax) = (8, 64)
        let seeds = HTTPVectorTests.vectors.map { Array($0.input.utf8) }
        #expect(!seeds.isEmpty)
        var generator = Generator(state: 1)
        var kinds: Set<String> = []
        for round in 0..<Self.rounds {
            let bytes = Self.mutated(seeds[round % seeds.count], &generator)
            let whole = ParserOutcome.of(bytes, limits: limits)
            kinds.insert(whole.last ?? "")
            let cuts = (0..<3).map { _ in Int.random(in: 0...bytes.count, using: &generator) }
            let cut = ParserOutcome.of(bytes, limits: limits, cuts: cuts.sorted())
            if cut != whole {
                // A limit may be met before or after another fault of the same head.
                let limit = ["413", "414", "431"]
                let isOrder =
                    whole.dropLast() == cut.dropLast()
                    && (limit.contains(whole.last ?? "") || limit.contains(cut.last ?? ""))
                    && whole.last != "incomplete" && cut.last != "incomplete"
                #expect(
                    isOrder, "\(String(decoding: bytes, as: UTF8.self).debugDescription) \(cuts)")
            }
            // No body grows beyond its limit.
            for line in whole { #expect(line.utf8.count <= 300) }
        }
        #expect(kinds.isSuperset(of: ["400", "incomplete"]))
    }
}
