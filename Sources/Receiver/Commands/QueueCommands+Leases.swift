import EventQueue
import JSON
import Webhooks

extension QueueCommands {
    @Sendable static func lease(_ invocation: Invocation, _ queue: any EventQueue)
        throws(QueueError)
        -> ExitCode
    {
        let count: Int
        let duration: Int64
        do throws(CommandLineTool.UsageError) {
            count = try invocation.integer("count", default: 1, 1...1000)
            duration = try invocation.duration("for") ?? 60_000
        } catch { return invocation.usage(error.message) }
        let leased = try queue.lease(
            count: count, durationMilliseconds: duration, nowMilliseconds: Clock.nowMilliseconds)
        for one in leased {
            var writer = JSONWriter()
            writer.raw("{\"lease\":")
            writer.write(one.lease.description)
            writer.raw(
                text: ",\"sequence\":\(one.event.sequence),\"attempts\":\(one.event.attempts)")
            writer.raw(",\"event\":")
            writer.raw(one.event.document[...])
            writer.raw("}\n")
            invocation.terminal.write(writer.bytes)
        }
        return .done
    }

    /// The arguments as leases; nil, with a message, when one is none.
    private static func leases(_ invocation: Invocation) -> [Lease]? {
        var leases: [Lease] = []
        for text in invocation.arguments {
            guard let lease = Lease(text) else {
                invocation.terminal.error("\"\(text)\" is no lease; give it as lease printed it")
                return nil
            }
            leases.append(lease)
        }
        return leases
    }

    @Sendable static func ack(_ invocation: Invocation, _ queue: any EventQueue) throws(QueueError)
        -> ExitCode
    {
        guard let leases = leases(invocation) else { return .usage }
        let results = try queue.ack(leases, nowMilliseconds: Clock.nowMilliseconds)
        var table = Table("sequence", "result")
        for (lease, isDone) in zip(leases, results) {
            table.add(
                .number(JSONNumber(Double(lease.sequence))), .string(isDone ? "done" : "lost"))
        }
        invocation.terminal.write(table.text(json: invocation.has("json")))
        return results.allSatisfy { $0 } ? .done : .wrong
    }

    @Sendable static func nack(_ invocation: Invocation, _ queue: any EventQueue) throws(QueueError)
        -> ExitCode
    {
        guard let leases = leases(invocation) else { return .usage }
        let delay: Int64?
        do throws(CommandLineTool.UsageError) { delay = try invocation.duration("delay") } catch {
            return invocation.usage(error.message)
        }
        var table = Table("sequence", "result", "ready_at")
        var code = ExitCode.done
        for lease in leases {
            let outcome = try queue.nack(
                lease, error: invocation["error"], delayMilliseconds: delay,
                nowMilliseconds: Clock.nowMilliseconds)
            let sequence = JSONValue.number(JSONNumber(Double(lease.sequence)))
            switch outcome {
            case .retry(let time): table.add(sequence, "retry", .string(TimeText.iso8601(time)))
            case .dead: table.add(sequence, "dead", nil)
            case .lost:
                table.add(sequence, "lost", nil)
                code = .wrong
            }
        }
        invocation.terminal.write(table.text(json: invocation.has("json")))
        return code
    }

    @Sendable static func extend(_ invocation: Invocation, _ queue: any EventQueue)
        throws(QueueError)
        -> ExitCode
    {
        guard let leases = leases(invocation) else { return .usage }
        let duration: Int64
        do throws(CommandLineTool.UsageError) {
            duration = try invocation.duration("for") ?? 60_000
        } catch { return invocation.usage(error.message) }
        var code = ExitCode.done
        for lease in leases {
            let isKept = try queue.extend(
                lease, durationMilliseconds: duration, nowMilliseconds: Clock.nowMilliseconds)
            if !isKept {
                invocation.terminal.error("the lease \(lease.sequence) had run out")
                code = .wrong
            }
        }
        return code
    }

