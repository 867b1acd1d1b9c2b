import Foundation
import TestSupport
import Testing

/// The Debian package, built around the program under test.
struct PackageTests {
    @Test(
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: "/usr/bin/dpkg-deb"),
            "dpkg-deb is not there"))
    func `the Debian package holds the program, its units, its manual and no secret`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-deb-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = Folders.project.appendingPathComponent("deploy/package").path
        let (status, output) = try ReceiverProcess.run([
            "POSTERN_BINARY=\(ReceiverProcess.binary)", script, folder.path,
        ])
        #expect(status == 0, "\(output)")
        let file = try #require(output.split(separator: "\n").last.map(String.init))
        let list = try ReceiverProcess.run(["dpkg-deb", "-c", file]).output
        for path in [
            "usr/bin/postern", "usr/lib/systemd/system/postern.service",
            "usr/lib/systemd/system/postern.socket", "usr/share/man/man1/postern.1.gz",
            "usr/share/bash-completion/completions/postern", "etc/postern/postern.yaml",
            "usr/share/postern/integrations/github.yaml",
        ] { #expect(list.contains("./\(path)\n"), "\(path)") }
        let secrets = try #require(
            list.split(separator: "\n").first { $0.hasSuffix("/credentials/") })
        #expect(secrets.hasPrefix("drwx------ root/root"))
        #expect(
            try ReceiverProcess.run(["dpkg-deb", "-f", file, "Depends"]).output.contains("libc6"))
        if FileManager.default.isExecutableFile(atPath: "/usr/bin/lintian") {
            let said = try ReceiverProcess.run(["lintian", file]).output
            // The program under test may find the Swift runtime beside its toolchain; the one that is
            // packaged carries it.
            let found = said.split(separator: "\n").filter {
                ($0.hasPrefix("E:") || $0.hasPrefix("W:")) && !$0.contains("custom-library-search")
            }
            #expect(found == [], "what lintian may say is explained in deploy/debian")
        }
    }

    @Test func `the configuration of the package is right`() throws {
        let file = Folders.project.appendingPathComponent("deploy/debian/postern.yaml").path
        let (_, output) = try ReceiverProcess.run([
            ReceiverProcess.binary, "check", "--config", file,
        ])
        // Its folders are made by the package; nothing else may be wrong.
        let other = output.split(separator: "\n").filter {
            !$0.contains("the folder /etc/postern/") && !$0.hasPrefix("configuration is fine")
        }
        #expect(other == [], "\(output)")
    }
}
