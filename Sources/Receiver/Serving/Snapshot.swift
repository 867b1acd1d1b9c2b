import Cryptography
import EventQueue
import HTTPServer
import JSON
import Synchronization
import Webhooks

/// What requests need of a configuration besides their integration.
final class ServingSettings: Sendable {
    let trustedProxies: [AddressRange]
    /// `https://hooks.example`.
    let publicURL: String?
    /// How long a round of a loop may take, in nanoseconds.
    let roundNanosecondsMax: UInt64
    private let replaced = Atomic(false)

    /// True until another configuration has taken its place.
    var isCurrent: Bool { !replaced.load(ordering: .relaxed) }

    func retire() { replaced.store(true, ordering: .relaxed) }

    private init(_ other: ServingSettings) {
        trustedProxies = other.trustedProxies.map { $0 }
        publicURL = other.publicURL?.copy()
        roundNanosecondsMax = other.roundNanosecondsMax
    }

    /// The same for one loop, replaced on its own.
    func copy() -> ServingSettings { ServingSettings(self) }

    init(_ configuration: Configuration) {
        trustedProxies = configuration.trustedProxies
        publicURL = configuration.publicURL
        roundNanosecondsMax = RoundTime.nanosecondsMax(configuration.commit)
    }
}

/// One integration as requests use it.
final class ActiveIntegration: Sendable {
    let integration: Integration
    let settings: ServingSettings
    let loggedName: LoggedName
    let pipeline: Pipeline
    let group: QueueGroup
    /// Which one that is, without a reference to count.
    let groupKey: ObjectIdentifier
    let queues: QueueSet
    let counters: IntegrationCounters
    /// Where its requests are counted.
    let counts: IntegrationCounters.Part
    let bodyBytesMax: Int
    /// Deliveries may be checked with keys that are fetched.
    let mayFetchKeySets: Bool
    let accepted: HTTPResponse
    let rejected: HTTPResponse

    init(
        _ integration: Integration, _ settings: ServingSettings, pipeline: Pipeline,
        group: QueueGroup, counters: IntegrationCounters, bodyBytesMax: Int
    ) {
        self.integration = integration
        self.settings = settings
        loggedName = LoggedName(integration.name)
        self.pipeline = pipeline
        self.group = group
        groupKey = ObjectIdentifier(group)
        queues = group.places(of: integration.queues)
        self.counters = counters
        counts = counters.part(of: nil)
        self.bodyBytesMax = bodyBytesMax
        mayFetchKeySets = integration.mayFetchKeySets
        accepted = integration.accepted.flatMap(Self.response) ?? Responses.accepted
        rejected = integration.rejected.flatMap(Self.response) ?? Responses.refused
    }

    private init(_ other: ActiveIntegration, _ settings: ServingSettings, loop: Int) {
        pipeline = other.pipeline.copy()
        integration = pipeline.integration
        self.settings = settings
        loggedName = LoggedName(integration.name)
        group = other.group
        groupKey = other.groupKey
        queues = other.queues
        counters = other.counters
        counts = counters.part(of: loop)
        bodyBytesMax = other.bodyBytesMax
        mayFetchKeySets = other.mayFetchKeySets
        accepted = other.accepted.copy()
        rejected = other.rejected.copy()
    }

    /// The same for one loop (`LoopRoutes`).
    func copy(_ settings: ServingSettings, loop: Int) -> ActiveIntegration {
        ActiveIntegration(self, settings, loop: loop)
    }

    private static func response(_ template: Integration.ResponseTemplate) -> HTTPResponse? {
        HTTPResponse(
            WebhookResponse(
                statusCode: template.statusCode, headers: template.headers, body: template.body))
    }
}

/// Where a request goes.
final class Destination: Sendable {
    let active: ActiveIntegration
    /// The account's id and configured context; nil for the integration itself.
    let account: LoadedAccount?

    init(active: ActiveIntegration, account: LoadedAccount?) {
        self.active = active
        self.account = account
    }
}

/// One configuration, whole and immutable; a request uses one from its start to its end.
package final class Snapshot: Sendable {
    package let configuration: Configuration
    let settings: ServingSettings
    let group: QueueGroup
    private let integrations: [ActiveIntegration]
    private let routes: RouteTable

    init(_ loaded: LoadedConfiguration, metrics: Metrics, group: QueueGroup) {
        self.group = group
        configuration = loaded.configuration
        let settings = ServingSettings(loaded.configuration)
        self.settings = settings
        var byName: [String: ActiveIntegration] = [:]
        var byID: [String: ActiveIntegration] = [:]
        for entry in loaded.integrations where entry.integration.isEnabled {
            let integration = entry.integration
            let active = ActiveIntegration(
                integration, settings,
                pipeline: Pipeline(
                    integration: integration, environmentVariables: loaded.variables.values,
                    bodyBytesMax: loaded.configuration.http.bodyBytesMax),
                group: group, counters: metrics.counters(of: integration.name),
                bodyBytesMax: integration.bodyBytesMax ?? loaded.configuration.http.bodyBytesMax)
            byName[integration.name] = active
            if let id = integration.id { byID[id] = active }
        }
        integrations = Array(byName.values)
        routes = RouteTable(byName: byName, byID: byID, accounts: loaded.accounts)
    }

    var integrationCount: Int { integrations.count }

    /// Addresses of key sets that the configuration names.
    var keySetAddresses: Set<String> {
        Set(integrations.flatMap(\.integration.keySetAddresses))
    }

    /// The destination of a path (SPEC §3), or nil: unknown integration, account and path look alike.
    func destination(of path: Substring) -> Destination? { routes[path] }
}
