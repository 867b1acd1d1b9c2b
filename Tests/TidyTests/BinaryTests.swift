import Foundation
import TestSupport
import Testing

/// What the built programs link.
struct BinaryTests {
    /// The built program beside the tests, and the release one when it has been built.
    static let binaries: [String] = [".build/debug/postern", ".build/release/postern"].filter {
        FileManager.default.fileExists(atPath: Folders.project.appendingPathComponent($0).path)
    }

    @Test func `there is a binary to look at`() {
        #expect(!Self.binaries.isEmpty)
    }

    @Test(arguments: binaries)
    func `the program does not link Foundation`(path: String) throws {
        let (status, text) = try run(["ldd", path])
        #expect(status == 0)
        #expect(!text.contains("Foundation"), "\(text)")
        #expect(!text.contains("libicu"), "\(text)")
    }
}
