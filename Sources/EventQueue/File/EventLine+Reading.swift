import JSON

extension EventLine {
    /// What stands before the event in a line whose checksum is right.
    struct Header {
        var sequence: UInt64
        var receivedAtMilliseconds: Int64
        var deduplicateUntil: Int64?
        /// Where the deduplication key is in the buffer.
        var key: Range<Int>
        /// Where the JSON strings are in the buffer, quotes included.
        var integration: Range<Int>
        var account: Range<Int>?
        var id: Range<Int>
        var type: Range<Int>
        /// Where the event and the request are in the buffer.
        var event: Range<Int>
        var request: Range<Int>?
        /// Where the members after them begin.
        var rest: Int
    }

    /// Checks a line, given without its newline.
    /// - Returns: nil for one that was not written like this.
    static func header(_ bytes: [UInt8], _ line: Range<Int>) -> Header? {
        guard var scanner = LineScanner(sealed: bytes, line),
            let sequence = scanner.sequence(after: ",\"sequence\":"),
            let receivedAt = scanner.number(after: ",\"received_at\":")
        else { return nil }
        let deduplicateUntil = scanner.number(after: ",\"deduplicate_until\":")
        let keyStart = scanner.position
        guard let integration = scanner.string(after: ",\"integration\":") else { return nil }
        let account = scanner.string(after: ",\"account\":")
        guard let id = scanner.string(after: ",\"id\":") else { return nil }
        let key = keyStart..<scanner.position
        guard let type = scanner.string(after: ",\"type\":"),
            let eventCount = scanner.number(after: ",\"event_bytes\":")
        else { return nil }
        let requestCount = scanner.number(after: ",\"request_bytes\":")
        guard let event = scanner.skip(eventCount, after: ",\"event\":") else { return nil }
        var request: Range<Int>?
        if let requestCount {
            request = scanner.skip(requestCount, after: ",\"request\":")
            if request == nil { return nil }
        }
        return Header(
            sequence: sequence, receivedAtMilliseconds: receivedAt,
            deduplicateUntil: deduplicateUntil, key: key, integration: integration,
            account: account, id: id, type: type, event: event, request: request,
            rest: scanner.position)
    }

    /// The number of a line that may be damaged; enough to find one's way in a segment.
    static func sequence(_ bytes: [UInt8], lineAt start: Int) -> UInt64? {
        let digits = start + sequenceOffset
        guard digits + SequenceMember.digitCount <= bytes.count else { return nil }
        return SequenceMember.number(bytes[digits..<digits + SequenceMember.digitCount])
    }

    /// The event of a line, as ready.
    static func event(_ bytes: [UInt8], _ line: Range<Int>, _ header: Header) -> StoredEvent {
        var scanner = LineScanner(bytes: bytes, position: header.rest, end: line.upperBound)
        var document = Array(bytes[header.event])
        var request = header.request.map { Array(bytes[$0]) } ?? []
        restore(scanner.numbers(after: ",\"event_breaks\":["), in: &document)
        restore(scanner.numbers(after: ",\"request_breaks\":["), in: &request)
        return StoredEvent(
            sequence: header.sequence, id: text(bytes, header.id),
            integration: text(bytes, header.integration),
            account: header.account.map { text(bytes, $0) }, type: text(bytes, header.type),
            receivedAtMilliseconds: header.receivedAtMilliseconds, document: document,
            request: request)
    }

    /// Decodes a JSON string that our writer made.
    static func text(_ bytes: [UInt8], _ range: Range<Int>) -> String {
        guard let value = try? JSONDocument(parsing: Array(bytes[range])) else { return "" }
        return value.root.stringValue ?? ""
    }

