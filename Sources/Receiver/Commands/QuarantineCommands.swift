import EventQueue
import JSON
import Webhooks

/// `postern quarantine …`: the requests that were refused.
enum QuarantineCommands {
    static let all: [CommandSpecification] = [
        CommandSpecification(
            ["quarantine", "list"], "List refused requests, newest first",
            options: [
                CommonOptions.config,
                OptionSpecification("integration", "NAME", "Only requests of this integration"),
                OptionSpecification("limit", "COUNT", "At most so many; 100 by default"),
                CommonOptions.json,
            ],
            run: { invocation in
                invocation.checked { () throws(CommandLineTool.UsageError) in
                    let limit = try invocation.integer("limit", default: 100, 1...1_000_000)
                    return with(invocation) { (store) throws(QueueError) in
                        try list(invocation, store, limit)
                    }
                }
            }),
        CommandSpecification(
            ["quarantine", "show"], "Print refused requests whole",
            details: "Secret headers were not kept. postern replay --quarantine runs them again.",
            arguments: [ArgumentSpecification("NUMBER", "As list shows it", repeats: true)],
            options: [CommonOptions.config],
            run: { invocation in
                with(invocation) { (store) throws(QueueError) in try show(invocation, store) }
            }),
        CommandSpecification(
            ["quarantine", "prune"], "Remove refused requests",
            details: "Without --all: what the configuration no longer keeps.",
            options: [
                CommonOptions.config, OptionSpecification("all", nil, "Remove every one"),
                CommonOptions.json,
            ],
            run: { invocation in
                with(invocation) { (store) throws(QueueError) in
                    let count = try store.prune(
                        nowMilliseconds: Clock.nowMilliseconds, all: invocation.has("all"))
                    var table = Table("removed")
                    table.add(.number(JSONNumber(Double(count))))
                    invocation.terminal.write(table.text(json: invocation.has("json")))
                    return .done
                }
            }),
    ]

    /// The quarantine of a configuration; nil when there is none yet.
    static func open(_ configuration: Configuration) throws(QueueError) -> QuarantineStore? {
        let path = FileSystem.join(configuration.dataDirectory, Quarantine.fileName)
        guard FileSystem.exists(path) else { return nil }
        return try QuarantineStore(path: path, limits: Quarantine.limits(configuration.limits))
    }

    private static func with(
        _ invocation: Invocation, _ body: (QuarantineStore) throws(QueueError) -> ExitCode
    ) -> ExitCode {
        guard let configuration = CommonOptions.configuration(invocation) else {
            return .configuration
        }
        do throws(QueueError) {
            guard let store = try open(configuration) else {
                invocation.terminal.error("there is no quarantine in this data directory")
                return .unavailable
            }
            defer { store.close() }
            return try body(store)
        } catch {
            invocation.terminal.error("quarantine: \(error)")
            return .unavailable
        }
    }

    private static func list(
        _ invocation: Invocation, _ store: QuarantineStore, _ limit: Int
    ) throws(QueueError) -> ExitCode {
        var table = Table("number", "received", "integration", "account", "reason", "bytes")
        for request in try store.list(integration: invocation["integration"], limit: limit) {
            table.add(
                .number(JSONNumber(Double(request.number))),
                .string(TimeText.iso8601(request.receivedAtMilliseconds)),
                .string(request.integration), request.account.map(JSONValue.string) ?? .null,
                .string(request.reason), .number(JSONNumber(Double(request.request.count))))
        }
        invocation.terminal.write(table.text(json: invocation.has("json")))
        return .done
    }

    private static func show(
        _ invocation: Invocation, _ store: QuarantineStore
    ) throws(QueueError) -> ExitCode {
        var code = ExitCode.done
        for text in invocation.arguments {
            guard let number = Int64(text), let request = try store.show(number: number) else {
                invocation.terminal.error("the quarantine has no request \(text)")
                code = .wrong
                continue
            }
            let value = try? JSONValue(parsing: request.request)
            invocation.terminal.print(
                value?.prettyString ?? String(decoding: request.request, as: UTF8.self))
        }
        return code
    }
}
