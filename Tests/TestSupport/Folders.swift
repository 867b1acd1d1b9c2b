public import Foundation

/// Where the project and the data beside it lie, found from this file's own place.
public enum Folders {
    /// The checkout's top level.
    public static let project = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// `Vectors/`: the project's own cases, always there.
    public static let vectors = project.appendingPathComponent("Vectors")

    /// `../shared`: third-party cases, used where they lie. `POSTERN_SHARED` overrides the place;
    /// nil when they are absent, and a test that needs them must say so plainly.
    public static let shared: URL? = {
        let environment = ProcessInfo.processInfo.environment["POSTERN_SHARED"]
        let places = [
            environment.map { URL(fileURLWithPath: $0) },
            project.deletingLastPathComponent().appendingPathComponent("shared"),
        ]
        return places.compactMap { $0 }.first {
            FileManager.default.fileExists(atPath: $0.appendingPathComponent("SPEC.md").path)
        }
    }()

    /// A file or folder below `../shared`, or nil when it is absent.
    public static func shared(_ path: String) -> URL? {
        guard let url = shared?.appendingPathComponent(path) else { return nil }
        return FileManager.default.fileExists(atPath: url.path) ? url : nil
    }
}
