import EventQueue
import JSON
import Webhooks

/// `postern queue …`.
enum QueueCommands {
    typealias Body = (Invocation, any EventQueue) throws(QueueError) -> ExitCode

    static let filters: [OptionSpecification] = [
        OptionSpecification(
            "state", "STATE", "Only events in this state",
            choices: EventState.allCases.map(\.rawValue), repeats: true),
        OptionSpecification("integration", "NAME", "Only events of this integration"),
        OptionSpecification("account", "ID", "Only events of this account"),
        OptionSpecification("type", "TYPE", "Only events of this type"),
        OptionSpecification("after", "SEQUENCE", "Only events after this number"),
    ]

    static let all: [CommandSpecification] = [
        command(
            "list", "List events",
            filters + [
                OptionSpecification("limit", "COUNT", "At most so many; 100 by default"),
                OptionSpecification("newest", nil, "Newest first"),
                CommonOptions.json,
            ], list),
        command(
            "show", "Print events whole",
            [OptionSpecification("request", nil, "Print the captured request instead")],
            arguments: [
                ArgumentSpecification("EVENT", "A sequence number or an event id", repeats: true)
            ], show),
        CommandSpecification(
            ["queue", "stats"], "Depth, age and size of the queues",
            options: [CommonOptions.config, CommonOptions.queue, CommonOptions.json], run: stats),
        command(
            "lease", "Take events that nobody else gets for a while",
            [
                OptionSpecification("count", "COUNT", "At most so many; 1 by default"),
                OptionSpecification("for", "DURATION", "How long; 60s by default"),
                CommonOptions.json,
            ], details: "Prints one JSON object a line: lease, sequence, attempts and event.", lease
        ),
        command(
            "ack", "Mark leased events as done", [CommonOptions.json],
            arguments: [ArgumentSpecification("LEASE", "As lease printed it", repeats: true)], ack),
        command(
            "nack", "Give leased events back",
            [
                OptionSpecification("error", "TEXT", "What went wrong"),
                OptionSpecification(
                    "delay", "DURATION", "Ready again after so long; by default the backoff"),
                CommonOptions.json,
            ],
            arguments: [ArgumentSpecification("LEASE", "As lease printed it", repeats: true)], nack),
        command(
            "extend", "Keep leased events for longer",
            [OptionSpecification("for", "DURATION", "From now; 60s by default")],
            arguments: [ArgumentSpecification("LEASE", "As lease printed it", repeats: true)],
            extend),
        command(
            "requeue", "Make dead letters ready again", [],
            arguments: [
                ArgumentSpecification(
                    "SEQUENCE", "Which; all of them without", required: false, repeats: true)
            ], requeue),
        command(
            "tail", "Print new events as they come",
            filters + [
                OptionSpecification("lines", "COUNT", "Begin with the last so many; 10 by default"),
                OptionSpecification("follow", nil, "Wait for further ones (the default)"),
                OptionSpecification("no-follow", nil, "Stop at the end"),
            ], QueueTail.run),
        command(
            "export", "Print all events, one JSON object a line",
            filters + [
                OptionSpecification("requests", nil, "Print {event, request} for postern replay")
            ], QueueTail.export),
        command(
            "prune", "Remove events",
            [
                OptionSpecification("done-age", "DURATION", "Done events received so long ago"),
                OptionSpecification("age", "DURATION", "All events received so long ago"),
                OptionSpecification("count", "COUNT", "The oldest, until so many are left"),
                OptionSpecification("bytes", "SIZE", "The oldest, until so many bytes are left"),
                CommonOptions.json,
            ], details: "Without options: what the configuration no longer keeps.", prune),
    ]

    private static func command(
        _ name: String, _ summary: String, _ options: [OptionSpecification],
        arguments: [ArgumentSpecification] = [], details: String = "",
        _ body: @escaping @Sendable (Invocation, any EventQueue) throws(QueueError) -> ExitCode
    ) -> CommandSpecification {
        CommandSpecification(
            ["queue", name], summary, details: details, arguments: arguments,
            options: [CommonOptions.config, CommonOptions.queue] + options
        ) { invocation in
            guard let configuration = CommonOptions.configuration(invocation) else {
                return .configuration
            }
            guard let settings = chosen(invocation, configuration) else { return .usage }
            do throws(QueueError) {
                let queue = try QueueOpening.open(
                    settings, folder: configuration.dataDirectory, access: .consumer)
                defer { queue.close() }
                return try body(invocation, queue)
            } catch { return report(error, settings, invocation) }
        }
    }

