import EventQueue
import HTTPServer
import Webhooks

extension Configuration {
    /// Reads a whole configuration file; problems are collected, and what they touch keeps its default.
    package static func parse(_ root: ConfigurationNode?, file: String) -> (
        Configuration, [Problem]
    ) {
        var problems = Problems(file: file)
        var configuration = Configuration()
        configuration.file = file
        guard let root,
            var reader = MappingReader(
                root, path: "", example: "key: value lines", &problems)
        else { return (configuration, problems.list) }
        configuration.readListeners(&reader, &problems)
        configuration.readFolders(&reader, &problems)
        configuration.readVariables(&reader, &problems)
        configuration.readQueues(&reader, &problems)
        configuration.readLimits(&reader, &problems)
        configuration.readAdmin(&reader, &problems)
        configuration.readLog(&reader, &problems)
        configuration.readKeySets(&reader, &problems)
        reader.finish(&problems)
        let sorted = problems.list.sorted {
            let (left, right) = ($0.mark ?? .start, $1.mark ?? .start)
            return (left.line, left.column) < (right.line, right.column)
        }
        return (configuration, sorted)
    }

    private mutating func readListeners(_ reader: inout MappingReader, _ problems: inout Problems) {
        if reader.value("listen") != nil {
            listen = Self.listeners(&reader, "listen", &problems)
        }
        if let value = reader.value("public_url"),
            let text = MappingReader.string(value, "public_url", &problems)
        {
            publicURL = Self.publicURL(text, value.mark, &problems)
        }
        for (index, node) in reader.list("trusted_proxies").enumerated() {
            let path = "trusted_proxies[\(index)]"
            guard let text = MappingReader.string(node, path, &problems) else { continue }
            guard let range = AddressRange(text) else {
                problems.add(node.mark, path, "\"\(text)\" \(AddressRange.fault(of: text))")
                continue
            }
            trustedProxies.append(range)
        }
        checkProxies(listen, reader.value("listen")?.mark, "listen", &problems)
    }

    /// A listener for PROXY headers needs somebody who may send them.
    func checkProxies(
        _ listeners: [ListenSettings], _ mark: SourceMark?, _ keyPath: String,
        _ problems: inout Problems
    ) {
        for settings in listeners where settings.expectsProxyHeader && trustedProxies.isEmpty {
            if case .unix = settings.address { continue }
            problems.add(
                mark, keyPath,
                "\(settings.address) has proxy_protocol, and nobody may send it; "
                    + "list the proxies in trusted_proxies")
        }
    }

    /// Scheme and authority, and a path perhaps; a trailing slash is dropped.
    static func publicURL(
        _ text: String, _ mark: SourceMark, _ problems: inout Problems
    ) -> String? {
        let rest =
            text.hasPrefix("https://")
            ? text.dropFirst(8) : text.hasPrefix("http://") ? text.dropFirst(7) : ""
        let authority = rest.prefix { $0 != "/" }
        guard !authority.isEmpty, !text.contains(where: { "?# \t\r\n@".contains($0) }) else {
            problems.add(
                mark, "public_url",
                "\"\(text)\" is no base URL; write https://HOST, without query or fragment")
            return nil
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    private mutating func readFolders(_ reader: inout MappingReader, _ problems: inout Problems) {
        if let path = reader.text("data_directory", &problems) { dataDirectory = path }
        if let path = reader.text("integrations", &problems) {
            integrations = Folder(
                path: path, isGiven: true, mark: reader.value("integrations")?.mark)
        }
        if let path = reader.text("accounts", &problems) {
            accounts = Folder(path: path, isGiven: true, mark: reader.value("accounts")?.mark)
        }
    }

    private mutating func readVariables(_ reader: inout MappingReader, _ problems: inout Problems) {
        guard let node = reader.value("environment_variables"),
            let names = MappingReader(
                node, path: "environment_variables", example: "NAME: { env: NAME }", &problems)
        else { return }
        for member in names.allMembers {
            let path = names.path(member.key)
            guard let source = Self.source(member.value, path, &problems) else { continue }
            environmentVariables.append(
                EnvironmentVariable(name: member.key, source: source, mark: member.mark))
        }
    }

    /// A string, or exactly one of `env`, `file`, `credential`.
    static func source(
        _ node: ConfigurationNode, _ path: String, _ problems: inout Problems
    ) -> EnvironmentVariable.Source? {
        if case .string(let text) = node.content { return .literal(text) }
        if let text = node.scalarText {
            var advice = "put it in quotes: \"\(text)\""
            if case .null = node.content {
                advice = "write { env: NAME }, { file: PATH } or { credential: NAME }"
            }
            problems.add(
                node.mark, path,
                "expected a string or {env|file|credential: …}, found \(node.kindInWords); \(advice)"
            )
            return nil
        }
        guard
            var reader = MappingReader(
                node, path: path, example: "{ env: NAME }, { file: PATH } or { credential: NAME }",
                &problems)
        else { return nil }
        let before = problems.list.count
        var sources: [EnvironmentVariable.Source] = []
        if let name = reader.text("env", &problems) { sources.append(.environment(name)) }
        if let path = reader.text("file", &problems) { sources.append(.file(path)) }
        if let name = reader.text("credential", &problems) {
            if name.contains("/") {
                problems.add(
                    node.mark, path, "a credential's name has no slash; use { file: PATH }")
            } else {
                sources.append(.credential(name))
            }
        }
        reader.finish(&problems)
        guard sources.count == 1, let source = sources.first else {
            if problems.list.count == before {
                problems.add(
                    node.mark, path, "give exactly one of env, file and credential")
            }
            return nil
        }
        return source
    }
}
