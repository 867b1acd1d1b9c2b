/// One option of a command.
package struct OptionSpecification: Sendable {
    /// Without dashes: `config`.
    package let name: String
    /// What its value is called, `FILE`; nil for a flag.
    package let value: String?
    package let help: String
    /// The words it takes, for help and completions; empty for free text.
    package let choices: [String]
    package let repeats: Bool

    package init(
        _ name: String, _ value: String? = nil, _ help: String, choices: [String] = [],
        repeats: Bool = false
    ) {
        self.name = name
        self.value = value
        self.help = help
        self.choices = choices
        self.repeats = repeats
    }
}

/// One positional argument.
package struct ArgumentSpecification: Sendable {
    package let name: String
    package let help: String
    package let isRequired: Bool
    package let repeats: Bool

    package init(_ name: String, _ help: String, required: Bool = true, repeats: Bool = false) {
        self.name = name
        self.help = help
        isRequired = required
        self.repeats = repeats
    }
}

/// One command: what help, completions and the man page say, and what runs it.
package struct CommandSpecification: Sendable {
    /// `["queue", "list"]`.
    package let path: [String]
    package let summary: String
    /// Further paragraphs of its help.
    package let details: String
    package let arguments: [ArgumentSpecification]
    package let options: [OptionSpecification]
    package let run: @Sendable (Invocation) -> ExitCode

    package init(
        _ path: [String], _ summary: String, details: String = "",
        arguments: [ArgumentSpecification] = [], options: [OptionSpecification] = [],
        run: @escaping @Sendable (Invocation) -> ExitCode
    ) {
        self.path = path
        self.summary = summary
        self.details = details
        self.arguments = arguments
        self.options = options
        self.run = run
    }

    /// `postern queue show [OPTIONS] SEQUENCE…`.
    package var usage: String {
        var text = "postern " + path.joined(separator: " ")
        if !options.isEmpty { text += " [OPTIONS]" }
        for argument in arguments {
            let name = argument.name + (argument.repeats ? "…" : "")
            text += argument.isRequired ? " \(name)" : " [\(name)]"
        }
        return text
    }

    /// What `--help` prints.
    package var help: String {
        var text = "\(summary)\n\nUsage: \(usage)\n"
        if !details.isEmpty { text += "\n\(details)\n" }
        var rows = arguments.map { ($0.name, $0.help) }
        if !rows.isEmpty { text += "\nArguments:\n" + Self.table(rows) }
        rows = options.map { option in
            let choices =
                option.choices.isEmpty ? "" : " (\(option.choices.joined(separator: ", ")))"
            return (
                "--\(option.name)" + (option.value.map { " \($0)" } ?? ""),
                option.help + choices
            )
        }
        rows.append(("--help", "Print this help"))
        return text + "\nOptions:\n" + Self.table(rows)
    }

    /// Two columns.
    static func table(_ rows: [(String, String)]) -> String {
        let width = rows.map { $0.0.count }.max() ?? 0
        return rows.map { name, help in
            "  \(name)\(String(repeating: " ", count: width - name.count))  \(help)\n"
        }.joined()
    }
}

/// A command line, taken apart and checked against its command.
package struct Invocation {
    package let arguments: [String]
    private let values: [String: [String]]
    package let terminal: Terminal

    init(arguments: [String], values: [String: [String]], terminal: Terminal) {
        self.arguments = arguments
        self.values = values
        self.terminal = terminal
    }

    /// The option's last value.
    package subscript(option: String) -> String? { values[option]?.last }

    /// All values of an option that repeats.
    package func all(_ option: String) -> [String] { values[option] ?? [] }

    /// True when a flag was given.
    package func has(_ flag: String) -> Bool { values[flag] != nil }

    /// Reports wrong usage.
    package func usage(_ message: String) -> ExitCode {
        terminal.error("\(message); see postern --help")
        return .usage
    }
}
