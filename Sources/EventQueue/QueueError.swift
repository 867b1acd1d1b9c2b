/// Why a queue or store could not do what it was asked.
package struct QueueError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The closed set of reasons.
    package enum Code: String, Sendable, CaseIterable {
        /// More is in flight than the limits allow.
        case full
        /// No space on the device, or the quota is used up.
        case diskFull
        /// The folder, file or database takes no writes.
        case readOnly
        /// The device failed.
        case inputOutput
        /// Stored bytes are not what was written.
        case corrupt
        /// Another process writes to this queue.
        case locked
        /// The queue was closed, or is closing.
        case closed
        /// The queue does not exist.
        case notFound
        /// The event is larger than the queue stores.
        case tooLarge
        /// An argument is out of range.
        case invalid
        /// Anything else that the system reported.
        case system
    }

    /// What the layer below reported.
    package enum Underlying: Sendable, Equatable {
        /// An `errno`.
        case system(Int32)
        /// SQLite's primary and extended result codes.
        case sqlite(primary: Int32, extended: Int32)
    }

    /// The reason.
    package var code: Code
    /// What was being done: `fdatasync of segment`, `commit`. Never holds data of an event.
    package var operation: String
    /// What the layer below reported.
    package var underlying: Underlying?

    package init(_ code: Code, _ operation: String, _ underlying: Underlying? = nil) {
        self.code = code
        self.operation = operation
        self.underlying = underlying
    }

    package var description: String {
        var text = "\(operation): \(code.sentence)"
        switch underlying {
        case .system(let number): text += " (errno \(number))"
        case .sqlite(let primary, let extended): text += " (SQLite \(primary), \(extended))"
        case nil: break
        }
        return text
    }
}

extension QueueError.Code {
    /// The reason in words.
    var sentence: String {
        switch self {
        case .full: "too much is in flight"
        case .diskFull: "no space is left on the device"
        case .readOnly: "not writable"
        case .inputOutput: "the device failed"
        case .corrupt: "stored data is damaged"
        case .locked: "another process writes to it"
        case .closed: "closed"
        case .notFound: "not found"
        case .tooLarge: "too large"
        case .invalid: "argument out of range"
        case .system: "the system refused"
        }
    }
}