    @Sendable static func requeue(_ invocation: Invocation, _ queue: any EventQueue)
        throws(QueueError)
        -> ExitCode
    {
        var sequences: [UInt64] = []
        for text in invocation.arguments {
            guard let sequence = UInt64(text) else {
                return invocation.usage("\"\(text)\" is no sequence number")
            }
            sequences.append(sequence)
        }
        let count = try queue.returnDeadLetters(
            sequences.isEmpty ? nil : sequences, nowMilliseconds: Clock.nowMilliseconds)
        invocation.terminal.print("\(count) events are ready again")
        return .done
    }

    @Sendable static func prune(_ invocation: Invocation, _ queue: any EventQueue)
        throws(QueueError)
        -> ExitCode
    {
        var policy = RetentionPolicy()
        let options = ["done-age", "age", "count", "bytes"]
        if options.contains(where: invocation.has) {
            policy = RetentionPolicy(doneAgeMillisecondsMax: nil)
            do throws(CommandLineTool.UsageError) {
                policy.doneAgeMillisecondsMax = try invocation.duration("done-age")
                policy.ageMillisecondsMax = try invocation.duration("age")
                if invocation.has("count") {
                    policy.countMax = try invocation.integer("count", default: 0, 0...Int.max)
                }
            } catch { return invocation.usage(error.message) }
            if let text = invocation["bytes"] {
                guard let bytes = Quantities.bytes(text) else {
                    return invocation.usage("--bytes: \"\(text)\": \(Quantities.sizeAdvice(text))")
                }
                policy.bytesMax = Int64(bytes)
            }
        } else if let configuration = CommonOptions.configuration(invocation),
            let settings = configuration.queues.first(where: { $0.name == queue.name })
        {
            policy = settings.retention
        }
        let result = try queue.prune(policy, nowMilliseconds: Clock.nowMilliseconds)
        var table = Table("events", "bytes")
        table.add(
            .number(JSONNumber(Double(result.events))), .number(JSONNumber(Double(result.bytes))))
        invocation.terminal.write(table.text(json: invocation.has("json")))
        return .done
    }
}

/// `queue tail` and `queue export`.
enum QueueTail {
    /// Events of one page.
    private static let pageCount = 500

    @Sendable static func run(_ invocation: Invocation, _ queue: any EventQueue) throws(QueueError)
        -> ExitCode
    {
        var filter: EventFilter
        let lines: Int
        do throws(CommandLineTool.UsageError) {
            filter = try QueueCommands.filter(invocation, limit: pageCount)
            lines = try invocation.integer("lines", default: 10, 0...100_000)
        } catch { return invocation.usage(error.message) }
        if filter.afterSequence == 0 {
            // Finds where the last lines begin.
            var last = filter
            last.newestFirst = true
            last.limit = lines + 1
            let newest = try queue.list(last)
            filter.afterSequence = newest.count > lines ? newest[lines].sequence : 0
        }
        while true {
            try printPages(&filter, invocation, queue)
            if invocation.has("no-follow") { return .done }
            SystemWait.milliseconds(200)
        }
    }

    @Sendable static func export(_ invocation: Invocation, _ queue: any EventQueue)
        throws(QueueError)
        -> ExitCode
    {
        var filter: EventFilter
        do throws(CommandLineTool.UsageError) {
            filter = try QueueCommands.filter(invocation, limit: pageCount)
        } catch { return invocation.usage(error.message) }
        let progress = ProgressLine(terminal: invocation.terminal, besideOutput: true)
        var count = 0
        try printPages(&filter, invocation, queue) { printed in
            count += printed
            progress.update { "\(count) events" }
        }
        progress.clear()
        return .done
    }

    private static func printPages(
        _ filter: inout EventFilter, _ invocation: Invocation, _ queue: any EventQueue,
        printed: (Int) -> Void = { _ in }
    ) throws(QueueError) {
        while true {
            let page = try queue.list(filter)
            for event in page {
                var line = event.document
                if invocation.has("requests"), !event.request.isEmpty {
                    line = Array(#"{"event":"#.utf8) + event.document
                    line += Array(#","request":"#.utf8) + event.request + [UInt8(ascii: "}")]
                }
                invocation.terminal.write(line + [UInt8(ascii: "\n")])
                filter.afterSequence = max(filter.afterSequence, event.sequence)
            }
            printed(page.count)
            if page.count < pageCount { return }
        }
    }
}
