import Synchronization
import TestSupport
import Testing

@testable import HTTPServer

/// Bodies that come whole with their heads and bodies that come in pieces, on one connection.
struct BodyPieceTests {
    private static func post(_ body: String) -> String {
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private static let chunked =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n"

    @Test(arguments: [
        (post("whole"), "whole", post("pieces"), "pieces"),
        (post(""), "", post("pieces"), "pieces"), (post("whole"), "whole", chunked, "xyz"),
        (chunked, "xyz", post("pieces"), "pieces"),
    ])
    func `a body behind another is exact, wherever it is cut`(
        first: String, firstBody: String, second: String, secondBody: String
    ) {
        let bytes = Array((first + second + first).utf8)
        let expected = ["POST / \(firstBody)", "POST / \(secondBody)", "POST / \(firstBody)"]
        let start = first.utf8.count
        let end = start + second.utf8.count
        for cut in start...end {
            #expect(ParserOutcome.of(bytes, cuts: [start, cut].sorted()) == expected)
            for other in cut...end {
                #expect(ParserOutcome.of(bytes, cuts: [cut, other]) == expected)
            }
        }
        #expect(ParserOutcome.of(bytes, cuts: Array(start...end)) == expected)
    }

    /// Answers with the body.
    private struct Echo: HTTPHandler {
        func headReceived(
            _ head: HTTPRequestHead, remoteAddress: String, loop: Int
        ) -> HeadDecision {
            .readBody(limit: 1 << 20)
        }
        func handle(_ request: HTTPRequest, _ exchange: HTTPExchange) {
            exchange.respond(
                HTTPResponse(
                    status: 200, text: "<" + String(decoding: request.body, as: UTF8.self) + ">"))
        }
        func roundEnded(loop: Int) -> Bool { false }
        func protocolFailed(_ failure: HTTPFailure, remoteAddress: String) {}
    }

    @Test(arguments: [10, 200_000])
    func `a connection takes bodies whole and in pieces in turn`(count: Int) throws {
        try withServer(handler: Echo()) { port in
            let client = try TestClient(port: port)
            let bystander = try TestClient(port: port)
            func expectAnswer(_ body: String) {
                let answer = client.read(until: "<\(body)>")
                #expect(answer.hasSuffix("\r\n\r\n<\(body)>"))
                #expect(answer.hasPrefix("HTTP/1.1 200 "))
            }
            let long = String((0..<count).map { Character(Unicode.Scalar(0x61 + UInt8($0 % 26))) })
            for round in 0..<3 {
                client.send(Self.post("whole\(round)"))
                expectAnswer("whole\(round)")
                var rest = Array(Self.post(long).utf8)[...]
                let piece = rest.count / 5 + 1
                while !rest.isEmpty {
                    client.send(Array(rest.prefix(piece)))
                    rest = rest.dropFirst(piece)
                    // The one loop has read the piece when another's request, sent later, is answered.
                    bystander.send(Self.post("b"))
                    _ = bystander.read(until: "<b>")
                }
                expectAnswer(long)
            }
        }
    }
}
