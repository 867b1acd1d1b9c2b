import Glibc

/// What the process takes of the system, under the names that every Prometheus client library uses
/// (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics).
struct ProcessFigures {
    private let startMilliseconds = Clock.nowMilliseconds

    /// Asked when the metrics are read.
    var gauges: [Metrics.Gauge] {
        func gauge(_ name: String, _ help: String, _ value: Double?) -> Metrics.Gauge {
            Metrics.Gauge(name: name, help: help, values: value.map { [("", String($0))] } ?? [])
        }
        return [
            gauge(
                "process_start_time_seconds", "When the process was started, since 1970.",
                Double(startMilliseconds) / 1000),
            gauge(
                "process_resident_memory_bytes", "Resident memory.",
                Self.residentPages.map { Double($0 * sysconf(Int32(_SC_PAGESIZE))) }),
            gauge(
                "process_open_fds", "Open file descriptors.",
                // One of them reads the folder.
                FileSystem.count("/proc/self/fd").map { Double($0 - 1) }),
            gauge("process_max_fds", "Most file descriptors.", Self.descriptorsMax),
        ]
    }

    /// proc_pid_statm(5): the second number.
    private static var residentPages: Int? {
        guard let bytes = try? FileSystem.read("/proc/self/statm") else { return nil }
        let fields = bytes.split(separator: UInt8(ascii: " "))
        return fields.count > 1 ? Int(String(decoding: fields[1], as: UTF8.self)) : nil
    }

    private static var descriptorsMax: Double? {
        var limit = rlimit()
        // unsafe: fills the value given.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return nil
        }
        return Double(limit.rlim_cur)
    }
}
