import Synchronization
import TestSupport
import Testing

@testable import HTTPServer

/// What a handler gives when a head has come goes with that request, and with no other.
struct RequestContextTests {
    /// Made for one head.
    private final class Note: Sendable {
        let number: Int
        let path: String

        init(_ number: Int, _ path: String) {
            self.number = number
            self.path = path
        }
    }

    /// Answers with `METHOD path [number path]`, what is between brackets from the note. A path that begins
    /// with `/none` gets no note, one with `/refused` is answered by its head alone.
    private final class NoteTaker: HTTPHandler {
        private let heads = Atomic(0)

        func headReceived(
            _ head: HTTPRequestHead, remoteAddress: String, loop: Int
        ) -> HeadDecision {
            let number = heads.wrappingAdd(1, ordering: .relaxed).newValue
            if head.path.hasPrefix("/refused") {
                return .respond(HTTPResponse(status: 404, text: "refused|"))
            }
            if head.path.hasPrefix("/none") { return .readBody(limit: 1000) }
            return .readBody(limit: 1000, context: Note(number, String(head.path)))
        }

        func handle(_ request: HTTPRequest, _ exchange: HTTPExchange) {
            let note = request.context as? Note
            let text = note.map { "\($0.number) \($0.path)" } ?? "nil"
            exchange.respond(
                HTTPResponse(
                    status: 200,
                    text: "\(request.head.method) \(request.head.path) [\(text)]"
                        + "\(String(decoding: request.body, as: UTF8.self))|"))
        }

        func roundEnded(loop: Int) -> Bool { false }
        func protocolFailed(_ failure: HTTPFailure, remoteAddress: String) {}
    }

    /// The bodies of the answers to what is sent, in pieces of so many bytes.
    private func answers(_ text: String, piece: Int = .max) throws -> [String] {
        let server = try HTTPServer(
            listeners: [.tcp(host: "127.0.0.1", port: 0)], loops: 1, limits: HTTPLimits(),
            handler: NoteTaker())
        guard case .tcp(_, let port)? = server.boundAddresses.first else { return [] }
        try server.start()
        defer {
            server.stop()
            server.join()
        }
        let client = try TestClient(port: port)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            client.send(Array(rest.prefix(piece)))
            rest = rest.dropFirst(piece)
        }
        let answer = client.read(until: nil)
        return answer.split(separator: "|").compactMap { part in
            part.split(separator: "\r\n").last.map(String.init)
        }
    }

    private static func get(_ path: String, closes: Bool = false) -> String {
        "GET \(path) HTTP/1.1\r\nHost: a\r\n\(closes ? "Connection: close\r\n" : "")\r\n"
    }

    private static func post(_ path: String, _ body: String) -> String {
        "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private static func chunked(_ path: String) -> String {
        "POST \(path) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    }

    @Test(arguments: [Int.max, 1, 7])
    func `pipelined requests each get their own back`(piece: Int) throws {
        let all =
            Self.get("/a") + Self.post("/b", "body") + Self.chunked("/c")
            + Self.get("/d", closes: true)
        #expect(
            try answers(all, piece: piece) == [
                "GET /a [1 /a]", "POST /b [2 /b]body", "POST /c [3 /c]abc", "GET /d [4 /d]",
            ])
    }

    @Test(arguments: [Int.max, 1])
    func `a request refused by its head leaves the others theirs`(piece: Int) throws {
        let all =
            Self.post("/a", "x") + Self.get("/refused") + Self.post("/b", "y")
            + Self.get("/refused") + Self.get("/none") + Self.get("/c", closes: true)
        #expect(
            try answers(all, piece: piece) == [
                "POST /a [1 /a]x", "refused", "POST /b [3 /b]y", "refused", "GET /none [nil]",
                "GET /c [6 /c]",
            ])
    }

    @Test(arguments: [Int.max, 1])
    func `a handler that gives nothing gets nothing, not what was given before`(
        piece: Int
    ) throws {
        let all =
            Self.post("/a", "x") + Self.post("/none", "y") + Self.get("/b")
            + Self.get("/none", closes: true)
        #expect(
            try answers(all, piece: piece) == [
                "POST /a [1 /a]x", "POST /none [nil]y", "GET /b [3 /b]", "GET /none [nil]",
            ])
    }
}
