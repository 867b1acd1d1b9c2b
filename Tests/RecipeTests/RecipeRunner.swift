import Cryptography
import Foundation
import JSON
import Testing
import Webhooks

/// What became of a request, with everything a case compares.
enum Outcome: Sendable {
    case accepted([VendorCase.Event])
    case handshake(status: Int, headers: [VendorCase.Header], body: [UInt8], update: JSONText?)
    case meta
    case refused(String)
    case malformed(String)
    case failed(String)
    case misconfigured(String)

    var isAccepted: Bool { if case .accepted = self { true } else { false } }

    var isMisconfigured: Bool { if case .misconfigured = self { true } else { false } }

    /// Not stored, and no answer that a handshake gives.
    var isRefusal: Bool {
        switch self {
        case .refused, .malformed, .failed: true
        case .accepted, .handshake, .meta, .misconfigured: false
        }
    }
}

/// Sends requests through the whole pipeline of a recipe.
struct RecipeRunner: Sendable {
    var integration: Integration
    var environmentVariables: [String: String] = [:]
    var keySets: [String: JSONText] = [:]

    /// - Throws: when there is no such recipe, or it does not load.
    init(recipe name: String) throws {
        let recipe = try #require(Recipe.byName[name], "there is no recipe \(name).yaml")
        integration = try #require(
            recipe.integration, "\(name).yaml does not load: \(recipe.problems)")
    }

    init(integration: Integration) {
        self.integration = integration
    }

    init(_ vendorCase: VendorCase) throws {
        try self.init(recipe: vendorCase.recipe)
        environmentVariables = vendorCase.environmentVariables
        keySets = vendorCase.keySets
    }

    func run(
        _ request: VendorCase.Request, context: JSONText, atMilliseconds now: Int64
    ) throws -> Outcome {
        // Loops serve copies (`LoopRoutes`).
        let pipeline = Pipeline(
            integration: integration,
            environmentVariables: environmentVariables.mapValues { Secret($0) }
        ).copy()
        let value = try JSONValue(parsing: context.bytes)
        let account = AccountState(id: "acme", context: value.objectValue ?? JSONObject())
        let received = ReceivedRequest(request, atMilliseconds: now)
        return Outcome(
            pipeline.run(received, account: account, environment: environment(now: now)))
    }

    /// A world that stands still, so that a case always gives the same.
    private func environment(now: Int64) -> PipelineEnvironment {
        let keySets = keySets.mapValues(\.bytes)
        return PipelineEnvironment(
            nowMilliseconds: now, monotonicNanoseconds: { 0 },
            randomBits: { 0x0123_4567_89AB_CDEF }, keySet: { address, _ in keySets[address] })
    }
}

extension ReceivedRequest {
    convenience init(_ request: VendorCase.Request, atMilliseconds now: Int64) {
        let afterScheme = request.url.firstRange(of: "://").map { request.url[$0.upperBound...] }
        let authority = afterScheme ?? request.url[...]
        let start = authority.firstIndex { $0 == "/" || $0 == "?" }
        let target = start.map { String(authority[$0...]) } ?? "/"
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(
            method: request.method, target: target, publicURL: request.url,
            path: parts[0], query: parts.count > 1 ? parts[1] : "",
            fields: HeaderFields(request.headers.map { ($0.name, $0.value) }),
            body: request.body, remoteAddress: "192.0.2.1", receivedAtMilliseconds: now)
    }
}

extension Outcome {
    init(_ decision: Decision) {
        switch decision {
        case .accepted(let delivery, _):
            self = .accepted(delivery.events.map { VendorCase.Event(id: $0.id, type: $0.type) })
        case .handshake(let response, let update):
            let members = update.map {
                JSONText(parsing: JSONValue.object($0.members).serialized())
            }
            self = .handshake(
                status: response.statusCode,
                headers: response.headers.map { VendorCase.Header(name: $0.0, value: $0.1) },
                body: response.body, update: members ?? nil)
        case .meta: self = .meta
        case .refused(let reason): self = .refused(reason.rawValue)
        case .malformed(let reason): self = .malformed(reason.rawValue)
        case .failed(let failure): self = .failed(failure.description)
        case .misconfigured(let reason): self = .misconfigured(reason.description)
        }
    }
}
