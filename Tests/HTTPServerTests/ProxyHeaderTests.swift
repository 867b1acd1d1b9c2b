import Foundation
import TestSupport
import Testing

@testable import HTTPServer

/// `Vectors/http/proxy-protocol.json`: what comes of the beginning of a connection.
struct ProxyHeaderTests {
    struct Vector: Codable, Sendable, CustomTestStringConvertible {
        let name: String
        /// Hexadecimal.
        let input: String
        /// An address, `own`, `malformed` or `more`.
        let expect: String
        /// Where the header ends.
        var consumed: Int?
        var testDescription: String { name }

        var bytes: [UInt8] {
            stride(from: 0, to: input.utf8.count, by: 2).compactMap { place in
                UInt8(input.dropFirst(place).prefix(2), radix: 16)
            }
        }
    }

    static let vectors: [Vector] = {
        let url = Folders.vectors.appendingPathComponent("http/proxy-protocol.json")
        guard let data = try? Data(contentsOf: url) else { return [] }
        return (try? JSONDecoder().decode([Vector].self, from: data)) ?? []
    }()

    /// What the parser makes of bytes that come in pieces.
    private static func outcome(_ bytes: [UInt8], cuts: [Int]) -> (String, Int?) {
        var parser = ProxyHeaderParser()
        var start = 0
        for end in cuts + [bytes.count] {
            var consumed = 0
            do throws(ProxyHeaderParser.Malformed) {
                let piece = Array(bytes[start..<end])
                if case .done(let address) = try parser.next(piece.span, consumed: &consumed) {
                    return (address ?? "own", start + consumed)
                }
                #expect(consumed == piece.count)
            } catch { return ("malformed", nil) }
            start = end
        }
        return ("more", nil)
    }

    @Test func `the vectors are there`() { #expect(Self.vectors.count > 60) }

    @Test(arguments: vectors)
    func `a header comes to the same wherever it is cut`(vector: Vector) {
        let bytes = vector.bytes
        var cuts: [[Int]] = [[], Array(1..<bytes.count)]
        cuts += (1..<bytes.count).map { [$0] }
        for cut in cuts {
            let (outcome, consumed) = Self.outcome(bytes, cuts: cut)
            #expect(outcome == vector.expect, "cut at \(cut.prefix(1))")
            #expect(consumed == vector.consumed, "cut at \(cut.prefix(1))")
        }
    }

    @Test(arguments: 0..<50)
    func `changed headers come to the same wherever they are cut`(seed: UInt64) throws {
        var random = SplitMix(state: seed &+ 1)
        for _ in 0..<40 {
            var bytes = try #require(Self.vectors.randomElement(using: &random)).bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(bytes[place], at: place)
                default: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                }
            }
            guard !bytes.isEmpty else { continue }
            let whole = Self.outcome(bytes, cuts: [])
            #expect(Self.outcome(bytes, cuts: Array(1..<bytes.count)) == whole, "\(bytes)")
            if let consumed = whole.1 { #expect(consumed <= bytes.count) }
        }
    }

    /// Vigna's SplitMix64: the same numbers for the same seed.
    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// A server whose listener expects headers, and who may send them.
    private static func withServer(
        trusts: Bool = true, _ limits: HTTPLimits = HTTPLimits(),
        _ body: (TestServer) throws -> Void
    ) throws {
        var listener = HTTPListener(.tcp(host: "127.0.0.1", port: 0))
        listener.expectsProxyHeader = true
        let server = try TestServer(limits, listener: listener)
        server.handler.trusts = trusts
        try body(server)
        server.stop()
        #expect(server.server.connectionCount == 0)
    }

    private static let get = "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    @Test func `requests behind a header are those of the client that it names`() throws {
        try Self.withServer { server in
            let client = try TestClient(port: server.port)
            client.send("PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n" + Self.get)
            #expect(client.read(until: nil).hasSuffix("\r\n\r\n/x"))
            let other = try TestClient(port: server.port)
            other.send("PROXY UNKNOWN\r\n")
            other.waitUntilSent()
            other.send(Self.get)
            #expect(other.read(until: nil).hasSuffix("\r\n\r\n/x"))
            #expect(server.handler.addresses == ["192.0.2.1", "127.0.0.1"])
        }
    }

    @Test func `requests behind a binary header are those of the client that it names`() throws {
        let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]
        let ports: [UInt8] = [0, 1, 0, 2]
        let ipv4: [UInt8] = [0x21, 0x11, 0, 12, 192, 0, 2, 1, 198, 51, 100, 1]
        let client6: [UInt8] = [0x20, 1, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [7]
        let ipv6: [UInt8] = [0x21, 0x21, 0, 36] + client6 + client6
        try Self.withServer { server in
            for header in [ipv4, ipv6] {
                let client = try TestClient(port: server.port)
                client.send(signature + header + ports + Array(Self.get.utf8))
                #expect(client.read(until: nil).hasSuffix("\r\n\r\n/x"))
            }
            #expect(server.handler.addresses == ["192.0.2.1", "2001:db8::7"])
        }
    }

    @Test func `a connection whose header came alone is idle`() throws {
        var limits = HTTPLimits()
        (limits.handshakeTimeoutMilliseconds, limits.keepAliveTimeoutMilliseconds) = (3_600_000, 30)
        try Self.withServer(limits) { server in
            let client = try TestClient(port: server.port)
            client.send("PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n")
            #expect(client.readsEnd())
            #expect(server.handler.failures.isEmpty)
        }
    }

    @Test func `without a header nothing is answered`() throws {
        try Self.withServer { server in
            let client = try TestClient(port: server.port)
            client.send(Self.get)
            #expect(client.readsEnd())
            #expect(server.handler.failures == ["0 no PROXY header"])
            #expect(server.handler.addresses.isEmpty)
        }
    }

    @Test func `a header of somebody else is not taken`() throws {
        try Self.withServer(trusts: false) { server in
            let client = try TestClient(port: server.port)
            client.send("PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n" + Self.get)
            #expect(client.readsEnd())
            #expect(server.handler.failures == ["0 not one of trusted_proxies"])
        }
    }

    @Test func `a header that does not come, or not to its end, ends in time`() throws {
        var limits = HTTPLimits()
        limits.handshakeTimeoutMilliseconds = 50
        try Self.withServer(limits) { server in
            let silent = try TestClient(port: server.port)
            let half = try TestClient(port: server.port)
            half.send("PROXY TCP4 ")
            #expect(silent.readsEnd())
            #expect(half.readsEnd())
            #expect(
                server.handler.failures == ["0 handshake too slow", "0 handshake too slow"])
        }
    }

    @Test func `the limit on an address is the client's, at it and one beyond`() throws {
        var limits = HTTPLimits()
        limits.connectionsPerAddressMax = 2
        try Self.withServer(limits) { server in
            var clients: [TestClient] = []
            for (number, address) in ["192.0.2.1", "192.0.2.1", "192.0.2.2"].enumerated() {
                let client = try TestClient(port: server.port)
                client.send("PROXY TCP4 \(address) 198.51.100.1 1 2\r\n")
                client.send("GET /\(number) HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(client.read(until: "/\(number)").hasSuffix("/\(number)"))
                clients.append(client)
            }
            let beyond = try TestClient(port: server.port)
            beyond.send("PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n" + Self.get)
            #expect(beyond.readsEnd())
            #expect(server.handler.failures == ["0 too many connections of a client"])
            clients.removeFirst()
            server.waitForConnections(2)
            let again = try TestClient(port: server.port)
            again.send("PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n" + Self.get)
            #expect(again.read(until: nil).hasSuffix("/x"))
        }
    }
}
