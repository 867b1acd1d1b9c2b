import Foundation
import TestSupport
import Testing

@testable import HTTPServer

/// The cases of llhttp, read where they lie (`../shared/http/llhttp-request`).
///
/// Its strict cases say how many messages are complete and whether an error follows. Where llhttp takes
/// what RFC 9112 lets or makes a server refuse, `stricter` says why.
struct LlhttpCaseTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let file: String
        let title: String
        let isLenient: Bool
        let input: [UInt8]
        /// Messages that llhttp completes.
        let complete: Int
        /// llhttp's error, when it is one of the message and no pause.
        let error: String?
        var testDescription: String { "\(file): \(title)" }
    }

    static let cases: [Case] = {
        guard let folder = Folders.shared("http/llhttp-request"),
            let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        else { return [] }
        return files.filter { $0.hasSuffix(".md") }.sorted().flatMap { file -> [Case] in
            let url = folder.appendingPathComponent(file)
            let text = (try? String(contentsOf: url, encoding: .isoLatin1)) ?? ""
            return read(text, file: String(file.dropLast(3)))
        }
    }()

    /// A heading, a comment with the kind, a fenced request, a fenced log.
    private static func read(_ text: String, file: String) -> [Case] {
        var cases: [Case] = []
        var (title, kind) = ("", "")
        var request: [String] = []
        var block: [String]?
        var fence = ""
        for line in text.components(separatedBy: "\n") {
            if block != nil {
                if line != "```" {
                    block?.append(line)
                } else if let lines = block {
                    block = nil
                    if fence == "http" { request = lines }
                    if fence == "log", !kind.isEmpty {
                        cases.append(make(file, title, kind, request, lines))
                        kind = ""
                    }
                }
            } else if line.hasPrefix("```") {
                (block, fence) = ([], String(line.dropFirst(3)))
            } else if line.hasPrefix("#") {
                title = line.drop { $0 == "#" || $0 == " " }.description
            } else if line.hasPrefix("<!-- meta=") {
                kind = line
            }
        }
        return cases
    }

    private static func make(
        _ file: String, _ title: String, _ kind: String, _ request: [String], _ log: [String]
    ) -> Case {
        let text = withHosts(request).joined(separator: "\r\n")
            .replacingOccurrences(of: "\\\r\n", with: "")
            .replacingOccurrences(of: "\\r", with: "\r")
            .replacingOccurrences(of: "\\n", with: "\n")
            .replacingOccurrences(of: "\\t", with: "\t")
            .replacingOccurrences(of: "\\f", with: "\u{c}")
        // 5: data after `Connection: close`, which a server drops. 21, 22: pauses.
        let error = log.first { line in
            line.contains(" error code=")
                && !["=5 ", "=21 ", "=22 "].contains { line.contains("code" + $0) }
        }
        return Case(
            file: file, title: title, isLenient: kind.contains("lenient"),
            input: Array(text.data(using: .isoLatin1) ?? Data(text.utf8)),
            complete: log.count { $0.hasSuffix("message complete") }, error: error)
    }

    /// llhttp does not ask for Host; it is put in so that the rest of the case is tested.
    private static func withHosts(_ lines: [String]) -> [String] {
        var out: [String] = []
        for (place, line) in lines.enumerated() {
            // One case writes the line end of its request line out, and so ends the head with it.
            let isWrittenOut = line.hasSuffix(" HTTP/1.1\\r\\n")
            out.append(isWrittenOut ? line + "Host: a" : line)
            let fields = lines[(place + 1)...].prefix { !$0.isEmpty }
            if line.hasSuffix(" HTTP/1.1") || line.hasSuffix(" HTTP/1.1\\"),
                !fields.contains(where: { $0.lowercased().hasPrefix("host") })
            {
                out.append("Host: a")
            }
        }
        return out
    }

    @Test func `the cases are there`() {
        guard Folders.shared("http/llhttp-request") != nil else {
            print("left out: ../shared/http/llhttp-request is absent")
            return
        }
        #expect(Self.cases.count > 150)
        #expect(Self.cases.count { $0.error != nil } > 50)
    }

    private static let statuses: Set<String> = ["400", "413", "414", "417", "431", "501", "505"]

    /// The outcome; a head that llhttp refuses before its end is given an end, because this parser
    /// judges a head when it is whole.
    private static func outcome(_ one: Case) -> [String] {
        let outcome = ParserOutcome.of(one.input)
        guard one.error != nil, outcome.last == "incomplete" else { return outcome }
        return ParserOutcome.of(one.input + Array("\r\n\r\n".utf8))
    }

    @Test(arguments: cases.filter { !$0.isLenient })
    func `a strict case is taken or refused as llhttp does, or else for a reason`(one: Case) {
        let outcome = Self.outcome(one)
        let isRefused = Self.statuses.contains(outcome.last ?? "")
        let complete = outcome.count - (isRefused || outcome.last == "incomplete" ? 1 : 0)
        if let other = LlhttpDeviations.table["\(one.file): \(one.title)"] {
            #expect((isRefused ? outcome.last : "taken") == other.outcome, "\(other.reason)")
        } else if let error = one.error {
            #expect(isRefused, "\(error): \(outcome)")
            #expect(complete <= one.complete, "\(outcome)")
        } else {
            #expect(!isRefused, "\(outcome)")
            #expect(complete >= one.complete, "\(outcome)")
        }
    }

    @Test(arguments: cases.filter { $0.isLenient && $0.error != nil })
    func `what llhttp refuses even when lenient is refused`(one: Case) {
        let outcome = Self.outcome(one)
        #expect(Self.statuses.contains(outcome.last ?? ""), "\(outcome)")
    }

    @Test func `every deviation is one of a case`() {
        guard !Self.cases.isEmpty else { return }
        let names = Set(Self.cases.map { "\($0.file): \($0.title)" })
        for name in LlhttpDeviations.table.keys { #expect(names.contains(name), "\(name)") }
    }
}

