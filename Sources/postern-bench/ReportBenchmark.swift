import Cryptography
import EventQueue
import JSON
import Receiver

/// What grows costs: the real program under `wrk`, along four axes and with both queues.
struct ReportBenchmark {
    /// One measurement.
    struct Point {
        let value: Int
        let eventsPerSecond: Double
        let p99Milliseconds: Double
        let residentMiB: Double
    }

    /// What changes; everything else stays at `usual`.
    enum Axis: String, CaseIterable {
        case connections
        case integrations
        case body = "body bytes"
        case stored = "stored events"

        func values(isQuick: Bool) -> [Int] {
            switch self {
            case .connections: [1, 8, 64, 256, 1000, 10_000]
            case .integrations: [1, 100, 1000, 10_000]
            case .body: [1024, 4096, 16_384, 65_536, 262_144, 1_000_000]
            case .stored:
                isQuick ? [1, 1000, 10_000, 100_000] : [1, 10_000, 100_000, 1_000_000, 10_000_000]
            }
        }
    }

    /// One way to run the program.
    struct Setting {
        var connections = 64
        var integrations = 1
        var body = 2048
        var stored = 0

        init(_ axis: Axis, _ value: Int) {
            switch axis {
            case .connections: connections = value
            case .integrations: integrations = value
            case .body: body = value
            case .stored: stored = value
            }
        }
    }

    static let usage = """
        postern-bench report --postern FILE --folder EMPTY_FOLDER --output FOLDER [--quick]
        """
    static let queues = ["file", "sqlite"]

    let program: String
    let folder: String
    let isQuick: Bool

    /// Writes `report.md` and `report.svg` to the output folder.
    ///
    /// - Throws: `UsageError`, or what a measurement throws.
    static func run(_ arguments: [String]) throws {
        func value(_ name: String) throws -> String {
            guard let place = arguments.firstIndex(of: name), place + 1 < arguments.count else {
                print("usage: \(usage)")
                throw UsageError()
            }
            return arguments[place + 1]
        }
        let benchmark = ReportBenchmark(
            program: try value("--postern"), folder: try value("--folder"),
            isQuick: arguments.contains("--quick"))
        let output = try value("--output")
        guard try Shell.output(of: "command -v wrk") != "" else {
            print("postern-bench: needs wrk (apt-get install wrk)")
            throw UsageError()
        }
        try FileSystem.makeFolder(benchmark.folder)
        try FileSystem.makeFolder(output)
        var panels: [ReportDrawing.Panel] = []
        for axis in Axis.allCases {
            var series: [(name: String, points: [Point])] = []
            for queue in queues {
                var points: [Point] = []
                for value in axis.values(isQuick: benchmark.isQuick) {
                    let point = try benchmark.measure(queue, axis, value)
                    print(
                        queue, axis.rawValue, value, Int(point.eventsPerSecond),
                        point.p99Milliseconds, point.residentMiB)
                    points.append(point)
                }
                series.append((queue, points))
            }
            panels.append(ReportDrawing.Panel(title: axis.rawValue, series: series))
        }
        let drawing = ReportDrawing(panels: panels)
        try FileSystem.write(
            Array(drawing.markdown.utf8), to: FileSystem.join(output, "report.md"))
        try FileSystem.write(Array(drawing.svg.utf8), to: FileSystem.join(output, "report.svg"))
    }

    private func measure(_ queue: String, _ axis: Axis, _ value: Int) throws -> Point {
        let setting = Setting(axis, value)
        let work = FileSystem.join(folder, "run")
        _ = try Shell.output(of: "rm -rf '\(work)'")
        try FileSystem.makeFolder(work)
        try FileSystem.makeFolder(FileSystem.join(work, "integrations.d"))
        try configure(work, queue, setting)
        if setting.stored > 0 { try fill(work, queue, setting.stored) }
        let text = try Shell.output(of: command(work, setting))
        _ = try Shell.output(of: "rm -rf '\(work)'")
        guard !text.contains("Non-2xx"), let rate = Self.number(after: "Requests/sec:", in: text),
            // With the space, since a deviation may be 86.99 %.
            let p99 = Self.number(after: " 99%", in: text),
            let memory = Self.number(after: "VmRSS:", in: text)
        else {
            throw Shell.Failure(description: "\(queue), \(axis.rawValue) \(value): \(text)")
        }
        return Point(
            value: value, eventsPerSecond: rate, p99Milliseconds: p99 * 1000,
            residentMiB: memory / 1024)
    }

    /// A number and its unit of time, in seconds; other units are left alone.
    static func number(after label: String, in text: String) -> Double? {
        guard let range = text.firstRange(of: label) else { return nil }
        let rest = text[range.upperBound...].drop { $0 == " " || $0 == "\t" }
        let digits = rest.prefix { $0.isNumber || $0 == "." }
        guard let number = Double(String(digits)) else { return nil }
        let unit = rest[digits.endIndex...].prefix { $0.isLetter }
        switch unit {
        case "us": return number / 1_000_000
        case "ms": return number / 1000
        case "m": return number * 60
        default: return number
        }
    }
}
