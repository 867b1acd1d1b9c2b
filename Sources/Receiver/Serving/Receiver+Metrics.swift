import Cryptography
import EventQueue
import HTTPServer
import Synchronization

extension Receiver {
    /// What `/metrics` answers.
    func metricsText() -> String {
        let group = group
        let load = group.committer.load
        var gauges = [
            Metrics.Gauge(
                name: "postern_connections", help: "Open connections.",
                values: [("", String(server.connectionCount))]),
            Metrics.Gauge(
                name: "postern_requests_in_flight", help: "Requests that wait for their answer.",
                values: [("", String(server.requestsInFlight))]),
            Metrics.Gauge(
                name: "postern_body_bytes_buffered", help: "Memory that incomplete bodies take.",
                values: [("", String(server.bodyBytesBuffered))]),
            Metrics.Gauge(
                name: "postern_disk_free_bytes", help: "Free where the data directory lies.",
                values: FileSystem.freeBytes(dataDirectory).map { [("", String($0))] } ?? []),
            Metrics.Gauge(
                name: "postern_in_flight_events", help: "Events accepted and not yet stored.",
                values: [("", String(load.events))]),
            Metrics.Gauge(
                name: "postern_in_flight_bytes", help: "Their bytes.",
                values: [("", String(load.bytes))]),
            Metrics.Gauge(
                name: "postern_integrations", help: "Integrations that are enabled.",
                values: [("", String(handler.current.integrationCount))]),
            Metrics.Gauge(
                name: "postern_quarantine_requests", help: "Requests kept in quarantine.",
                values: [("", String(quarantine.count))]),
        ]
        gauges.append(
            Metrics.Gauge(
                name: "postern_tls_certificate_expiry_seconds",
                help: "When a listener's certificate ends, in seconds since 1970.",
                values: tlsSlots.withLock { $0 }.sorted { $0.key < $1.key }.flatMap {
                    keyPath, slot in
                    slot.current.certificates.map { certificate in
                        (
                            "{listener=\(Metrics.quote(keyPath)),"
                                + "subject=\(Metrics.quote(certificate.subject))}",
                            String(certificate.notAfter)
                        )
                    }
                }))
        var depth: [(labels: String, value: String)] = []
        var dead: [(labels: String, value: String)] = []
        var age: [(labels: String, value: String)] = []
        var bytes: [(labels: String, value: String)] = []
        for queue in group.queues {
            guard let stats = try? queue.stats(nowMilliseconds: Clock.nowMilliseconds) else {
                continue
            }
            let labels = "{queue=\(Metrics.quote(queue.name))}"
            depth.append((labels, String(stats.depth)))
            dead.append((labels, String(stats.dead)))
            age.append((labels, String(Double(stats.oldestAgeMilliseconds ?? 0) / 1000)))
            bytes.append((labels, String(stats.bytes)))
        }
        gauges.append(
            Metrics.Gauge(
                name: "postern_queue_depth", help: "Events that are neither done nor dead.",
                values: depth))
        gauges.append(
            Metrics.Gauge(
                name: "postern_queue_oldest_event_seconds",
                help: "Age of the oldest event that is neither done nor dead; 0 without one.",
                values: age))
        gauges.append(
            Metrics.Gauge(name: "postern_queue_dead", help: "Dead letters.", values: dead))
        gauges.append(
            Metrics.Gauge(name: "postern_queue_bytes", help: "Bytes on disk.", values: bytes))
        gauges += figures.gauges
        return metrics.text(gauges: gauges, logDropped: log.dropped)
    }
}
