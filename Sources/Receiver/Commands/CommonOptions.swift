import EventQueue

/// Options and steps that several commands share.
enum CommonOptions {
    static let config = OptionSpecification(
        "config", "FILE", "Configuration file; without it the defaults are used")
    static let json = OptionSpecification("json", nil, "Print one JSON object a line")
    static let queue = OptionSpecification("queue", "NAME", "Queue; the first one by default")

    static let certificateAuthorities = OptionSpecification(
        "ca-file", "FILE", "Trust these certificates for https instead of the system's")

    /// A client for the URLs that a command sends to.
    static func client(_ invocation: Invocation) -> HTTPClient {
        var client = HTTPClient()
        client.certificateAuthorities = invocation["ca-file"]
        return client
    }

    /// The configuration alone, without integrations; prints what is wrong with it.
    static func configuration(_ invocation: Invocation) -> Configuration? {
        let (configuration, problems) = ConfigurationLoader(file: invocation["config"])
            .loadConfiguration()
        let errors = problems.filter { $0.severity == .error }
        for problem in errors { invocation.terminal.errorLine("\(problem)") }
        return errors.isEmpty ? configuration : nil
    }

    /// Everything that the server would load; prints errors.
    static func everything(_ invocation: Invocation) -> LoadedConfiguration? {
        let loaded = ConfigurationLoader(file: invocation["config"]).load()
        let errors = loaded.problems.filter { $0.severity == .error }
        for problem in errors { invocation.terminal.errorLine("\(problem)") }
        return errors.isEmpty ? loaded : nil
    }
}

extension Invocation {
    /// An option that is a whole number; the default when it was not given.
    ///
    /// - Throws: when the text is no number in the range.
    func integer(
        _ option: String, default value: Int, _ range: ClosedRange<Int>
    ) throws(CommandLineTool.UsageError) -> Int {
        guard let text = self[option] else { return value }
        guard let number = Int(text), range.contains(number) else {
            throw CommandLineTool.UsageError(
                message: "--\(option) takes a number from \(range.lowerBound) to "
                    + "\(range.upperBound), not \"\(text)\"")
        }
        return number
    }

    /// An option that is a duration, in milliseconds.
    func duration(_ option: String) throws(CommandLineTool.UsageError) -> Int64? {
        guard let text = self[option] else { return nil }
        guard let number = Quantities.milliseconds(text) else {
            throw CommandLineTool.UsageError(
                message: "--\(option): \"\(text)\" is not a duration; "
                    + Quantities.durationAdvice(text))
        }
        return Int64(number)
    }

    /// Runs a body whose usage errors are reported.
    func checked(
        _ body: () throws(CommandLineTool.UsageError) -> ExitCode
    ) -> ExitCode {
        do throws(CommandLineTool.UsageError) { return try body() } catch {
            return usage(error.message)
        }
    }
}
