import JSON

/// The parts of a CloudEvent that are the same in all events of an integration, as JSON.
struct EventFrame: Sendable {
    /// The CloudEvents source of an event without account.
    let source: String
    /// `,"source":…,"type":`.
    let sourceAndType: [UInt8]
    /// `","integration":…`, which ends the string before.
    let integration: [UInt8]

    var byteCount: Int { sourceAndType.count + integration.count }

    init(_ integration: Integration) {
        source = "/integrations/\(integration.name)"
        var writer = JSONWriter()
        writer.raw(",\"source\":")
        writer.write(source)
        writer.raw(",\"type\":")
        sourceAndType = writer.bytes
        writer = JSONWriter()
        writer.raw("\",\"integration\":")
        writer.write(integration.name)
        self.integration = writer.bytes
    }
}
