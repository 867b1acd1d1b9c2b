import EventQueue
import Synchronization

/// Everything that `/metrics` shows but for gauges, which are asked when it is read.
package final class Metrics: Sendable {
    private struct State {
        var integrations: [String: IntegrationCounters] = [:]
        var commits: [String: CommitMetrics] = [:]
        var protocolFailures: [String: UInt64] = [:]
        var reloads: [Bool: UInt64] = [:]
        /// Nil before the first one.
        var lastReloadSucceeded: Bool?
        var limits: [String: UInt64] = [:]
        var keySetFetches: [Bool: UInt64] = [:]
    }
    private let state = Mutex(State())
    private let loops = Mutex<[LoopMetrics]>([])
    let tls = TLSMetrics()
    private let unknownRoutes = Atomic<UInt64>(0)
    private let quarantineDropped = Atomic<UInt64>(0)

    package init() {}

    /// The counters of an integration, made once.
    func counters(of name: String) -> IntegrationCounters {
        state.withLock { state in
            if let counters = state.integrations[name] { return counters }
            let counters = IntegrationCounters(name: name)
            state.integrations[name] = counters
            return counters
        }
    }

    /// What one loop measures.
    func addLoop() -> LoopMetrics {
        let metrics = LoopMetrics()
        loops.withLock { $0.append(metrics) }
        return metrics
    }

    /// Forgets what no longer exists: whoever makes and deletes integrations must not make the answer
    /// grow. Requests under way keep the counters they have; nobody sees those any more.
    func keepOnly(integrations: Set<String>, queues: Set<String>) {
        state.withLock { state in
            state.integrations = state.integrations.filter { integrations.contains($0.key) }
            state.commits = state.commits.filter { queues.contains($0.key) }
        }
    }

    /// Who hears of the commits of these queues; each queue's figures are made once.
    func commitObserver(queueNames: [String]) -> any CommitObserver {
        state.withLock { state in
            CommitTimer(
                queueNames.map { name in
                    if let known = state.commits[name] { return known }
                    let commits = CommitMetrics()
                    state.commits[name] = commits
                    return commits
                })
        }
    }

    private func writeCommits(to text: inout String) {
        let commits = state.withLock { $0.commits }.sorted { $0.key < $1.key }
        CommitMetrics.write(commits.map { (name: $0.key, commits: $0.value) }, to: &text)
    }

    func countUnknownRoute() { unknownRoutes.wrappingAdd(1, ordering: .relaxed) }
    func countQuarantineDropped() { quarantineDropped.wrappingAdd(1, ordering: .relaxed) }
    func countProtocolFailure(status: Int) {
        state.withLock { $0.protocolFailures[String(status), default: 0] &+= 1 }
    }
    /// Counts a limit that was reached, by its name in the configuration.
    func countLimit(_ name: String) { state.withLock { $0.limits[name, default: 0] &+= 1 } }
    func countKeySetFetch(succeeded: Bool) {
        state.withLock { $0.keySetFetches[succeeded, default: 0] &+= 1 }
    }
    func countReload(succeeded: Bool) {
        state.withLock {
            $0.reloads[succeeded, default: 0] &+= 1
            $0.lastReloadSucceeded = succeeded
        }
    }

    /// A value that is asked for when the metrics are read.
    struct Gauge {
        let name: String
        let help: String
        /// Label text with braces, and the value.
        var values: [(labels: String, value: String)]
    }

    /// The Prometheus text exposition format, version 0.0.4.
    func text(gauges: [Gauge], logDropped: UInt64) -> String {
        let (integrations, failures, reloads) = state.withLock {
            ($0.integrations, $0.protocolFailures, $0.reloads)
        }
        let sorted = integrations.values.sorted { $0.name < $1.name }
        var text = """
            # HELP postern_requests_total Requests by integration, outcome and reason.
            # TYPE postern_requests_total counter

            """
        for counters in sorted {
            for (outcome, reason, count) in counters.all {
                text += "postern_requests_total{integration=\(Self.quote(counters.name)),"
                text += "outcome=\"\(outcome.rawValue)\",reason=\(Self.quote(reason))} \(count)\n"
            }
        }
        text += "# HELP postern_events_total Events stored, by integration.\n"
        text += "# TYPE postern_events_total counter\n"
        for counters in sorted where counters.eventCount > 0 {
            text += "postern_events_total{integration=\(Self.quote(counters.name))} "
            text += "\(counters.eventCount)\n"
        }
        text += "# HELP postern_unknown_routes_total Requests answered 404.\n"
        text += "# TYPE postern_unknown_routes_total counter\n"
        text += "postern_unknown_routes_total \(unknownRoutes.load(ordering: .relaxed))\n"
        text += "# HELP postern_protocol_failures_total Requests refused by HTTP's rules.\n"
        text += "# TYPE postern_protocol_failures_total counter\n"
        for (status, count) in failures.sorted(by: { $0.key < $1.key }) {
            text += "postern_protocol_failures_total{status=\"\(status)\"} \(count)\n"
        }
        text += "# HELP postern_reloads_total Reloads of the configuration.\n"
        text += "# TYPE postern_reloads_total counter\n"
        for (succeeded, count) in reloads.sorted(by: { $0.key && !$1.key }) {
            text += "postern_reloads_total{result=\"\(succeeded ? "done" : "refused")\"} \(count)\n"
        }
        let isCurrent = state.withLock { $0.lastReloadSucceeded } != false
        text += "# HELP postern_config_last_reload_successful 0: the last reload was refused.\n"
        text += "# TYPE postern_config_last_reload_successful gauge\n"
        text += "postern_config_last_reload_successful \(isCurrent ? 1 : 0)\n"
        text += "# HELP postern_quarantine_dropped_total Requests not kept in quarantine.\n"
        text += "# TYPE postern_quarantine_dropped_total counter\n"
        text += "postern_quarantine_dropped_total \(quarantineDropped.load(ordering: .relaxed))\n"
        text += "# HELP postern_log_dropped_total Log records dropped: nobody took them in time.\n"
        text += "# TYPE postern_log_dropped_total counter\n"
        text += "postern_log_dropped_total \(logDropped)\n"
        writeLimits(to: &text)
        tls.write(to: &text)
        LoopMetrics.write(loops.withLock { $0 }, to: &text)
        writeCommits(to: &text)
        text += "# HELP postern_build_info The program that runs.\n"
        text += "# TYPE postern_build_info gauge\n"
        text += "postern_build_info{version=\(Self.quote(CommandLineTool.version))} 1\n"
        for gauge in gauges {
            text += "# HELP \(gauge.name) \(gauge.help)\n# TYPE \(gauge.name) gauge\n"
            for (labels, value) in gauge.values { text += "\(gauge.name)\(labels) \(value)\n" }
        }
        return text
    }

    private func writeLimits(to text: inout String) {
        let (limits, fetches) = state.withLock { ($0.limits, $0.keySetFetches) }
        text += "# HELP postern_limits_hit_total Limits that were reached, by name.\n"
        text += "# TYPE postern_limits_hit_total counter\n"
        for (name, count) in limits.sorted(by: { $0.key < $1.key }) {
            text += "postern_limits_hit_total{limit=\(Self.quote(name))} \(count)\n"
        }
        text += "# HELP postern_key_set_fetches_total Fetches of key sets.\n"
        text += "# TYPE postern_key_set_fetches_total counter\n"
        for (succeeded, count) in fetches.sorted(by: { $0.key && !$1.key }) {
            text += "postern_key_set_fetches_total{result=\"\(succeeded ? "done" : "failed")\"}"
            text += " \(count)\n"
        }
    }

    /// A label's value with its quotes.
    static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": quoted += "\\\\"
            case "\"": quoted += "\\\""
            case "\n": quoted += "\\n"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
