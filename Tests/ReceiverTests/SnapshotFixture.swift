import EventQueue
import Foundation

@testable import Receiver

extension Snapshot {
    /// A configuration without queues, read from files as the server reads them.
    ///
    /// - Parameters:
    ///   - integrations: names, and further lines of their files.
    ///   - accounts: ids, and the names of their integrations.
    ///   - configuration: further lines of `postern.yaml`.
    static func loaded(
        integrations: [(name: String, more: String)], accounts: [(id: String, name: String)] = [],
        configuration: String = "", metrics: Metrics = Metrics()
    ) throws -> Snapshot {
        var files = ["postern.yaml": "integrations: ./i\naccounts: ./a\n" + configuration]
        for (name, more) in integrations {
            let verification =
                more.contains("config:")
                ? "" : "config: { webhook: { signature_verification: none } }"
            files["i/\(name).yaml"] = "name: \(name)\n\(more)\n\(verification)\n"
        }
        for (number, (id, name)) in accounts.enumerated() {
            files["a/\(number).yaml"] = "id: \(id)\nintegration: \(name)\ncontext: {}\n"
        }
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("postern-snapshot-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files {
            let file = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        let loaded = ConfigurationLoader(file: folder.appendingPathComponent("postern.yaml").path)
            .load()
        let group = try QueueGroup(
            queues: [], settings: [], limits: CommitLimits(), metrics: metrics)
        return Snapshot(loaded, metrics: metrics, group: group)
    }
}
