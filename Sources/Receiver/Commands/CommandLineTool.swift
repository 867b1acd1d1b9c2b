/// The `postern` program.
package enum CommandLineTool {
    package static let version = "0.1.0"

    /// Every command, in the order of the help.
    package static let commands: [CommandSpecification] =
        ServeCommands.all + [
            EvalCommand.specification, SendCommand.specification, ReplayCommand.specification,
            WorkCommand.specification,
        ]
        + QueueCommands.all + QuarantineCommands.all + ListCommands.all + VendorCommands.all
        + InformationCommands.all

    /// Runs a command line.
    ///
    /// - Parameters:
    ///   - arguments: without the program's name.
    ///   - terminal: where output goes.
    /// - Returns: what the program exits with.
    package static func run(_ arguments: [String], terminal: Terminal = Terminal()) -> ExitCode {
        guard let first = arguments.first else {
            terminal.errorLine(overview)
            return .usage
        }
        if first == "--help" || first == "-h" || first == "help" {
            terminal.write(helpText(Array(arguments.dropFirst()).filter { !$0.hasPrefix("-") }))
            return .done
        }
        if first == "--version" { return run(["version"], terminal: terminal) }
        guard let command = find(arguments) else { return unknown(arguments, terminal) }
        let rest = Array(arguments.dropFirst(command.path.count))
        if rest.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
            terminal.write(command.help)
            return .done
        }
        do throws(UsageError) {
            return command.run(try parse(rest, command, terminal))
        } catch {
            terminal.error("\(error.message)\nusage: \(command.usage)")
            return .usage
        }
    }

    private static func find(_ arguments: [String]) -> CommandSpecification? {
        commands.first { Array(arguments.prefix($0.path.count)) == $0.path }
    }

    private static func unknown(_ arguments: [String], _ terminal: Terminal) -> ExitCode {
        let first = arguments[0]
        let group = commands.filter { $0.path.count > 1 && $0.path[0] == first }
        if !group.isEmpty {
            let wantsHelp = arguments.dropFirst().contains { $0 == "--help" || $0 == "-h" }
            if wantsHelp {
                terminal.write(helpText([first]))
                return .done
            }
            let words = group.map { $0.path[1] }
            let given = arguments.dropFirst().first
            var message = given.map { "unknown command: \(first) \($0)" } ?? "\(first): what of it?"
            if let given, let near = Spelling.nearest(to: given, among: words) {
                message += "; did you mean \(first) \(near)?"
            } else {
                message += " (\(words.joined(separator: ", ")))"
            }
            terminal.error(message)
            return .usage
        }
        var message = "unknown command: \(first)"
        if let near = Spelling.nearest(to: first, among: Set(commands.map { $0.path[0] })) {
            message += "; did you mean \(near)?"
        }
        terminal.error(message + "; see postern --help")
        return .usage
    }

    /// The help of one command, one group, or all.
    static func helpText(_ path: [String]) -> String {
        if let command = find(path), !path.isEmpty { return command.help }
        let chosen = path.first.map { first in commands.filter { $0.path[0] == first } } ?? []
        return chosen.isEmpty
            ? overview + "\n" : "Commands:\n" + CommandSpecification.table(rows(chosen))
    }

    private static func rows(_ commands: [CommandSpecification]) -> [(String, String)] {
        commands.map { ($0.path.joined(separator: " "), $0.summary) }
    }

    static var overview: String {
        """
        Postern receives vendors' webhooks: verifies them, stores them durably, then says 200.

        Usage: postern COMMAND [OPTIONS]

        Commands:
        \(CommandSpecification.table(rows(commands)))
        postern COMMAND --help tells more. Exit codes: 0 done, 1 the thing asked about is wrong,
        64 usage, 69 unavailable, 78 configuration.
        """
    }

    struct UsageError: Error { let message: String }

    /// `--name value`, `--name=value`, flags, positional arguments; `--` ends the options.
    static func parse(
        _ words: [String], _ command: CommandSpecification, _ terminal: Terminal
    ) throws(UsageError) -> Invocation {
        var values: [String: [String]] = [:]
        var positional: [String] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                positional += rest
                break
            }
            // A lone dash is standard input; a negative number is an argument.
            guard word.hasPrefix("-"), word != "-", Double(word) == nil else {
                positional.append(word)
                continue
            }
            let body = word.hasPrefix("--") ? word.dropFirst(2) : word.dropFirst(1)
            let name = String(body.prefix { $0 != "=" })
            guard word.hasPrefix("--"),
                let option = command.options.first(where: { $0.name == name })
            else {
                let near = Spelling.nearest(to: name, among: command.options.map(\.name) + ["help"])
                throw UsageError(
                    message: "unknown option: \(word)"
                        + (near.map { "; did you mean --\($0)?" } ?? ""))
            }
            let value = try self.value(of: option, body, &rest)
            if values[name] != nil, !option.repeats {
                throw UsageError(message: "--\(name) was given twice")
            }
            values[name, default: []].append(value)
        }
        try check(positional, command)
        return Invocation(arguments: positional, values: values, terminal: terminal)
    }

    private static func value(
        of option: OptionSpecification, _ body: Substring, _ rest: inout ArraySlice<String>
    ) throws(UsageError) -> String {
        let equals = body.firstIndex(of: "=")
        guard let placeholder = option.value else {
            guard equals == nil else {
                throw UsageError(message: "--\(option.name) takes no value")
            }
            return ""
        }
        let value: String
        if let equals {
            value = String(body[body.index(after: equals)...])
        } else if let next = rest.popFirst() {
            value = next
        } else {
            throw UsageError(message: "--\(option.name) needs a value: \(placeholder)")
        }
        guard option.choices.isEmpty || option.choices.contains(value) else {
            throw UsageError(
                message: "--\(option.name) takes \(option.choices.joined(separator: ", ")), "
                    + "not \"\(value)\"")
        }
        return value
    }

    private static func check(
        _ positional: [String], _ command: CommandSpecification
    ) throws(UsageError) {
        let required = command.arguments.filter(\.isRequired)
        if positional.count < required.count {
            throw UsageError(message: "\(required[positional.count].name) is missing")
        }
        if positional.count > command.arguments.count, command.arguments.last?.repeats != true {
            throw UsageError(
                message: "unexpected argument: \(positional[command.arguments.count])")
        }
    }
}
