import JSON
import Webhooks

/// `postern vendors …` and `postern init`.
enum VendorCommands {
    static let all: [CommandSpecification] = [
        CommandSpecification(
            ["vendors", "list"], "List the vendors whose integrations come with Postern",
            options: [CommonOptions.json], run: list),
        CommandSpecification(
            ["vendors", "show"], "Say how a vendor signs, what it needs, and how that is known",
            arguments: [ArgumentSpecification("NAME", "Its name in the list")],
            options: [CommonOptions.json], run: show),
        CommandSpecification(
            ["init"], "Write a vendor's integration file",
            details:
                "Prints the file, or writes it with --out; then says which variables it needs and\n"
                + "which address to give the vendor.",
            arguments: [ArgumentSpecification("VENDOR", "A name of postern vendors list")],
            options: [
                CommonOptions.config,
                OptionSpecification("out", "FILE", "Write it there; an existing file is kept"),
                OptionSpecification(
                    "name", "NAME", "Call the integration so (default: the vendor's name)"),
                CommonOptions.json,
            ], run: initialize),
    ]

    @Sendable private static func list(_ invocation: Invocation) -> ExitCode {
        var table = Table("name", "label", "verification", "handshake", "evidence")
        for recipe in VendorRecipe.all {
            table.add(
                .string(recipe.name), .string(recipe.label), .string(recipe.verification),
                .bool(recipe.hasHandshake), recipe.evidence.map(JSONValue.string) ?? .null)
        }
        invocation.terminal.write(table.text(json: invocation.has("json")))
        return .done
    }

    private static func recipe(_ invocation: Invocation) -> VendorRecipe? {
        let name = invocation.arguments[0]
        if let recipe = VendorRecipe.named(name) { return recipe }
        let near = Spelling.nearest(to: name, among: VendorRecipe.all.map(\.name))
        invocation.terminal.error(
            "there is no vendor \(name)"
                + (near.map { "; did you mean \($0)?" } ?? "; see postern vendors list"))
        return nil
    }

    @Sendable private static func show(_ invocation: Invocation) -> ExitCode {
        guard let recipe = recipe(invocation) else { return .wrong }
        if invocation.has("json") {
            let object: JSONObject = [
                "name": .string(recipe.name), "label": .string(recipe.label),
                "verification": .string(recipe.verification),
                "handshake": .bool(recipe.hasHandshake),
                "evidence": recipe.evidence.map(JSONValue.string) ?? .null,
                "documentation": recipe.documentation.map(JSONValue.string) ?? .null,
                "environment_variables": variables(recipe), "notes": .string(notes(recipe)),
                "integration": recipe.value,
            ]
            invocation.terminal.print(JSONValue.object(object).jsonString)
            return .done
        }
        var lines = [
            "name:          \(recipe.name)", "label:         \(recipe.label)",
            "verification:  \(recipe.verification)",
            "handshake:     \(recipe.hasHandshake ? "yes" : "no")",
            "evidence:      \(recipe.evidence ?? "-")",
            "documentation: \(recipe.documentation ?? "-")",
        ]
        for variable in recipe.variables {
            lines.append(
                "variable:      \(variable.name)\(variable.isOptional ? " (optional)" : "")")
        }
        invocation.terminal.print(lines.joined(separator: "\n") + "\n\n" + notes(recipe))
        return .done
    }

    private static func notes(_ recipe: VendorRecipe) -> String {
        recipe.head.joined(separator: "\n")
    }

    private static func variables(_ recipe: VendorRecipe) -> JSONValue {
        .array(
            recipe.variables.map {
                ["name": .string($0.name), "required": .bool(!$0.isOptional)]
            })
    }

    @Sendable private static func initialize(_ invocation: Invocation) -> ExitCode {
        guard let recipe = recipe(invocation) else { return .wrong }
        let name = invocation["name"] ?? recipe.name
        guard let text = renamed(recipe, name) else {
            return invocation.usage(
                "\"\(name)\" is no name; use letters, digits, `-`, `_` and `.`")
        }
        // Without a configuration the defaults stand; one that is broken is another command's matter.
        let configuration = ConfigurationLoader(file: invocation["config"]).loadConfiguration().0
        if let path = invocation["out"] {
            guard !FileSystem.exists(path) else {
                invocation.terminal.error("\(path) is there already; remove it or name another")
                return .wrong
            }
            do throws(FileError) { try FileSystem.write(Array(text.utf8), to: path) } catch {
                invocation.terminal.error("\(error)")
                return .wrong
            }
        }
        let address = (configuration.publicURL ?? "https://YOUR-HOST") + "/webhooks/\(name)"
        if invocation.has("json") {
            let object: JSONObject = [
                "vendor": .string(recipe.name), "name": .string(name),
                "file": invocation["out"].map(JSONValue.string) ?? .null,
                "text": .string(text), "url": .string(address),
                "environment_variables": variables(recipe),
            ]
            invocation.terminal.print(JSONValue.object(object).jsonString)
            return .done
        }
        if invocation["out"] == nil { invocation.terminal.write(text) }
        invocation.terminal.errorLine(
            steps(recipe, address, listed: configuration.environmentVariables.map(\.name)))
        return .done
    }

    /// The recipe's text with another name; nil for a name that an integration cannot have.
    private static func renamed(_ recipe: VendorRecipe, _ name: String) -> String? {
        if name == recipe.name { return recipe.text }
        guard !name.isEmpty,
            name.utf8.allSatisfy({
                $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A || $0 >= 0x30 && $0 <= 0x39
                    || "-_.".utf8.contains($0)
            })
        else { return nil }
        return recipe.text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line == "name: \(recipe.name)" ? "name: \"\(name)\"" : String(line)
        }
        .joined(separator: "\n")
    }

    /// What is left to do.
    private static func steps(
        _ recipe: VendorRecipe, _ address: String, listed: [String]
    ) -> String {
        var lines = ["postern: give \(recipe.label) the address \(address)"]
        let missing = recipe.variables.filter { !$0.isOptional && !listed.contains($0.name) }
        if !missing.isEmpty {
            lines.append(
                "postern: set these in an account's context (see the file's head), or add to the "
                    + "configuration:")
            lines.append("environment_variables:")
            lines += missing.map { "  \($0.name): { env: \($0.name) }" }
        }
        return lines.joined(separator: "\n")
    }
}
