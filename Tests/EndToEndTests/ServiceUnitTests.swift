import Foundation
import TestSupport
import Testing

/// What systemd itself says of the units in `deploy/`.
@Suite(
    .enabled(
        if: FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze"),
        "systemd-analyze is not there: Debian's package systemd has it"))
struct ServiceUnitTests {
    /// The units with a program that exists here.
    private static func units() throws -> URL {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-units-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in ["postern.service", "postern.socket"] {
            let file = Folders.project.appendingPathComponent("deploy/\(name)")
            let text = try String(contentsOf: file, encoding: .utf8)
                .replacingOccurrences(of: "/usr/bin/postern", with: "/bin/true")
            try text.write(
                to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        return folder
    }

    @Test func `systemd finds nothing to say of the units`() throws {
        let folder = try Self.units()
        defer { try? FileManager.default.removeItem(at: folder) }
        let (status, output) = try ReceiverProcess.run([
            "systemd-analyze", "verify", "--man=no", folder.path + "/postern.service",
            folder.path + "/postern.socket",
        ])
        #expect(status == 0)
        #expect(!output.contains("postern."), "\(output)")
    }

    @Test func `the sandbox scores at most 1_5`() throws {
        let folder = try Self.units()
        defer { try? FileManager.default.removeItem(at: folder) }
        let (status, output) = try ReceiverProcess.run([
            "systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager",
            folder.path + "/postern.service",
        ])
        #expect(status == 0, "\(output)")
        #expect(output.contains("Overall exposure level"), "\(output)")
    }
}
