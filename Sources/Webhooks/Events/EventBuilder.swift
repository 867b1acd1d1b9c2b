import Cryptography
import JSON

/// Makes CloudEvents 1.0 objects (https://github.com/cloudevents/spec, JSON format) of a delivery.
struct EventBuilder {
    let pipeline: Pipeline
    let context: RequestContext
    let environment: PipelineEnvironment
    let verification: String

    /// The delivery as one event, or the element of it at a place.
    func event(item: JSONValue? = nil, place: Int = 0) -> WebhookEvent {
        var scope = PlaceholderScope(context)
        if let item { scope.extra["item"] = item }
        var given = pipeline.integration.eventID.flatMap { scope.text($0) } ?? ""
        // An id of the whole delivery would make every element after the first a duplicate of it.
        if place > 0, !given.isEmpty,
            pipeline.integration.eventID?.roots.contains("item") == false
        {
            given += ".\(place)"
        }
        let id = given.isEmpty ? environment.makeIdentifier() : given
        let named = pipeline.integration.eventType.flatMap { scope.text($0) } ?? ""
        let type = named.isEmpty ? "webhook.received" : named
        let (cloudEvent, holdsBody) = cloudEvent(id: id, type: type, item: item)
        return WebhookEvent(
            id: id, type: type, timeMilliseconds: context.request.receivedAtMilliseconds,
            cloudEvent: cloudEvent,
            capturedRequest: CapturedRequest.json(
                context.request, redacting: pipeline.integration.redaction,
                // One copy of the body for a delivery, however many elements it has.
                withBody: !holdsBody && place == 0),
            // Without an id of the vendor's there is nothing to recognise a duplicate by.
            deduplicationWindowMilliseconds: given.isEmpty
                ? nil : pipeline.integration.deduplicationWindowMilliseconds)
    }

    private func cloudEvent(
        id: String, type: String, item: JSONValue?
    ) -> (bytes: [UInt8], holdsBody: Bool) {
        let frame = pipeline.eventFrame
        var writer = JSONWriter()
        writer.bytes.reserveCapacity(context.request.body.count + 512)
        writer.raw("{\"specversion\":\"1.0\",\"id\":")
        writer.write(id)
        if let account = context.account.id {
            writer.raw(",\"source\":")
            writer.write("\(frame.source)/accounts/\(account)")
            writer.raw(",\"type\":")
        } else {
            writer.bytes.append(contentsOf: frame.sourceAndType)
        }
        writer.write(type)
        writer.raw(",\"time\":\"")
        TimeText.appendISO8601(context.request.receivedAtMilliseconds, to: &writer.bytes)
        writer.bytes.append(contentsOf: frame.integration)
        if let account = context.account.id {
            writer.raw(",\"account\":")
            writer.write(account)
        }
        writer.raw(",\"verification\":")
        writer.write(verification)
        let holdsBody = writeData(&writer, item)
        writer.byte("}")
        return (writer.bytes, holdsBody)
    }

    /// `data`, or `data_base64` for what is no text; true when it holds the received body's own bytes.
    private func writeData(_ writer: inout JSONWriter, _ item: JSONValue?) -> Bool {
        let json: StaticString = ",\"datacontenttype\":\"application/json\",\"data\":"
        if let item {
            writer.raw(json)
            writer.write(item)
            return false
        }
        if let body = context.transformed["body"] {
            writer.raw(json)
            writer.write(body)
            return false
        }
        let received = context.request.body
        guard !received.isEmpty, let decoded = try? context.decodedBody().get() else { return true }
        if case .node(let node)? = try? context.body().get() {
            writer.raw(json)
            // A line break between tokens would end the line of a JSON Lines file: it becomes a space, and
            // the body as received is kept beside the event.
            let value = node.rawBytes
            let hasBreaks = LineBreaks.areIn(value)
            if hasBreaks {
                writer.bytes.append(
                    contentsOf: value.lazy.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 })
            } else {
                writer.raw(value)
            }
            return !hasBreaks && decoded.count == value.count && decoded.count == received.count
        }
        let type =
            context.request.fields.header(named: "content-type") ?? "application/octet-stream"
        writer.raw(",\"datacontenttype\":")
        writer.write(type)
        if let text = String(validating: decoded, as: UTF8.self) {
            writer.raw(",\"data\":")
            writer.write(text)
        } else {
            writer.raw(",\"data_base64\":\"")
            writer.raw(Encodings.encodeBase64(decoded)[...])
            writer.raw("\"")
        }
        return decoded.count == received.count
    }
}
