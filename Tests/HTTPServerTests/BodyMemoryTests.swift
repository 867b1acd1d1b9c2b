import Foundation
import TestSupport
import Testing

@testable import HTTPServer

/// What bodies that are still arriving take of memory, and what comes of those that would take too much.
struct BodyMemoryTests {
    private static func head(_ length: Int) -> String {
        "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n"
    }

    /// malloc gives up to so many bytes more than it was asked for.
    private static let slack = 8192

    /// What a parser holds of a body after each further piece; its bytes must come out as they were.
    private static func held(_ length: Int, pieces: Int) throws -> [Int] {
        let parser = HTTPParser(limits: HTTPLimits())
        let body = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var consumed = 0
        _ = try parser.next(Array(head(length).utf8).span, consumed: &consumed)
        try parser.accept(bodyLimit: length)
        var held: [Int] = []
        for start in stride(from: 0, to: length, by: pieces) {
            let piece = Array(body[start..<min(length, start + pieces)])
            consumed = 0
            let event = try parser.next(piece.span, consumed: &consumed)
            #expect(consumed == piece.count)
            if case .complete(let whole) = event {
                #expect(whole == body)
            } else {
                held.append(parser.bodyBytesHeld)
            }
        }
        return held
    }

    @Test func `a small body has its room at once, so that it is copied once`() throws {
        for length in [15_000, 16 << 10] {
            let held = try Self.held(length, pieces: 1000)
            #expect(Set(held).count == 1)
            #expect(held.allSatisfy { $0 >= length && $0 <= length + Self.slack })
        }
    }

    @Test(arguments: [(16 << 10) + 1, 64 << 10, 1 << 20])
    func `memory for a larger body grows with what has arrived, never beyond what was announced`(
        length: Int
    ) throws {
        for piece in [1, 10_000] where length < 100_000 || piece > 1 {
            let held = try Self.held(length, pieces: piece)
            for (index, held) in held.enumerated() {
                let arrived = (index + 1) * piece
                #expect(held >= arrived)
                #expect(held <= max(16 << 10, 2 * arrived) + Self.slack)
                #expect(held <= length + Self.slack)
            }
            // A few times larger, not with each piece.
            #expect(Set(held).count <= 8)
        }
    }

    @Test func `who announces much and sends little takes no room from others`() throws {
        var limits = HTTPLimits()
        limits.bodyBytesBufferedMax = 1 << 20
        let server = try TestServer(limits)
        var idlers: [TestClient] = []
        for _ in 0..<8 {
            let client = try TestClient(port: server.port)
            client.send(Self.head(1 << 20) + "a")
            client.waitUntilSent()
            idlers.append(client)
        }
        server.waitForRounds()
        let honest = try TestClient(port: server.port)
        honest.send(Self.head(300_000))
        honest.send(String(repeating: "a", count: 200_000))
        honest.waitUntilSent()
        server.waitForRounds()
        honest.send(String(repeating: "a", count: 100_000))
        #expect(honest.read(until: "/p").hasSuffix("/p"))
        #expect(server.handler.failures.isEmpty)
        server.stop()
        #expect(server.server.bodyBytesBuffered == 0)
    }

    /// Sends all of a body but its last byte; returns when the server has it.
    private static func begin(_ server: TestServer) throws -> TestClient {
        let client = try TestClient(port: server.port)
        client.send(head(60_000) + String(repeating: "a", count: 59_999))
        client.waitUntilSent()
        server.waitForRounds()
        return client
    }

    /// malloc may give one body a few bytes more than another of the same length.
    @Test(arguments: [(64, 0), (-64, 1)])
    func `bodies that arrive take as much memory as they may, at it and a little beyond`(
        room: Int, refused: Int
    ) throws {
        let measured = try TestServer()
        let probe = try Self.begin(measured)
        let held = measured.server.bodyBytesBuffered
        probe.reset()
        measured.stop()
        #expect(held >= 60_000)
        var limits = HTTPLimits()
        limits.bodyBytesBufferedMax = 2 * held + room
        let server = try TestServer(limits)
        let first = try Self.begin(server)
        let second = try Self.begin(server)
        let failures = ["503 too many bodies at once"].prefix(refused)
        #expect(server.handler.failures == Array(failures))
        for (client, isRefused) in [(first, false), (second, refused == 1)] {
            client.send("a")
            let text = client.read(until: "/p")
            #expect(text.hasPrefix(isRefused ? "HTTP/1.1 503 " : "HTTP/1.1 200 "))
        }
        server.stop()
        #expect(server.server.bodyBytesBuffered == 0)
    }
}
