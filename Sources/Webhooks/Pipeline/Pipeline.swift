package import Cryptography
import JSON
import JSONata

/// One integration, ready to judge requests, on any thread; each loop has a copy of it.
package final class Pipeline: Sendable {
    package let integration: Integration
    let contextFrame: ContextFrame
    /// Deliveries of which types are verified.
    fileprivate let checkedTypes: [Integration.ResultType]
    fileprivate let verifier: SignatureVerifier?
    /// What the events of all deliveries have in common.
    let eventFrame: EventFrame

    /// - Parameters:
    ///   - integration: what to run.
    ///   - environmentVariables: the only ones that its expressions and placeholders see.
    ///   - bodyBytesMax: the most that a body may have once its content coding is undone.
    package init(
        integration: Integration, environmentVariables: [String: Secret] = [:],
        bodyBytesMax: Int = 1 << 20
    ) {
        self.integration = integration
        contextFrame = ContextFrame(
            id: integration.id ?? integration.name, name: integration.name,
            environmentVariables: environmentVariables,
            bodyBytesMax: integration.bodyBytesMax ?? bodyBytesMax)
        checkedTypes = Array(integration.signatureScope)
        eventFrame = EventFrame(integration)
        verifier = integration.verification.map { SignatureVerifier($0) }
    }

    /// The same in memory of its own (`Integration.copy`).
    package func copy() -> Pipeline {
        Pipeline(
            integration: integration.copy(),
            environmentVariables: contextFrame.environmentVariables,
            bodyBytesMax: contextFrame.bodyBytesMax)
    }

    /// What to do with a request.
    package func run(
        _ request: ReceivedRequest, account: consuming AccountState,
        environment: consuming PipelineEnvironment
    ) -> Decision {
        var trace = PipelineTrace(isRecording: false)
        return run(request, account: account, environment: environment, trace: &trace)
    }

    /// The same, with what each stage did written to `trace`.
    package func run(
        _ request: ReceivedRequest, account: consuming AccountState,
        environment: consuming PipelineEnvironment, trace: inout PipelineTrace
    ) -> Decision {
        let context = RequestContext(
            request: request, account: account, frame: contextFrame, environment: environment)
        var run = PipelineRun(pipeline: self, context: context, trace: trace)
        let decision = run.decide()
        trace = run.trace
        return decision
    }
}

/// One request on its way through the stages.
private struct PipelineRun {
    /// Not a copy of the integration: it has some twenty members to count references of.
    let pipeline: Pipeline
    let context: RequestContext
    var trace: PipelineTrace
    /// When the last stage ended, for whoever wants to know.
    var lastEnd: UInt64?

    /// Ends the run early with its decision.
    private struct Ended: Error {
        let decision: Decision
    }

    private struct HandlerResult {
        var type = Integration.ResultType.payload
        var response: WebhookResponse?
        var update: JSONObject?
    }

    mutating func decide() -> Decision {
        do throws(Ended) {
            try checkBody()
            try transform()
            let result = try handle()
            var verification = VerifiedDelivery.Verification.none
            var isChecked = false
            if pipeline.checkedTypes.contains(result.type) {
                verification = try verify()
                if case .passed = verification { isChecked = true }
            } else {
                trace.record(.signatureVerification, .skipped, "not in signature_scope")
            }
            let update = result.update.map {
                ContextUpdate(
                    members: $0, mayOverwrite: isChecked || pipeline.integration.mayOverwriteContext
                )
            }
            switch result.type {
            case .verify:
                let response =
                    result.response ?? WebhookResponse(statusCode: 200, headers: [], body: [])
                return .handshake(response, contextUpdate: update)
            case .meta: return .meta(contextUpdate: update)
            case .payload:
                return .accepted(
                    VerifiedDelivery(verification: verification, events: try events(verification)),
                    contextUpdate: update)
            }
        } catch {
            return error.decision
        }
    }

    /// When the stage before has ended, since nothing of note lies between.
    private func stageStart() -> UInt64 {
        context.environment.stageEnded == nil
            ? 0 : lastEnd ?? context.environment.monotonicNanoseconds()
    }

    private mutating func stageEnded(_ stage: PipelineStage, since started: UInt64) {
        guard let report = context.environment.stageEnded else { return }
        let now = context.environment.monotonicNanoseconds()
        report(stage, now &- started)
        lastEnd = now
    }

    /// A body that says it is JSON must be JSON, whether or not anything reads it.
    private mutating func checkBody() throws(Ended) {
        let started = stageStart()
        defer { stageEnded(.context, since: started) }
        if context.claimsJSON || context.hasContentCoding {
            if case .failure(let reason) = context.body() {
                trace.record(.context, .refused, reason.rawValue)
                throw Ended(decision: .malformed(reason))
            }
        }
        trace.record(.context, .passed, "\(context.request.body.count) bytes")
    }

    private mutating func evaluate(
        _ compiled: Integration.CompiledExpression, _ stage: PipelineStage
    ) throws(Ended) -> JSONValue? {
        do throws(JSONataError) {
            let randomBits = context.environment.randomBits
            let outside = EvaluationEnvironment(
                nowMilliseconds: context.environment.nowMilliseconds,
                random: { PipelineEnvironment.number(randomBits()) },
                monotonicNanoseconds: context.environment.monotonicNanoseconds)
            let input = LazyObject(context)
            // What a transform takes over as it was is neither made nor written anew.
            return stage == .payloadTransform
                ? try compiled.expression.changes(of: input, environment: outside)
                : try compiled.expression.evaluate(input, environment: outside)
        } catch {
            // A body that cannot be read is the caller's fault, not the expression's.
            if case .failure(let reason) = context.body() {
                throw Ended(decision: .malformed(reason))
            }
            throw fail(
                stage, error.code, error.summary,
                position: error.position >= 0 ? error.position : nil)
        }
    }

