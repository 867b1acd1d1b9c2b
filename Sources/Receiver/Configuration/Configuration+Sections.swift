import EventQueue
import HTTPServer

extension Configuration {
    mutating func readQueues(_ reader: inout MappingReader, _ problems: inout Problems) {
        guard let node = reader.value("queues") else { return }
        guard case .sequence(let elements) = node.content, !elements.isEmpty else {
            problems.add(
                node.mark, "queues",
                "expected a list of queues; write - { name: main, type: sqlite, path: queue.db }")
            return
        }
        if elements.count > 64 {
            problems.add(node.mark, "queues", "\(elements.count) queues; at most 64 are possible")
        }
        queues = []
        for (index, element) in elements.enumerated() {
            let path = "queues[\(index)]"
            guard let queue = Self.queue(element, path, &problems) else { continue }
            if queues.contains(where: { $0.name == queue.name }) {
                problems.add(
                    element.mark, "\(path).name",
                    "the queue \(queue.name) stands already in the list; rename one")
            } else if queues.contains(where: { $0.path == queue.path }) {
                problems.add(
                    element.mark, "\(path).path",
                    "another queue has the path \(queue.path); give each its own")
            }
            queues.append(queue)
        }
    }

    private static func queue(
        _ node: ConfigurationNode, _ path: String, _ problems: inout Problems
    ) -> QueueSettings? {
        guard
            var reader = MappingReader(
                node, path: path, example: "{ name: main, type: sqlite, path: queue.db }",
                &problems)
        else { return nil }
        let name = reader.text("name", &problems)
        let kind = reader.choice("type", QueueSettings.Kind.self, &problems)
        let place = reader.text("path", &problems)
        for (key, isGiven) in [
            ("name", reader.value("name") != nil), ("type", reader.value("type") != nil),
        ] where !isGiven {
            problems.add(node.mark, path, "\(key) is missing; every queue has a name and a type")
        }
        var settings = QueueSettings(
            name: name ?? "?", kind: kind ?? .sqlite,
            path: place ?? (kind == .file ? (name ?? "events") : (name ?? "queue") + ".db"))
        let days = 3650 * 86_400_000
        settings.segmentBytesMax = reader.size("segment_bytes_max", 4096...(1 << 30), &problems)
        settings.segmentAgeMillisecondsMax = reader.duration(
            "segment_age_max", 1000...days, &problems)
        settings.journalBytes = journalBytes(&reader, &problems)
        if kind == .sqlite {
            if let value = reader.value("journal_bytes") {
                problems.add(
                    value.mark, reader.path("journal_bytes"),
                    "only queues of type file have a journal of their own")
            }
            for key in ["segment_bytes_max", "segment_age_max"] {
                guard let value = reader.value(key) else { continue }
                problems.add(value.mark, reader.path(key), "only queues of type file have segments")
            }
        }
        if let age = reader.duration("retain_done", 0...days, &problems) {
            settings.retention.doneAgeMillisecondsMax = Int64(age)
        }
        if let age = reader.duration("retain_age", 1000...days, &problems) {
            settings.retention.ageMillisecondsMax = Int64(age)
        }
        settings.retention.countMax = reader.integer("retain_count", 1...Int.max, &problems)
        if let bytes = reader.size("retain_bytes", 4096...(1 << 50), &problems) {
            settings.retention.bytesMax = Int64(bytes)
        }
        if let attempts = reader.integer("attempts_max", 1...1000, &problems) {
            settings.delivery.attemptsMax = attempts
        }
        if let wait = reader.duration("backoff_min", 1...86_400_000, &problems) {
            settings.delivery.backoffMillisecondsMin = Int64(wait)
        }
        if let wait = reader.duration("backoff_max", 1...(30 * 86_400_000), &problems) {
            settings.delivery.backoffMillisecondsMax = Int64(wait)
        }
        reader.finish(&problems)
        return settings
    }

    /// 0, or large enough for a journal to be of use.
    private static func journalBytes(
        _ reader: inout MappingReader, _ problems: inout Problems
    ) -> Int? {
        let bytesMin = 1 << 20
        guard let bytes = reader.size("journal_bytes", 0...(1 << 30), &problems) else {
            return nil
        }
        guard bytes > 0, bytes < bytesMin, let value = reader.value("journal_bytes") else {
            return bytes
        }
        problems.add(
            value.mark, reader.path("journal_bytes"),
            "\(Quantities.sizeText(bytes)) is too little; write 0 for no journal, or a size from "
                + "\(Quantities.sizeText(bytesMin)) to 1GiB")
        return nil
    }