    static func chosen(_ invocation: Invocation, _ configuration: Configuration) -> QueueSettings? {
        let name = invocation["queue"]
        let found =
            name.map { name in configuration.queues.first { $0.name == name } }
            ?? configuration.queues.first
        if found == nil {
            let names = configuration.queues.map(\.name).joined(separator: ", ")
            invocation.terminal.error("there is no queue \(name ?? ""); queues: \(names)")
        }
        return found
    }

    static func report(
        _ error: QueueError, _ settings: QueueSettings, _ invocation: Invocation
    ) -> ExitCode {
        if error.code == .invalid { return invocation.usage("\(error)") }
        let hint = error.code == .notFound ? "; has the server run with this configuration?" : ""
        invocation.terminal.error("queue \(settings.name): \(error)\(hint)")
        return .unavailable
    }

    static func filter(
        _ invocation: Invocation, limit: Int
    ) throws(CommandLineTool.UsageError) -> EventFilter {
        let states = invocation.all("state").compactMap(EventState.init(rawValue:))
        return EventFilter(
            states: states.isEmpty ? nil : states, integration: invocation["integration"],
            account: invocation["account"], type: invocation["type"],
            afterSequence: UInt64(try invocation.integer("after", default: 0, 0...Int.max)),
            limit: limit, newestFirst: invocation.has("newest"))
    }

    @Sendable private static func list(_ invocation: Invocation, _ queue: any EventQueue)
        throws(QueueError)
        -> ExitCode
    {
        let filter: EventFilter
        do throws(CommandLineTool.UsageError) {
            let limit = try invocation.integer("limit", default: 100, 1...1_000_000)
            filter = try self.filter(invocation, limit: limit)
        } catch { return invocation.usage(error.message) }
        var table = Table(
            "sequence", "received", "integration", "account", "type", "state", "attempts", "id")
        for event in try queue.list(filter) {
            table.add(
                .number(JSONNumber(Double(event.sequence))),
                .string(TimeText.iso8601(event.receivedAtMilliseconds)), .string(event.integration),
                event.account.map(JSONValue.string) ?? .null, .string(event.type),
                .string(event.state.rawValue), .number(JSONNumber(Double(event.attempts))),
                .string(event.id))
        }
        invocation.terminal.write(table.text(json: invocation.has("json")))
        return .done
    }

    @Sendable private static func show(_ invocation: Invocation, _ queue: any EventQueue)
        throws(QueueError)
        -> ExitCode
    {
        var code = ExitCode.done
        for name in invocation.arguments {
            var event: StoredEvent?
            if let sequence = UInt64(name) { event = try queue.show(sequence: sequence) }
            if event == nil {
                event = try queue.list(EventFilter(id: name, limit: 1, newestFirst: true)).first
            }
            guard let event else {
                invocation.terminal.error("queue \(queue.name) has no event \(name)")
                code = .wrong
                continue
            }
            let bytes = invocation.has("request") ? event.request : event.document
            let value = try? JSONValue(parsing: bytes)
            invocation.terminal.print(value?.prettyString ?? String(decoding: bytes, as: UTF8.self))
        }
        return code
    }

    @Sendable private static func stats(_ invocation: Invocation) -> ExitCode {
        guard let configuration = CommonOptions.configuration(invocation) else {
            return .configuration
        }
        var table = Table(
            "queue", "type", "ready", "leased", "dead", "oldest_ms", "last_sequence", "bytes")
        var code = ExitCode.done
        let name = invocation["queue"]
        if name != nil, chosen(invocation, configuration) == nil { return .usage }
        for settings in configuration.queues where name == nil || settings.name == name {
            do throws(QueueError) {
                let queue = try QueueOpening.open(
                    settings, folder: configuration.dataDirectory, access: .consumer)
                defer { queue.close() }
                let stats = try queue.stats(nowMilliseconds: Clock.nowMilliseconds)
                func number(_ value: some BinaryInteger) -> JSONValue {
                    .number(JSONNumber(Double(value)))
                }
                table.add(
                    .string(settings.name), .string(settings.kind.rawValue), number(stats.ready),
                    number(stats.leased), number(stats.dead),
                    stats.oldestAgeMilliseconds.map { number($0) } ?? .null,
                    number(stats.lastSequence), number(stats.bytes))
            } catch { code = report(error, settings, invocation) }
        }
        invocation.terminal.write(table.text(json: invocation.has("json")))
        return code
    }
}