    private mutating func fail(
        _ stage: PipelineStage, _ code: String, _ message: String, position: Int? = nil
    ) -> Ended {
        let failure = StageFailure(stage: stage, code: code, position: position, message: message)
        trace.record(stage, .failed, failure.description)
        return Ended(decision: .failed(failure))
    }

    private mutating func transform() throws(Ended) {
        guard let compiled = pipeline.integration.payloadTransform else { return }
        let started = stageStart()
        defer { stageEnded(.payloadTransform, since: started) }
        let result = try evaluate(compiled, .payloadTransform)
        guard let object = result?.objectValue else {
            throw fail(.payloadTransform, "result_not_object", "the result must be an object")
        }
        trace.record(.payloadTransform, .passed, "replaced \(object.keys.joined(separator: ", "))")
        context.replace(with: object, source: compiled.source)
    }

    private mutating func handle() throws(Ended) -> HandlerResult {
        var result = HandlerResult()
        guard let compiled = pipeline.integration.handleVerification else { return result }
        let started = stageStart()
        defer { stageEnded(.handleVerification, since: started) }
        let value = try evaluate(compiled, .handleVerification) ?? .null
        if value.isNull { return result }
        guard value.kind == .object else {
            throw fail(.handleVerification, "result_not_object", "the result must be an object")
        }
        if let type = value["type"], !type.isNull {
            guard let known = type.stringValue.flatMap(Integration.ResultType.init(rawValue:))
            else {
                throw fail(
                    .handleVerification, "unknown_type", "type must be verify, payload or meta")
            }
            result.type = known
        }
        if let response = value["verification_response"], !response.isNull {
            result.response = try self.response(response)
        }
        if let update = value["update_context"], !update.isNull {
            guard var object = update.objectValue else {
                throw fail(
                    .handleVerification, "update_not_object", "update_context must be an object")
            }
            object["environment_variables"] = nil
            for name in object.keys where context.isReserved(name) {
                throw fail(
                    .handleVerification, "update_reserved_name",
                    "update_context has a key named as a member of the request, of the signature or "
                        + "of the transform's result; give it another name")
            }
            result.update = object.isEmpty ? nil : object
        }
        trace.record(.handleVerification, .passed, result.type.rawValue)
        return result
    }

    private mutating func response(_ value: JSONValue) throws(Ended) -> WebhookResponse {
        let status = value["status_code"]?.intValue ?? 200
        guard (200...599).contains(status) else {
            throw fail(.handleVerification, "invalid_status", "status_code must be 200 to 599")
        }
        var headers: [(String, String)] = []
        var hasType = false
        for (name, value) in value["headers"]?.objectValue ?? JSONObject() {
            let text = value.stringValue ?? value.jsonString
            // A line break would let a caller's text write header fields of its own.
            guard text.utf8.allSatisfy({ $0 >= 0x20 || $0 == 0x09 }),
                !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3A })
            else {
                throw fail(.handleVerification, "invalid_header", "a header has a line break")
            }
            if name.lowercased() == "content-type" { hasType = true }
            headers.append((name, text))
        }
        let body = value["body"] ?? .null
        if let text = body.stringValue {
            if !hasType { headers.append(("Content-Type", "text/plain; charset=utf-8")) }
            return WebhookResponse(statusCode: status, headers: headers, body: Array(text.utf8))
        }
        if body.isNull { return WebhookResponse(statusCode: status, headers: headers, body: []) }
        if !hasType { headers.append(("Content-Type", "application/json")) }
        return WebhookResponse(statusCode: status, headers: headers, body: body.serialized())
    }

    private mutating func verify() throws(Ended) -> VerifiedDelivery.Verification {
        guard let verifier = pipeline.verifier else {
            throw Ended(
                decision: .misconfigured(
                    Misconfiguration(.verificationMissing, key: "signature_verification")))
        }
        if case .none = verifier.scheme {
            trace.record(.signatureVerification, .skipped, "none is configured")
            return .none
        }
        let started = stageStart()
        defer { stageEnded(.signatureVerification, since: started) }
        let outcome = verifier.verify(
            PlaceholderScope(context), nowMilliseconds: context.environment.nowMilliseconds)
        switch outcome {
        case .passed(let format):
            trace.record(.signatureVerification, .passed, format)
            return .passed(format: format)
        case .misconfigured(let problem):
            trace.record(.signatureVerification, .failed, problem.description)
            throw Ended(decision: .misconfigured(problem))
        case .refused(let reason):
            trace.record(.signatureVerification, .refused, reason.rawValue)
            if pipeline.integration.isEnforced { throw Ended(decision: .refused(reason)) }
            return .unverified(reason)
        }
    }

    private mutating func events(
        _ verification: VerifiedDelivery.Verification
    ) throws(Ended) -> [WebhookEvent] {
        let builder = EventBuilder(
            pipeline: pipeline, context: context, verification: verification.text)
        let started = stageStart()
        defer { stageEnded(.events, since: started) }
        guard let fanOut = pipeline.integration.fanOut else { return [builder.event()] }
        let value = try evaluate(fanOut, .events) ?? .array([])
        let items = value.arrayValue ?? [value]
        trace.record(.events, .passed, "\(items.count) events")
        return items.enumerated().map { builder.event(item: $0.element, place: $0.offset) }
    }
}
