import JSON
import Webhooks

/// `postern integrations …` and `postern accounts …`.
enum ListCommands {
    static let all: [CommandSpecification] = [
        CommandSpecification(
            ["integrations", "list"], "List integrations",
            options: [CommonOptions.config, CommonOptions.json], run: integrations),
        CommandSpecification(
            ["integrations", "show"], "Print an integration as it was read",
            arguments: [ArgumentSpecification("NAME", "Its name or id")],
            options: [CommonOptions.config], run: showIntegration),
        CommandSpecification(
            ["accounts", "list"], "List accounts",
            options: [CommonOptions.config, CommonOptions.json], run: accounts),
        CommandSpecification(
            ["accounts", "show"], "Print an account; values of its context are hidden",
            arguments: [ArgumentSpecification("ID", "Its id")], options: [CommonOptions.config],
            run: showAccount),
    ]

    @Sendable private static func integrations(_ invocation: Invocation) -> ExitCode {
        guard let loaded = CommonOptions.everything(invocation) else { return .configuration }
        var table = Table("name", "id", "label", "verification", "enabled", "path", "file")
        for entry in loaded.integrations {
            let integration = entry.integration
            let webhook = integration.source["config"]?["webhook"]
            let verification = webhook?["signature_verification"]
            let format = verification?["format"]?.stringValue ?? verification?.stringValue
            table.add(
                .string(integration.name), integration.id.map(JSONValue.string) ?? .null,
                integration.source["config"]?["label"]?.stringValue.map(JSONValue.string) ?? .null,
                format.map(JSONValue.string) ?? .null, .bool(integration.isEnabled),
                .string("/webhooks/\(integration.name)"), .string(entry.file))
        }
        invocation.terminal.write(table.text(json: invocation.has("json")))
        return .done
    }

    @Sendable private static func showIntegration(_ invocation: Invocation) -> ExitCode {
        guard let loaded = CommonOptions.everything(invocation) else { return .configuration }
        let name = invocation.arguments[0]
        let found = loaded.integrations.first {
            $0.integration.name == name || $0.integration.id == name
        }
        guard let found else {
            let names = loaded.integrations.map(\.integration.name)
            let near = Spelling.nearest(to: name, among: names).map { "; did you mean \($0)?" }
            invocation.terminal.error("there is no integration \(name)\(near ?? "")")
            return .wrong
        }
        invocation.terminal.print(found.integration.source.prettyString)
        return .done
    }

    @Sendable private static func accounts(_ invocation: Invocation) -> ExitCode {
        guard let loaded = CommonOptions.everything(invocation) else { return .configuration }
        var table = Table("id", "integration", "context", "path", "file")
        for account in loaded.accounts {
            table.add(
                .string(account.id), .string(account.integration),
                .string(account.context.keys.joined(separator: ",")),
                .string("/webhooks/\(account.integration)/\(account.id)"), .string(account.file))
        }
        invocation.terminal.write(table.text(json: invocation.has("json")))
        return .done
    }

    @Sendable private static func showAccount(_ invocation: Invocation) -> ExitCode {
        guard let loaded = CommonOptions.everything(invocation) else { return .configuration }
        let id = invocation.arguments[0]
        guard let account = loaded.accounts.first(where: { $0.id == id }) else {
            invocation.terminal.error("there is no account \(id)")
            return .wrong
        }
        var context = JSONObject()
        for key in account.context.keys { context[key] = "[redacted]" }
        let shown: JSONObject = [
            "id": .string(account.id), "integration": .string(account.integration),
            "context": .object(context),
        ]
        invocation.terminal.print(JSONValue.object(shown).prettyString)
        return .done
    }
}