    /// Whether a line, given without its newline, has the checksum that it was written with.
    fileprivate static func isIntact(_ bytes: [UInt8], _ line: Range<Int>) -> Bool {
        guard line.count > prefixCount, line.upperBound <= bytes.count,
            bytes.span.holds(opening, at: line.lowerBound),
            bytes[line.lowerBound + 19] == UInt8(ascii: "\""),
            bytes[line.lowerBound + 20] == UInt8(ascii: ","),
            bytes[line.upperBound - 1] == UInt8(ascii: "}")
        else { return false }
        var stored: UInt32 = 0
        for index in line.lowerBound + opening.utf8CodeUnitCount..<line.lowerBound + 19 {
            // Only the writer's spelling: a flipped bit must not turn into another valid one.
            guard let value = Hex.value(bytes[index]) else { return false }
            stored = stored << 4 | UInt32(value)
        }
        return stored
            == CRC32C.checksum(bytes, line.lowerBound + prefixCount..<line.upperBound)
    }
}

/// Reads the members of a line in the order in which they are written.
struct LineScanner {
    let bytes: [UInt8]
    var position: Int
    let end: Int

    init(bytes: [UInt8], position: Int, end: Int) {
        self.bytes = bytes
        self.position = position
        self.end = end
    }

    /// At the member behind the checksum of a line; nil when that is not right.
    init?(sealed bytes: [UInt8], _ line: Range<Int>) {
        guard EventLine.isIntact(bytes, line) else { return nil }
        self.init(
            bytes: bytes, position: line.lowerBound + EventLine.prefixCount - 1,
            end: line.upperBound)
    }

    /// Moves past the name, if it is next.
    private mutating func take(_ name: StaticString) -> Bool {
        let count = name.utf8CodeUnitCount
        guard position <= end - count, bytes.span.holds(name, at: position) else { return false }
        position += count
        return true
    }

    /// The JSON string behind the name, quotes included.
    mutating func string(after name: StaticString) -> Range<Int>? {
        guard take(name) else { return nil }
        let start = position
        guard start < end, bytes[start] == UInt8(ascii: "\"") else { return nil }
        var index = start + 1
        while index < end {
            if bytes[index] == UInt8(ascii: "\"") {
                position = index + 1
                return start..<position
            }
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }

    /// The twenty digits, in quotes, behind the name.
    mutating func sequence(after name: StaticString) -> UInt64? {
        guard let text = string(after: name) else { return nil }
        return SequenceMember.number(bytes[text.lowerBound + 1..<text.upperBound - 1])
    }

    /// The integer behind the name.
    mutating func number(after name: StaticString) -> Int64? {
        guard take(name) else { return nil }
        return number()
    }

    private mutating func number() -> Int64? {
        var rest = position
        let isNegative = rest < end && bytes[rest] == UInt8(ascii: "-")
        if isNegative { rest += 1 }
        let start = rest
        var number: Int64 = 0
        while rest < end, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[rest]) {
            let digit = Int64(bytes[rest] - UInt8(ascii: "0"))
            let (product, overflow) = number.multipliedReportingOverflow(by: 10)
            // Downwards, since there is one more of them.
            let (sum, carry) = product.subtractingReportingOverflow(digit)
            if overflow || carry { return nil }
            number = sum
            rest += 1
        }
        guard rest > start, isNegative || number != .min else { return nil }
        position = rest
        return isNegative ? number : -number
    }

    /// The integers behind the name, up to the closing bracket; empty when the name is not next.
    mutating func numbers(after name: StaticString) -> [Int] {
        guard take(name) else { return [] }
        var numbers: [Int] = []
        while let number = number() {
            numbers.append(Int(number))
            guard position < end else { break }
            position += 1
            if bytes[position - 1] == UInt8(ascii: "]") { break }
        }
        return numbers
    }

    /// So many bytes behind the name.
    mutating func skip(_ count: Int64, after name: StaticString) -> Range<Int>? {
        guard take(name), count >= 0, count <= Int64(end - position) else { return nil }
        let start = position
        position += Int(count)
        return start..<position
    }
}