/// Where this server answers otherwise than llhttp, and why.
enum LlhttpDeviations {
    struct Deviation: Sendable {
        /// The status of the refusal, or `taken`.
        let outcome: String
        let reason: String
    }

    private static let anyMethod = Deviation(
        outcome: "taken", reason: "a method is any token (RFC 9110 §9.1); the route decides")
    private static let proxy = Deviation(
        outcome: "501", reason: "CONNECT is for proxies (RFC 9110 §9.3.6)")
    private static let otherProtocol = Deviation(
        outcome: "400", reason: "RTSP and ICE are other protocols (RFC 9112 §2.3)")
    private static let fragment = Deviation(
        outcome: "400", reason: "a fragment is no part of a target (RFC 9112 §3.2)")
    private static let user = Deviation(
        outcome: "400",
        reason: "a user in the authority is to be treated as an error (RFC 9110 §4.2.4)")
    private static let asterisk = Deviation(
        outcome: "400", reason: "asterisk-form is for OPTIONS alone (RFC 9112 §3.2.4)")
    private static let oldest = Deviation(
        outcome: "400", reason: "HTTP/0.9 is not HTTP/1.x (RFC 9112 §2.3)")
    private static let coding = Deviation(
        outcome: "400",
        reason: "a transfer coding other than chunked is not decoded (RFC 9112 §6.1)")
    private static let skipsBody = Deviation(
        outcome: "taken", reason: "the case tells llhttp to skip bodies; here they are read")

    static let table: [String: Deviation] = [
        "content-length: Content-Length reset when no body is received": skipsBody,
        "invalid: HTTP protocol and ANNOUNCE method": anyMethod,
        "invalid: Invalid method": anyMethod,
        "method: CONNECT request": proxy,
        "method: CONNECT request with CAPS": proxy,
        "method: CONNECT with body": proxy,
        "method: M-SEARCH request": asterisk,
        "method: SOURCE request with ICE": otherProtocol,
        "method: OPTIONS request with RTSP": otherProtocol,
        "method: ANNOUNCE request with RTSP": otherProtocol,
        "sample: No HTTP version": oldest,
        "transfer-encoding: POST with `chunked` as last transfer-encoding": coding,
        "transfer-encoding: POST with `chunked` as last transfer-encoding (multiple headers)":
            coding,
        "uri: Fragment in URI": fragment,
        "uri: Underscore in hostname": proxy,
        "uri: `host:port` and basic auth": user,
    ]
}
