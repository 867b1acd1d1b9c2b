import Glibc
import JSON

/// One line of a segment: a JSON object without a raw newline.
///
/// ```
/// {"crc32c":"0123abcd","sequence":"00000000000000000042","received_at":1700000000000,
///  "deduplicate_until":1700086400000,"integration":"github","account":"a","id":"x","type":"push",
///  "event_bytes":123,"request_bytes":45,"event":{…},"request":{…},
///  "event_breaks":[…],"request_breaks":[…]}
/// ```
///
/// The checksum covers everything after its own member up to the closing brace. `event_bytes` and
/// `request_bytes` let a reader skip both without parsing them. A JSON text may hold newlines as
/// white space; they are stored as spaces, and `event_breaks` (distance of each from the one
/// before) lets our readers give back the very bytes. `deduplicate_until`, `account`, `request` and
/// the breaks are left out when there are none.
enum EventLine {
    /// The longest line, newline included.
    static let bytesMax = 64 << 20
    /// Bytes before the checksummed part: `{"crc32c":"0123abcd",`.
    static let prefixCount = 21
    static let opening = Array("{\"crc32c\":\"".utf8)
    /// Bytes from a line's start to the digits of the sequence.
    static let sequenceOffset = 33

    /// Appends the line of an event.
    /// - Returns: where in the writer's bytes the deduplication key is: the encoded integration,
    ///   account and id.
    static func append(
        _ event: QueuedEvent, sequence: UInt64, deduplicateUntil: Int64?,
        to writer: inout JSONWriter
    ) -> Range<Int> {
        let start = writer.bytes.count
        writer.raw("{\"crc32c\":\"00000000\",\"sequence\":\"")
        SequenceMember.appendDigits(sequence, to: &writer.bytes)
        writer.raw("\",\"received_at\":")
        appendNumber(event.timeMilliseconds, to: &writer.bytes)
        if let deduplicateUntil {
            writer.raw(",\"deduplicate_until\":")
            appendNumber(deduplicateUntil, to: &writer.bytes)
        }
        let key = appendKey(event, to: &writer)
        writer.raw(",\"type\":")
        writer.write(event.type)
        writer.raw(",\"event_bytes\":")
        let eventCount = SequenceMember.splicedCount(event.document)
        appendNumber(Int64(eventCount), to: &writer.bytes)
        if !event.request.isEmpty {
            writer.raw(",\"request_bytes\":")
            appendNumber(Int64(event.request.count), to: &writer.bytes)
        }
        writer.raw(",\"event\":")
        let eventStart = writer.bytes.count
        SequenceMember.splice(sequence, into: event.document, to: &writer.bytes)
        let eventBreaks = replaceNewlines(&writer.bytes, from: eventStart)
        var requestBreaks: [Int] = []
        if !event.request.isEmpty {
            writer.raw(",\"request\":")
            let requestStart = writer.bytes.count
            writer.bytes.append(contentsOf: event.request)
            requestBreaks = replaceNewlines(&writer.bytes, from: requestStart)
        }
        append(eventBreaks, named: ",\"event_breaks\":[", to: &writer)
        append(requestBreaks, named: ",\"request_breaks\":[", to: &writer)
        writer.raw("}\n")
        seal(&writer.bytes, from: start)
        return key
    }

    /// Appends `,"integration":…,"account":…,"id":…`, by which events are told apart.
    static func appendKey(_ event: QueuedEvent, to writer: inout JSONWriter) -> Range<Int> {
        let start = writer.bytes.count
        writer.raw(",\"integration\":")
        writer.write(event.integration)
        if let account = event.account {
            writer.raw(",\"account\":")
            writer.write(account)
        }
        writer.raw(",\"id\":")
        writer.write(event.id)
        return start..<writer.bytes.count
    }

    /// Writes the checksum of the line that begins at `start` and ends the bytes.
    private static func seal(_ bytes: inout [UInt8], from start: Int) {
        let crc = CRC32C.checksum(bytes, start + prefixCount..<bytes.count - 1)
        for index in 0..<8 {
            let digit = Hex.digits[Int((crc >> UInt32(28 - 4 * index)) & 15)]
            bytes[start + opening.count + index] = digit
        }
    }

    private static func append(
        _ breaks: [Int], named name: StaticString, to writer: inout JSONWriter
    ) {
        guard !breaks.isEmpty else { return }
        writer.raw(name)
        for (index, distance) in breaks.enumerated() {
            if index > 0 { writer.bytes.append(UInt8(ascii: ",")) }
            appendNumber(Int64(distance), to: &writer.bytes)
        }
        writer.bytes.append(UInt8(ascii: "]"))
    }

    /// Makes every newline a space.
    /// - Returns: the distance of each from the one before, the first from `start`.
    private static func replaceNewlines(_ bytes: inout [UInt8], from start: Int) -> [Int] {
        var breaks: [Int] = []
        var from = start
        while let position = newline(in: bytes, from: from) {
            breaks.append(position - (breaks.isEmpty ? start : from - 1))
            bytes[position] = UInt8(ascii: " ")
            from = position + 1
        }
        return breaks
    }

    /// Puts the newlines back.
    static func restore(_ breaks: [Int], in bytes: inout [UInt8]) {
        var position = 0
        for distance in breaks {
            let (next, overflow) = position.addingReportingOverflow(distance)
            guard !overflow, bytes.indices.contains(next) else { return }
            bytes[next] = UInt8(ascii: "\n")
            position = next
        }
    }

    /// The first newline at or after `from`.
    static func newline(in bytes: [UInt8], from: Int) -> Int? {
        guard from < bytes.count else { return nil }
        // memchr is an order of magnitude faster than a loop over the array; it stays inside it.
        return unsafe bytes.withUnsafeBytes { all -> Int? in
            guard let base = all.baseAddress,
                let found = unsafe memchr(base + from, 10, all.count - from)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }

    private static func appendNumber(_ number: Int64, to bytes: inout [UInt8]) {
        var rest = number.magnitude
        // The greatest magnitude has 19 digits.
        var digits = InlineArray<20, UInt8>(repeating: UInt8(ascii: "0"))
        var place = 20
        repeat {
            place -= 1
            digits[place] += UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        if number < 0 {
            place -= 1
            digits[place] = UInt8(ascii: "-")
        }
        bytes.append(addingCapacity: 20) { out in
            for index in place..<20 { out.append(digits[index]) }
        }
    }
}
