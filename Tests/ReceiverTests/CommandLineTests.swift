import Receiver
import Testing

struct CommandLineTests {
    final class Output: @unchecked Sendable {
        // Used by one test at a time.
        var out = ""
        var err = ""
    }

    static func run(_ arguments: String...) -> (ExitCode, Output) {
        let output = Output()
        let code = CommandLineTool.run(
            arguments,
            terminal: Terminal(output: { output.out += $0 }, errors: { output.err += $0 }))
        return (code, output)
    }

    @Test(arguments: CommandLineTool.commands.map(\.path))
    func `every command has help`(path: [String]) {
        let output = Output()
        let terminal = Terminal(output: { output.out += $0 }, errors: { output.err += $0 })
        #expect(CommandLineTool.run(path + ["--help"], terminal: terminal) == .done)
        #expect(output.out.contains("Usage: postern \(path.joined(separator: " "))"))
        #expect(output.out.contains("--help"))
    }

    @Test func `no command is wrong usage`() {
        #expect(
            CommandLineTool.run([], terminal: Terminal(output: { _ in }, errors: { _ in }))
                == .usage)
    }

    @Test func `a misspelt command and option are pointed out`() {
        let (code, output) = Self.run("serv")
        #expect(code == .usage)
        #expect(output.err.contains("did you mean serve?"))
        #expect(Self.run("queue", "lits").1.err.contains("did you mean queue list?"))
        #expect(Self.run("check", "--confg", "x").1.err.contains("did you mean --config?"))
    }

    @Test func `a missing value, a value for a flag and a repeated option are wrong usage`() {
        #expect(Self.run("check", "--config").0 == .usage)
        #expect(Self.run("check", "--json=1").0 == .usage)
        #expect(Self.run("check", "--config", "a", "--config", "b").0 == .usage)
        #expect(Self.run("queue", "list", "--state", "gone").0 == .usage)
        #expect(Self.run("queue", "ack").0 == .usage)
        #expect(Self.run("version", "x").0 == .usage)
    }

    @Test func `a file that is not there is a configuration error`() {
        let (code, output) = Self.run("queue", "list", "--config", "/nonexistent/postern.yaml")
        #expect(code == .configuration)
        #expect(output.err.contains("/nonexistent/postern.yaml: cannot be read"))
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `completions name every command`(shell: String) {
        let (code, output) = Self.run("completions", shell)
        #expect(code == .done)
        for command in CommandLineTool.commands {
            for word in command.path { #expect(output.out.contains(word)) }
        }
    }

    @Test func `an expression is evaluated`() {
        let (code, output) = Self.run("eval", "$sum([1, 2]) & 'x'")
        #expect(code == .done)
        #expect(output.out == "\"3x\"\n")
        #expect(Self.run("eval", "nothing").1.out.isEmpty)
        #expect(Self.run("eval", "1 +").0 == .wrong)
    }
}