    mutating func readLimits(_ reader: inout MappingReader, _ problems: inout Problems) {
        guard let node = reader.value("limits"),
            var limits = MappingReader(
                node, path: "limits", example: "{ body_bytes_max: 1MiB }", &problems)
        else { return }
        readHTTPLimits(&limits, &problems)
        let gib = 1 << 30
        func set<Value>(_ value: Value?, _ target: inout Value) { if let value { target = value } }
        set(
            limits.integer("events_in_flight_max", 1...1_000_000, &problems),
            &commit.eventsInFlightMax)
        set(
            limits.size("bytes_in_flight_max", 4096...(16 * gib), &problems),
            &commit.bytesInFlightMax)
        set(
            limits.duration("queue_time_max", 10...3_600_000, &problems),
            &commit.queueTimeMilliseconds)
        set(
            limits.integer("events_per_commit_max", 1...100_000, &problems),
            &commit.eventsPerCommitMax)
        set(limits.size("bytes_per_commit_max", 4096...gib, &problems), &commit.bytesPerCommitMax)
        self.limits.loops = limits.integer("threads", 1...256, &problems)
        set(limits.bool("pin_threads", &problems), &self.limits.staysOnProcessors)
        set(
            limits.size("context_bytes_max", 64...(16 << 20), &problems),
            &self.limits.contextBytesMax)
        set(
            limits.duration("drain_timeout", 0...3_600_000, &problems),
            &self.limits.drainTimeoutMilliseconds)
        set(
            limits.integer("quarantine_count_max", 0...1_000_000, &problems),
            &self.limits.quarantineCountMax)
        set(
            limits.size("quarantine_bytes_max", 0...(1 << 40), &problems),
            &self.limits.quarantineBytesMax)
        set(
            limits.duration("quarantine_age_max", 1000...(3650 * 86_400_000), &problems),
            &self.limits.quarantineAgeMillisecondsMax)
        limits.finish(&problems)
    }

    mutating func readAdmin(_ reader: inout MappingReader, _ problems: inout Problems) {
        guard let node = reader.value("admin"),
            var section = MappingReader(
                node, path: "admin", example: "{ listen: 127.0.0.1:8081 }", &problems)
        else { return }
        let listeners = Self.listeners(&section, "listen", &problems)
        if section.value("listen") == nil {
            problems.add(node.mark, "admin", "listen is missing; write listen: 127.0.0.1:8081")
        }
        let tokens = Self.adminTokens(&section, &problems)
        // One that is wrong is reported, and is no reason to say that there is none.
        let isOpen = section.value("token") == nil
        let addresses = listeners.map(\.address)
        for address in addresses where listen.contains(where: { $0.address == address }) {
            if case .tcp(_, 0) = address { continue }
            problems.add(
                section.value("listen")?.mark, "admin.listen",
                "\(address) receives webhooks already; choose another port")
        }
        checkProxies(listeners, section.value("listen")?.mark, "admin.listen", &problems)
        // Whoever comes through a proxy is not of this machine.
        for settings in listeners where isOpen && settings.expectsProxyHeader {
            problems.add(
                section.value("listen")?.mark, "admin.listen",
                "\(settings.address) is reached through a proxy; set admin.token")
        }
        for address in addresses where isOpen && !address.isLocal {
            problems.add(
                section.value("listen")?.mark, "admin.listen",
                "\(address) can be reached from other machines; listen on 127.0.0.1 or unix:/PATH, "
                    + "or set admin.token")
        }
        section.finish(&problems)
        admin = AdminSettings(listen: listeners, tokens: tokens)
    }

    /// One, or a list while they are exchanged.
    private static func adminTokens(
        _ section: inout MappingReader, _ problems: inout Problems
    ) -> [EnvironmentVariable] {
        let nodes = section.list("token")
        if nodes.isEmpty, let node = section.value("token") {
            problems.add(node.mark, "admin.token", "the list is empty; write { file: PATH }")
        }
        return nodes.enumerated().compactMap { index, node in
            let path = nodes.count > 1 ? "admin.token[\(index)]" : "admin.token"
            return source(node, path, &problems).map {
                EnvironmentVariable(name: path, source: $0, mark: node.mark)
            }
        }
    }

    mutating func readLog(_ reader: inout MappingReader, _ problems: inout Problems) {
        guard let node = reader.value("log"),
            var section = MappingReader(
                node, path: "log", example: "{ format: text, level: info }", &problems)
        else { return }
        if let format = section.choice("format", LogFormat.self, &problems) { log.format = format }
        if let level = section.choice("requests", LogLevel.self, &problems) {
            log.requests = level
        }
        if let level = section.choice("level", LogLevel.self, &problems) { log.level = level }
        section.finish(&problems)
    }

    mutating func readKeySets(_ reader: inout MappingReader, _ problems: inout Problems) {
        guard let node = reader.value("key_sets"),
            var section = MappingReader(
                node, path: "key_sets", example: "{ ca_file: PATH }", &problems)
        else { return }
        keySets.certificateAuthorities = section.text("ca_file", &problems)
        if let flag = section.bool("allow_loopback", &problems) { keySets.allowsLoopback = flag }
        if let time = section.duration("timeout", 100...60_000, &problems) {
            keySets.timeoutMilliseconds = time
        }
        section.finish(&problems)
    }
}

extension ListenAddress {
    /// True when only this machine can connect.
    var isLocal: Bool {
        switch self {
        case .tcp(let host, _): host.hasPrefix("127.") || host == "::1"
        case .unix: true
        case .inherited, .activated: false
        }
    }
}
