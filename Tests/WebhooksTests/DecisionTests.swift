import Cryptography
import Foundation
import JSON
import TestSupport
import Testing
import Webhooks

/// One request, the integration it is for, and what must come of it.
struct DecisionCase: Sendable, CustomTestStringConvertible {
    let id: String
    let vector: JSONValue
    var testDescription: String { id }

    static let all: [DecisionCase] = {
        let url = Folders.vectors.appendingPathComponent("webhooks/decisions.json")
        guard let data = try? Data(contentsOf: url),
            let file = try? JSONValue(parsing: [UInt8](data))
        else { return [] }
        return (file.arrayValue ?? []).map {
            DecisionCase(id: $0["id"]?.stringValue ?? "", vector: $0)
        }
    }()

    var request: ReceivedRequest {
        let request = vector["request"] ?? [:]
        let headers = (request["headers"]?.arrayValue ?? []).map {
            ($0[0]?.stringValue ?? "", $0[1]?.stringValue ?? "")
        }
        let target = request["target"]?.stringValue ?? "/"
        return ReceivedRequest(
            method: request["method"]?.stringValue ?? "POST", target: target,
            publicURL: "https://hooks.example" + target, path: target[...], query: "",
            fields: HeaderFields(headers), body: Array((request["body"]?.stringValue ?? "").utf8),
            remoteAddress: "192.0.2.1",
            receivedAtMilliseconds: Int64(vector["now"]?.doubleValue ?? 0))
    }

    /// - Parameter copied: by a copy of the pipeline, as loops serve it.
    func decide(trace: inout PipelineTrace, copied: Bool = false) throws -> Decision {
        let (integration, problems) = Integration.parse(vector["integration"] ?? .null)
        let parsed = try #require(integration, "\(problems)")
        var variables: [String: Secret] = [:]
        for (key, value) in vector["environment_variables"]?.objectValue ?? JSONObject() {
            variables[key] = Secret(value.stringValue ?? "")
        }
        let account = AccountState(
            id: vector["account"]?["id"]?.stringValue,
            context: vector["account"]?["context"]?.objectValue ?? JSONObject())
        let environment = PipelineEnvironment(
            nowMilliseconds: Int64(vector["now"]?.doubleValue ?? 0), monotonicNanoseconds: { 0 },
            randomBits: { 4 })
        let pipeline = Pipeline(integration: parsed, environmentVariables: variables)
        return (copied ? pipeline.copy() : pipeline)
            .run(request, account: account, environment: environment, trace: &trace)
    }
}

extension Decision {
    /// The decision in words, as the vectors have it.
    var words: String {
        switch self {
        case .accepted(let delivery, _): "accepted \(delivery.verification.text)"
        case .handshake(let response, _):
            "handshake \(response.statusCode) \(String(decoding: response.body, as: UTF8.self))"
        case .meta: "meta"
        case .refused(let reason): "refused \(reason.rawValue)"
        case .malformed(let reason): "malformed \(reason.rawValue)"
        case .failed(let failure): "failed \(failure.code)"
        case .misconfigured(let problem): "misconfigured \(problem.reason.rawValue)"
        }
    }
}

struct DecisionTests {
    @Test func `there are vectors`() { #expect(DecisionCase.all.count > 80) }

    @Test(arguments: DecisionCase.all)
    func `a request is decided as its vector says`(item: DecisionCase) throws {
        var trace = PipelineTrace(isRecording: true)
        let decision = try item.decide(trace: &trace)
        #expect(decision.words == item.vector["expect"]?.stringValue)
    }

    @Test(arguments: DecisionCase.all)
    func `a copy of a pipeline decides as it does, and makes the same events`(
        item: DecisionCase
    ) throws {
        let both = try [false, true].map { copied in
            var trace = PipelineTrace(isRecording: true)
            let decision = try item.decide(trace: &trace, copied: copied)
            var texts = [decision.words, trace.description]
            if case .accepted(let delivery, _) = decision {
                for event in delivery.events {
                    texts.append(String(decoding: event.cloudEvent, as: UTF8.self))
                    texts.append(String(decoding: event.capturedRequest, as: UTF8.self))
                }
            }
            return texts
        }
        #expect(both[0] == both[1])
    }

    @Test(arguments: DecisionCase.all)
    func `nothing that a decision shows holds the secret`(item: DecisionCase) throws {
        let secret = "5up3r-s3cr3t-value"
        let text = item.vector.jsonString.replacingOccurrences(
            of: "\"k\":\"secret\"", with: "\"k\":\"\(secret)\"")
        let changed = DecisionCase(id: item.id, vector: try JSONValue(parsing: Array(text.utf8)))
        var trace = PipelineTrace(isRecording: true)
        let decision = try changed.decide(trace: &trace)
        #expect(!trace.description.contains(secret))
        #expect(!"\(decision)".contains(secret))
    }

    @Test func `data holds the received bytes`() throws {
        let item = try #require(DecisionCase.all.first { $0.id == "hmac: valid" })
        var trace = PipelineTrace(isRecording: false)
        guard case .accepted(let delivery, _) = try item.decide(trace: &trace) else {
            Issue.record("not accepted")
            return
        }
        let event = try #require(delivery.events.first)
        let text = String(decoding: event.cloudEvent, as: UTF8.self)
        #expect(text.hasSuffix(#","data":{"id":"evt_1", "n": 1.0,"n":2}}"#))
        #expect(event.id == "evt_1" && event.type == "webhook.received")
        let object = try JSONValue(parsing: event.cloudEvent)
        #expect(object["source"]?.stringValue == "/integrations/x/accounts/a1")
        #expect(object["specversion"]?.stringValue == "1.0")
        #expect(try JSONValue(parsing: event.capturedRequest)["body"] == nil)
    }
}
