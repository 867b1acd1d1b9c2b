import CYAML

/// One event of libyaml, copied out of C.
struct YAMLEvent {
    enum Kind {
        case streamStart
        case streamEnd
        case documentStart
        case documentEnd
        case alias
        case scalar
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
    }

    let kind: Kind
    let mark: SourceMark
    /// The anchor that a node sets, or that an alias names.
    var anchor: String?
    /// An explicit tag.
    var tag: String?
    /// A scalar's text.
    var value = ""
    /// True for a scalar without quotes and not a block.
    var isPlain = false
}

/// Why libyaml could not go on.
struct YAMLSyntaxError: Error {
    let mark: SourceMark
    let message: String
}

/// Owns a libyaml parser and the text it reads.
@safe final class YAMLEventStream {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>
    private let isReady: Bool

    init(_ bytes: [UInt8]) {
        // unsafe: both allocations are owned by this object and freed in deinit; libyaml keeps the
        // input's address while it parses, so the bytes must not move.
        unsafe parser = .allocate(capacity: 1)
        unsafe input = .allocate(capacity: max(bytes.count, 1))
        _ = unsafe input.initialize(from: bytes)
        isReady = unsafe yaml_parser_initialize(parser) == 1
        if isReady { unsafe yaml_parser_set_input_string(parser, input.baseAddress, bytes.count) }
    }

    deinit {
        // unsafe: nothing refers to the parser or its input any more.
        if isReady { unsafe yaml_parser_delete(parser) }
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    /// The next event. After `streamEnd` it must not be called again.
    func next() throws(YAMLSyntaxError) -> YAMLEvent {
        guard isReady else {
            throw YAMLSyntaxError(mark: .start, message: "out of memory")
        }
        // unsafe: the event is filled by libyaml, read, and released by yaml_event_delete below.
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { unsafe yaml_event_delete(&event) }
        return unsafe Self.copy(event)
    }

    private static func copy(_ event: yaml_event_t) -> YAMLEvent {
        let mark = unsafe mark(event.start_mark)
        switch unsafe event.type {
        case YAML_STREAM_END_EVENT: return YAMLEvent(kind: .streamEnd, mark: mark)
        case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, mark: mark)
        case YAML_DOCUMENT_END_EVENT: return YAMLEvent(kind: .documentEnd, mark: mark)
        case YAML_SEQUENCE_END_EVENT: return YAMLEvent(kind: .sequenceEnd, mark: mark)
        case YAML_MAPPING_END_EVENT: return YAMLEvent(kind: .mappingEnd, mark: mark)
        case YAML_ALIAS_EVENT:
            let alias = unsafe event.data.alias
            return unsafe YAMLEvent(kind: .alias, mark: mark, anchor: text(alias.anchor))
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return unsafe YAMLEvent(
                kind: .scalar, mark: mark, anchor: text(scalar.anchor), tag: text(scalar.tag),
                value: String(decoding: bytes, as: UTF8.self),
                isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            return unsafe YAMLEvent(
                kind: .sequenceStart, mark: mark, anchor: text(start.anchor), tag: text(start.tag))
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            return unsafe YAMLEvent(
                kind: .mappingStart, mark: mark, anchor: text(start.anchor), tag: text(start.tag))
        default: return YAMLEvent(kind: .streamStart, mark: mark)
        }
    }

    /// libyaml counts lines and columns from 0.
    private static func mark(_ mark: yaml_mark_t) -> SourceMark {
        SourceMark(line: mark.line + 1, column: mark.column + 1)
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        // unsafe: libyaml ends its anchors and tags with NUL.
        guard let pointer = unsafe pointer else { return nil }
        return unsafe String(cString: pointer)
    }

    private func failure() -> YAMLSyntaxError {
        // unsafe: reads the parser's error fields; problem and context are C string literals.
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) }
        let context = unsafe parser.pointee.context.map { unsafe String(cString: $0) }
        let isReading = unsafe parser.pointee.error == YAML_READER_ERROR
        let mark = unsafe Self.mark(
            isReading ? parser.pointee.mark : parser.pointee.problem_mark)
        var message = problem ?? "not YAML"
        if let context { message += " (\(context))" }
        if isReading {
            message += unsafe " at byte \(parser.pointee.problem_offset); write UTF-8 text"
        }
        return YAMLSyntaxError(mark: mark, message: message)
    }
}
