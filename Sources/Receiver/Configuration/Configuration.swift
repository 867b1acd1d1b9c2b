package import EventQueue
package import HTTPServer
package import Webhooks

/// The server's settings, checked. Without a file every one has its default (SPEC §2).
package struct Configuration: Sendable {
    /// Where webhooks are received.
    package var listen = [ListenSettings(.tcp(host: "127.0.0.1", port: 8080))]
    /// What vendors call, without a trailing slash; nil: the first listener.
    package var publicURL: String?
    /// Whose `X-Forwarded-…` and PROXY headers are believed.
    package var trustedProxies: [AddressRange] = []
    /// Queues, state and quarantine lie here; relative paths count from it.
    package var dataDirectory = "./postern-data"
    /// A folder of integrations; absent by default is fine.
    package var integrations = Folder(path: "./integrations.d", isGiven: false)
    /// A folder of accounts.
    package var accounts: Folder?
    /// What expressions and placeholders can see.
    package var environmentVariables: [EnvironmentVariable] = []
    package var queues: [QueueSettings] = [
        QueueSettings(name: "main", kind: .sqlite, path: "queue.db")
    ]
    package var http = HTTPLimits()
    package var commit = CommitLimits()
    package var limits = ReceiverLimits()
    package var admin: AdminSettings?
    package var keySets = KeySetSettings()
    package var log = LogSettings()
    /// The file that this was read from.
    package var file: String?

    package init() {}

    /// A folder of configuration files.
    package struct Folder: Sendable, Equatable {
        package var path: String
        /// False for the default, which need not exist.
        package var isGiven: Bool
        package var mark: SourceMark?
    }
}

/// One variable, and where its value comes from.
package struct EnvironmentVariable: Sendable, Equatable {
    package enum Source: Sendable, Equatable {
        /// A variable of the process.
        case environment(String)
        /// A file's contents without the last line break.
        case file(String)
        /// A file of systemd's credentials folder.
        case credential(String)
        /// The value itself.
        case literal(String)
    }

    package var name: String
    package var source: Source
    package var mark: SourceMark
}

/// One queue.
package struct QueueSettings: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case sqlite
        case file
    }

    package var name: String
    package var kind: Kind
    package var path: String
    /// File queues.
    package var segmentBytesMax: Int?
    package var segmentAgeMillisecondsMax: Int?
    package var journalBytes: Int?
    /// What is removed, once a minute; nil keeps everything that is not done.
    package var retention = RetentionPolicy()
    /// Redelivery.
    package var delivery = DeliveryPolicy()

    package init(name: String, kind: Kind, path: String) {
        self.name = name
        self.kind = kind
        self.path = path
    }
}

/// Bounds that are neither the listener's nor the committer's.
package struct ReceiverLimits: Sendable, Equatable {
    /// Threads that read sockets; nil: as `Configuration.loopCount` says.
    package var loops: Int?
    /// Each of them stays on a processor of its own.
    package var staysOnProcessors = true
    /// An account's context.
    package var contextBytesMax = 64 << 10
    /// How long a drain may take before connections are cut.
    package var drainTimeoutMilliseconds = 30_000
    /// Requests kept in quarantine.
    package var quarantineCountMax = 1000
    package var quarantineBytesMax = 64 << 20
    package var quarantineAgeMillisecondsMax = 7 * 86_400_000

    package init() {}
}

/// The second listener.
package struct AdminSettings: Sendable {
    package var listen: [ListenSettings]
    /// Bearer tokens, one of which every admin request must bring; empty: none is needed.
    package var tokens: [EnvironmentVariable]
}

/// How the log is written.
package struct LogSettings: Sendable, Equatable {
    package var format = LogFormat.text
    package var level = LogLevel.info
    /// The level of the line that an accepted request writes. Refused ones always write theirs.
    package var requests = LogLevel.info

    package init() {}
}

/// How key sets (`jwks`) are fetched.
package struct KeySetSettings: Sendable, Equatable {
    /// A file of certificates to trust instead of the system's.
    package var certificateAuthorities: String?
    /// Lets `http://127.0.0.1` be fetched from, for tests.
    package var allowsLoopback = false
    /// One fetch, from looking up the name to the last byte.
    package var timeoutMilliseconds = 5000

    package init() {}
}
