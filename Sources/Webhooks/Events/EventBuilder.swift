import Cryptography
import JSON

/// Makes CloudEvents 1.0 objects (https://github.com/cloudevents/spec, JSON format) of a delivery.
struct EventBuilder {
    let pipeline: Pipeline
    let context: RequestContext
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
        let id = given.isEmpty ? context.environment.makeIdentifier() : given
        let named = pipeline.integration.eventType.flatMap { scope.text($0) } ?? ""
        let type = named.isEmpty ? "webhook.received" : named
        let (data, holdsBody) = data(item)
        return WebhookEvent(
            id: id, type: type, timeMilliseconds: context.request.receivedAtMilliseconds,
            cloudEvent: cloudEvent(id: id, type: type, data),
            capturedRequest: CapturedRequest.json(
                context.request, redacting: pipeline.integration.redaction,
                // One copy of the body for a delivery, however many elements it has.
                withBody: !holdsBody && place == 0),
            // Without an id of the vendor's there is nothing to recognise a duplicate by.
            deduplicationWindowMilliseconds: given.isEmpty
                ? nil : pipeline.integration.deduplicationWindowMilliseconds)
    }

    /// The CloudEvent's `data`.
    private enum EventData {
        case none
        /// JSON text, as it is stored.
        case json(ArraySlice<UInt8>)
        case text(type: String, [UInt8])
        case base64(type: String, [UInt8])

        var byteCount: Int {
            switch self {
            case .none: 0
            case .json(let bytes): bytes.count
            case .text(let type, let bytes), .base64(let type, let bytes):
                type.utf8.count + bytes.count * 9 / 8
            }
        }
    }

    private func cloudEvent(id: String, type: String, _ data: EventData) -> [UInt8] {
        let frame = pipeline.eventFrame
        let account = context.account.id
        let room = 320 + id.utf8.count + type.utf8.count + frame.byteCount + data.byteCount
        var bytes: [UInt8] = []
        bytes.append(expecting: room) { out in
            out.raw("{\"specversion\":\"1.0\",\"id\":")
            out.string(id)
            if let account {
                out.raw(",\"source\":")
                out.string("\(frame.source)/accounts/\(account)")
                out.raw(",\"type\":")
            } else {
                out.raw(frame.sourceAndType.span)
            }
            out.string(type)
            out.raw(",\"time\":\"")
            TimeText.writeISO8601(context.request.receivedAtMilliseconds, to: &out)
            out.raw(frame.integration.span)
            if let account {
                out.raw(",\"account\":")
                out.string(account)
            }
            out.raw(",\"verification\":")
            out.string(verification)
            Self.write(data, to: &out)
            out.byte("}")
        }
        return bytes
    }

    /// `data`, or `data_base64` for what is no text.
    private static func write(_ data: EventData, to out: inout TextOutput) {
        switch data {
        case .none: break
        case .json(let bytes):
            out.raw(",\"datacontenttype\":\"application/json\",\"data\":")
            out.raw(bytes.span)
        case .text(let type, let bytes):
            out.raw(",\"datacontenttype\":")
            out.string(type)
            out.raw(",\"data\":")
            out.string(bytes.span)
        case .base64(let type, let bytes):
            out.raw(",\"datacontenttype\":")
            out.string(type)
            out.raw(",\"data_base64\":\"")
            out.raw(bytes.span)
            out.raw("\"")
        }
    }

    /// What becomes `data`, and whether the received body's own bytes are in it.
    private func data(_ item: JSONValue?) -> (data: EventData, holdsBody: Bool) {
        if let value = item ?? context.transformed["body"] {
            return (.json(value.serialized()[...]), false)
        }
        let received = context.request.body
        guard !received.isEmpty, let decoded = try? context.decodedBody().get() else {
            return (.none, true)
        }
        if case .node(let node)? = try? context.body().get() {
            // A line break between tokens would end the line of a JSON Lines file: it becomes a space, and
            // the body as received is kept beside the event.
            let value = node.rawBytes
            if LineBreaks.areIn(value) {
                return (.json(value.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }[...]), false)
            }
            let isWhole = decoded.count == value.count && decoded.count == received.count
            return (.json(value), isWhole)
        }
        let type =
            context.request.fields.header(named: "content-type") ?? "application/octet-stream"
        let isText = (try? UTF8Span(validating: decoded.span)) != nil
        return (
            isText
                ? .text(type: type, decoded)
                : .base64(type: type, Encodings.encodeBase64(decoded)),
            decoded.count == received.count
        )
    }
}
