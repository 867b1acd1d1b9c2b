import JSON
import Receiver

/// `postern-bench queue`.
enum QueueBenchmarkCommand {
    static let usage = """
        postern-bench queue throughput|retention|recovery --type sqlite|file --folder EMPTY_FOLDER
               [--consumers N] [--seconds N] [--events N] [--keep N] [--bytes N] [--body BYTES]
        """

    /// Prints one JSON object.
    ///
    /// - Throws: `UsageError`, or what the queue throws.
    static func run(_ arguments: [String]) throws {
        var values: [String: String] = [:]
        var rest = arguments.dropFirst()
        while let name = rest.popFirst() {
            guard name.hasPrefix("--"), let value = rest.popFirst() else { throw wrong() }
            values[String(name.dropFirst(2))] = value
        }
        func number(_ name: String, _ usual: Int) throws -> Int {
            guard let text = values[name] else { return usual }
            guard let number = Int(text), number > 0 else { throw wrong() }
            return number
        }
        guard let kind = values["type"], let folder = values["folder"] else { throw wrong() }
        try FileSystem.makeFolder(folder)
        // A run leaves the queue's own folder behind, empty.
        let events = FileSystem.join(folder, "events")
        guard try FileSystem.list(folder).allSatisfy({ $0 == "events" }),
            try !FileSystem.isFolder(events) || FileSystem.list(events).isEmpty
        else {
            print("\(folder) is not empty")
            throw UsageError()
        }
        let benchmark = QueueBenchmark(
            kind: kind, folder: folder, bodyBytes: try number("body", 1024))
        let result: JSONObject
        switch arguments.first {
        case "throughput":
            result = try benchmark.throughput(
                consumers: values["consumers"] == "0" ? 0 : try number("consumers", 1),
                seconds: Double(try number("seconds", 10)))
        case "retention":
            result = try benchmark.retention(
                events: try number("events", 1_000_000), keep: try number("keep", 50_000))
        case "recovery":
            result = try benchmark.recovery(bytes: try number("bytes", 1_000_000_000))
        default: throw wrong()
        }
        print(JSONValue.object(result).jsonString)
        try benchmark.clean()
    }

    private static func wrong() -> UsageError {
        print("usage: \(usage)")
        return UsageError()
    }
}
