import Foundation
import TestSupport
import Testing

@testable import HTTPServer

/// `Vectors/http/*.json`: what a strict server makes of bytes.
struct HTTPVectorTests {
    struct Vector: Codable, Sendable, CustomTestStringConvertible {
        let name: String
        let input: String
        let expect: [String]
        var testDescription: String { name }
    }

    static let files = ["smuggling", "host", "request-line", "fuzz"]

    static let vectors: [Vector] = files.flatMap { file -> [Vector] in
        let url = Folders.vectors.appendingPathComponent("http/\(file).json")
        guard let data = try? Data(contentsOf: url) else { return [] }
        return (try? JSONDecoder().decode([Vector].self, from: data)) ?? []
    }

    @Test func `every file of vectors is read`() throws {
        for file in Self.files {
            let url = Folders.vectors.appendingPathComponent("http/\(file).json")
            let vectors = try JSONDecoder().decode([Vector].self, from: Data(contentsOf: url))
            #expect(!vectors.isEmpty, "\(file)")
        }
    }

    @Test(arguments: vectors)
    func `a vector comes to the same wherever it is cut`(vector: Vector) {
        let bytes = Array(vector.input.utf8)
        #expect(ParserOutcome.of(bytes) == vector.expect)
        for cut in 1..<max(2, bytes.count) {
            #expect(ParserOutcome.of(bytes, cuts: [cut]) == vector.expect, "cut at \(cut)")
        }
        #expect(ParserOutcome.of(bytes, cuts: Array(1..<max(2, bytes.count))) == vector.expect)
    }
}
