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
            if let bytes = settings.segmentBytesMax { options.segmentBytesMax = bytes }
            if let age = settings.segmentAgeMillisecondsMax {
                options.segmentAgeMillisecondsMax = Int64(age)
            }
            return try FileQueue(
                name: settings.name, path: path, options: options, access: access,
                nowMilliseconds: now)
        }
    }
}
