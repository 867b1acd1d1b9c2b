import JSON
import JSONata

/// `postern eval`.
enum EvalCommand {
    static let specification = CommandSpecification(
        ["eval"], "Evaluate a JSONata expression",
        details: """
            Prints the result as JSON, nothing when it is undefined. With --batch each line
            {id, expr, input?, bindings?, timelimit?, depth?} gives a line {id, result},
            {id, undefined: true} or {id, error, position, message}.
            """,
        arguments: [ArgumentSpecification("EXPR", "The expression", required: false)],
        options: [
            OptionSpecification("input", "FILE", "JSON to evaluate it on; - is standard input"),
            OptionSpecification("bindings", "FILE", "A JSON object of variables"),
            OptionSpecification("batch", "FILE", "Evaluate many; - is standard input"),
            OptionSpecification("timeout", "DURATION", "Stop after so long; 10s by default"),
            OptionSpecification("pretty", nil, "Print with line breaks"),
        ], run: run)

    @Sendable private static func run(_ invocation: Invocation) -> ExitCode {
        invocation.checked { () throws(CommandLineTool.UsageError) in
            var limits = EvaluationLimits()
            limits.timeMilliseconds = Int(try invocation.duration("timeout") ?? 10_000)
            if let file = invocation["batch"] {
                guard invocation.arguments.isEmpty else {
                    throw CommandLineTool.UsageError(message: "give EXPR or --batch, not both")
                }
                return batch(file, limits, invocation)
            }
            guard let source = invocation.arguments.first else {
                throw CommandLineTool.UsageError(message: "EXPR is missing")
            }
            return one(source, limits, invocation)
        }
    }

    private static func environment() -> EvaluationEnvironment {
        EvaluationEnvironment(
            nowMilliseconds: Clock.nowMilliseconds, random: { Double.random(in: 0..<1) },
            monotonicNanoseconds: { Clock.monotonicNanoseconds })
    }

    private static func read(_ file: String, _ invocation: Invocation) -> [UInt8]? {
        do throws(FileError) {
            if file == "-" { return try invocation.terminal.readInput() }
            return try FileSystem.read(file, maximum: 1 << 30)
        } catch {
            invocation.terminal.error("\(error)")
            return nil
        }
    }

    private static func json(_ file: String, _ invocation: Invocation) -> JSONValue? {
        guard let bytes = read(file, invocation) else { return nil }
        do throws(JSONError) { return try JSONValue(parsing: bytes) } catch {
            invocation.terminal.error("\(file): \(error)")
            return nil
        }
    }

    private static func one(
        _ source: String, _ limits: EvaluationLimits, _ invocation: Invocation
    ) -> ExitCode {
        var input: JSONValue?
        if let file = invocation["input"] {
            guard let value = json(file, invocation) else { return .unavailable }
            input = value
        }
        var bindings: [String: JSONValue] = [:]
        if let file = invocation["bindings"] {
            guard let value = json(file, invocation) else { return .unavailable }
            guard let object = value.objectValue else {
                return invocation.usage("\(file): bindings must be a JSON object")
            }
            for (name, value) in object { bindings[name] = value }
        }
        do throws(JSONataError) {
            let expression = try Expression(source, limits: limits)
            let result = try expression.evaluate(
                input, bindings: bindings, environment: environment())
            guard let result else { return .done }
            let isPretty = invocation.has("pretty")
            invocation.terminal.print(isPretty ? result.prettyString : result.jsonString)
            return .done
        } catch {
            invocation.terminal.error(error.description)
            return .wrong
        }
    }

    /// Lines of input to lines of output; a line that is no JSON object stops it.
    private static func batch(
        _ file: String, _ limits: EvaluationLimits, _ invocation: Invocation
    ) -> ExitCode {
        guard let bytes = read(file, invocation) else { return .unavailable }
        var number = 0
        var output: [UInt8] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            number += 1
            let request: JSONValue
            do throws(JSONError) { request = try JSONValue(parsing: Array(line)) } catch {
                invocation.terminal.write(output)
                invocation.terminal.error("\(file), line \(number): \(error)")
                return .wrong
            }
            guard let source = request["expr"]?.stringValue else {
                invocation.terminal.write(output)
                invocation.terminal.error("\(file), line \(number): expr must be a string")
                return .wrong
            }
            output += JSONValue.object(answer(request, source, limits)).serialized()
            output.append(UInt8(ascii: "\n"))
            if output.count > 1 << 16 {
                invocation.terminal.write(output)
                output = []
            }
        }
        invocation.terminal.write(output)
        return .done
    }

    private static func answer(
        _ request: JSONValue, _ source: String, _ limits: EvaluationLimits
    ) -> JSONObject {
        var answer: JSONObject = ["id": request["id"] ?? .null]
        var limits = limits
        if let time = request["timelimit"]?.intValue { limits.timeMilliseconds = time }
        if let depth = request["depth"]?.intValue { limits.depthMax = depth }
        var bindings: [String: JSONValue] = [:]
        for (name, value) in request["bindings"]?.objectValue ?? JSONObject() {
            bindings[name] = value
        }
        do throws(JSONataError) {
            let expression = try Expression(source, limits: limits)
            let result = try expression.evaluate(
                request["input"], bindings: bindings, environment: environment())
            if let result { answer["result"] = result } else { answer["undefined"] = true }
        } catch {
            answer["error"] = .string(error.code)
            answer["position"] =
                error.position >= 0 ? .number(JSONNumber(Double(error.position))) : nil
            answer["message"] = .string(error.message)
        }
        return answer
    }
}
