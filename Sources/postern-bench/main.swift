import Glibc
import JSON

let arguments = Array(CommandLine.arguments.dropFirst())
do {
    if arguments.first == "queue" {
        try QueueBenchmarkCommand.run(Array(arguments.dropFirst()))
    } else if arguments.first == "timing" {
        try TimingBenchmark.run(Array(arguments.dropFirst()))
    } else if arguments.first == "report" {
        try ReportBenchmark.run(Array(arguments.dropFirst()))
    } else if arguments.first == "pipeline" {
        try PipelineBenchmark.run(Array(arguments.dropFirst()))
    } else if arguments.first == "fuzz" {
        try FuzzCommand.run(Array(arguments.dropFirst()))
    } else {
        try runJSONata()
    }
} catch is UsageError {
    exit(64)
} catch {
    print("postern-bench: \(error)")
    exit(1)
}

struct UsageError: Error {}

/// `postern-bench jsonata`.
func runJSONata() throws {
    guard arguments.count >= 3, arguments[0] == "jsonata", arguments[1] == "--cases" else {
        print("usage: postern-bench jsonata --cases FILE [--json | --repeat COUNT]")
        print("       \(QueueBenchmarkCommand.usage)")
        print("       \(TimingBenchmark.usage)")
        print("       \(PipelineBenchmark.usage)")
        print("       \(ReportBenchmark.usage)")
        print("       \(FuzzCommand.usage)")
        print("       \(HTTPFuzz.usage)")
        throw UsageError()
    }

    if let place = arguments.firstIndex(of: "--repeat"), place + 1 < arguments.count,
        let count = Int(arguments[place + 1])
    {
        return try JSONataBenchmark.repeat(file: arguments[2], count)
    }
    let rows = try JSONataBenchmark.run(file: arguments[2])
    if arguments.contains("--json") {
        let values = rows.map { row -> JSONValue in
            [
                "name": .string(row.name), "compile_ns": .number(JSONNumber(row.compile)),
                "evaluate_ns": .number(JSONNumber(row.evaluate)),
                "from_text_ns": .number(JSONNumber(row.fromText)),
                "allocations": .number(JSONNumber(Double(row.allocations))),
                "right": .bool(row.isRight),
            ]
        }
        print(JSONValue.array(values).jsonString)
    } else {
        print(
            "median ns: compile, evaluate a parsed document, from text to text; allocations from text to text"
        )
        for row in rows {
            let figures = [row.compile, row.evaluate, row.fromText].map {
                String(Int($0.rounded()))
            }
            print(
                row.name, figures.joined(separator: " "), row.allocations,
                row.isRight ? "" : "WRONG RESULT")
        }
    }
}
