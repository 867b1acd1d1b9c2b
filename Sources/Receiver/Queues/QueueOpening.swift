package import EventQueue

/// Opens queues as the configuration describes them.
package enum QueueOpening {
    /// Opens one queue.
    ///
    /// - Parameters:
    ///   - settings: its configuration.
    ///   - folder: the data directory; it must exist when `access` is `.readWrite`.
    ///   - access: appends are the server's alone.
    /// - Returns: the queue, open.
    /// - Throws: what kept it from opening.
    package static func open(
        _ settings: QueueSettings, folder: String, access: QueueAccess
    ) throws(QueueError) -> any EventQueue {
        let path = FileSystem.join(folder, settings.path)
        let now = Clock.nowMilliseconds
        switch settings.kind {
        case .sqlite:
            var options = SQLiteQueueOptions()
            options.delivery = settings.delivery
            return try SQLiteQueue(
                name: settings.name, path: path, options: options, access: access,
                nowMilliseconds: now)
        case .file:
            var options = FileQueueOptions()
            options.delivery = settings.delivery
            options.takeSegments(settings)
            if let bytes = settings.journalBytes { options.journalBytes = bytes }
            return try FileQueue(
                name: settings.name, path: path, options: options, access: access,
                nowMilliseconds: now)
        }
    }

    /// Says in the log what opening had to repair.
    static func report(_ queue: any EventQueue, to log: Log) {
        guard let queue = queue as? FileQueue else { return }
        report(queue.recovery, of: queue, to: log)
    }

    static func report(_ recovery: RecoveryReport, of queue: FileQueue, to log: Log) {
        if recovery.restoredBytes > 0 {
            log.write(
                .info, "queue restored from its journal",
                [("queue", queue.name), ("bytes", String(recovery.restoredBytes))])
        }
        let files = recovery.tornTails + recovery.badSegments + recovery.badJournals
        let damage = recovery.damagedLines + recovery.damagedRecords + recovery.missingBytes
        guard damage > 0 || !files.isEmpty else { return }
        log.write(
            .warning, "queue repaired",
            [
                ("queue", queue.name), ("damaged_lines", String(recovery.damagedLines)),
                ("damaged_records", String(recovery.damagedRecords)),
                ("missing_bytes", String(recovery.missingBytes)),
                ("set_aside", files.joined(separator: " ")),
            ])
    }

    /// Gives an open queue what may change while it is open. Delivery is the consumers' own.
    static func update(_ queue: any EventQueue, _ settings: QueueSettings) {
        guard let queue = queue as? FileQueue else { return }
        var options = FileQueueOptions()
        options.takeSegments(settings)
        queue.rotate(
            bytesMax: options.segmentBytesMax,
            ageMillisecondsMax: options.segmentAgeMillisecondsMax)
    }
}

extension FileQueueOptions {
    fileprivate mutating func takeSegments(_ settings: QueueSettings) {
        if let bytes = settings.segmentBytesMax { segmentBytesMax = bytes }
        if let age = settings.segmentAgeMillisecondsMax { segmentAgeMillisecondsMax = Int64(age) }
    }
}
