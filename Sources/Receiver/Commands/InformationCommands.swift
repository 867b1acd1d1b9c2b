/// `postern version`, `postern completions` and `postern man`.
enum InformationCommands {
    static let all: [CommandSpecification] = [
        CommandSpecification(["version"], "Print the version") { invocation in
            invocation.terminal.print("postern \(CommandLineTool.version)")
            return .done
        },
        CommandSpecification(
            ["completions"], "Print completions for a shell",
            arguments: [ArgumentSpecification("SHELL", "bash, zsh or fish")]
        ) { invocation in
            switch invocation.arguments[0] {
            case "bash", "zsh": invocation.terminal.write(bash(invocation.arguments[0]))
            case "fish": invocation.terminal.write(fish())
            default: return invocation.usage("SHELL is bash, zsh or fish")
            }
            return .done
        },
        CommandSpecification(["man"], "Print the manual page in roff") { invocation in
            invocation.terminal.write(manual())
            return .done
        },
    ]

    private static func bash(_ shell: String) -> String {
        let commands = CommandLineTool.commands
        let firsts = commands.map { $0.path[0] }.uniqued().joined(separator: " ")
        var text = shell == "zsh" ? "autoload -U +X bashcompinit && bashcompinit\n" : ""
        text += """
            _postern() {
                local word="${COMP_WORDS[COMP_CWORD]}" words=""
                case "${COMP_WORDS[1]} ${COMP_WORDS[2]}" in

            """
        for command in commands where command.path.count == 2 {
            text +=
                "        \"\(command.path.joined(separator: " "))\") words=\"\(words(command))\" ;;\n"
        }
        for first in commands.map({ $0.path[0] }).uniqued() {
            let group = commands.filter { $0.path[0] == first }
            let list =
                group[0].path.count == 2
                ? group.map { $0.path[1] }.joined(separator: " ") : words(group[0])
            text += "        \"\(first) \"*) words=\"\(list)\" ;;\n"
        }
        text += """
                    *) words="\(firsts)" ;;
                esac
                if [ "$COMP_CWORD" = 1 ]; then words="\(firsts)"; fi
                COMPREPLY=($(compgen -W "$words" -- "$word"))
                if [ ${#COMPREPLY[@]} = 0 ]; then COMPREPLY=($(compgen -f -- "$word")); fi
            }
            complete -F _postern postern

            """
        return text
    }

    private static func words(_ command: CommandSpecification) -> String {
        (command.options.map { "--\($0.name)" } + ["--help"]).joined(separator: " ")
    }

    private static func fish() -> String {
        var text = ""
        for command in CommandLineTool.commands {
            let summary = quote(command.summary)
            let condition: String
            if command.path.count == 1 {
                text += "complete -c postern -n __fish_use_subcommand -f -a \(command.path[0])"
                text += " -d \(summary)\n"
                condition = "__fish_seen_subcommand_from \(command.path[0])"
            } else {
                text += "complete -c postern -n __fish_use_subcommand -f -a \(command.path[0])\n"
                text += "complete -c postern -n '__fish_seen_subcommand_from \(command.path[0])'"
                text += " -f -a \(command.path[1]) -d \(summary)\n"
                condition =
                    "__fish_seen_subcommand_from \(command.path[0]); "
                    + "and __fish_seen_subcommand_from \(command.path[1])"
            }
            for option in command.options {
                text += "complete -c postern -n '\(condition)' -l \(option.name)"
                if option.value != nil { text += " -r" }
                if !option.choices.isEmpty {
                    text += " -f -a '\(option.choices.joined(separator: " "))'"
                }
                text += " -d \(quote(option.help))\n"
            }
        }
        return text
    }

    private static func quote(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "\\'")
            + "'"
    }

    /// man(7).
    private static func manual() -> String {
        var text = """
            .TH POSTERN 1 "" "postern \(CommandLineTool.version)" "User Commands"
            .SH NAME
            postern \\- receive, verify and store webhooks
            .SH SYNOPSIS
            .B postern
            .I COMMAND
            [OPTIONS]
            .SH COMMANDS

            """
        for command in CommandLineTool.commands {
            text += ".SS \(roff(command.usage))\n\(roff(command.summary)).\n"
            if !command.details.isEmpty { text += ".PP\n\(roff(command.details))\n" }
            for argument in command.arguments {
                text += ".TP\n.I \(roff(argument.name))\n\(roff(argument.help))\n"
            }
            for option in command.options {
                let value = option.value.map { " " + $0 } ?? ""
                let choices =
                    option.choices.isEmpty ? "" : " (\(option.choices.joined(separator: ", ")))"
                text += ".TP\n.B \\-\\-\(roff(option.name))\(roff(value))\n"
                text += "\(roff(option.help + choices))\n"
            }
        }
        text += """
            .SH EXIT STATUS
            0 done; 1 the thing asked about is wrong; 64 usage; 69 unavailable; 78 configuration.

            """
        return text
    }

    private static func roff(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "\\": out += "\\e"
            case "-": out += "\\-"
            default: out.append(character)
            }
        }
        return out.hasPrefix(".") || out.hasPrefix("'") ? "\\&" + out : out
    }
}

extension Array where Element: Hashable {
    /// Each element once, in the order of its first place.
    func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
