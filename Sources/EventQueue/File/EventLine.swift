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
    /// Enough for the members of most lines besides document and request.
    static let membersRoom = 384
    static let opening: StaticString = "{\"crc32c\":\""
    /// Bytes from a line's start to the digits of the sequence.
    static let sequenceOffset = 33

    /// Appends the line of an event.
    /// - Returns: where in the bytes the deduplication key is: the encoded integration, account and id.
    static func append(
        _ event: QueuedEvent, sequence: UInt64, deduplicateUntil: Int64?, to bytes: inout [UInt8]
    ) -> Range<Int> {
        let start = bytes.count
        let request = event.request
        var key = 0..<0
        var (eventStart, requestStart) = (0, 0)
        bytes.append(expecting: event.byteCount + membersRoom) { out in
            out.raw("{\"crc32c\":\"00000000\",\"sequence\":\"")
            out.digits(sequence, SequenceMember.digitCount)
            out.raw("\",\"received_at\":")
            out.number(event.timeMilliseconds)
            if let deduplicateUntil {
                out.raw(",\"deduplicate_until\":")
                out.number(deduplicateUntil)
            }
            let keyStart = out.count
            writeKey(event, to: &out)
            key = start + keyStart..<start + out.count
            out.raw(",\"type\":")
            out.string(event.type)
            out.raw(",\"event_bytes\":")
            out.number(Int64(SequenceMember.splicedCount(event.document)))
            if !request.isEmpty {
                out.raw(",\"request_bytes\":")
                out.number(Int64(request.count))
            }
            out.raw(",\"event\":")
            eventStart = start + out.count
            SequenceMember.splice(sequence, into: event.document, to: &out)
            requestStart = start + out.count
            if !request.isEmpty {
                out.raw(",\"request\":")
                requestStart = start + out.count
                out.raw(request.span)
            }
        }
        if event.hasNewlines {
            let eventBreaks = replaceNewlines(&bytes, from: eventStart, to: requestStart)
            let requestBreaks = replaceNewlines(&bytes, from: requestStart, to: bytes.count)
            append(eventBreaks, named: ",\"event_breaks\":[", to: &bytes)
            append(requestBreaks, named: ",\"request_breaks\":[", to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
        bytes.append(UInt8(ascii: "\n"))
        seal(&bytes, from: start)
        return key
    }

    /// `,"integration":…,"account":…,"id":…`, by which events are told apart.
    private static func writeKey(_ event: QueuedEvent, to out: inout TextOutput) {
        out.raw(",\"integration\":")
        out.string(event.integration)
        if let account = event.account {
            out.raw(",\"account\":")
            out.string(account)
        }
        out.raw(",\"id\":")
        out.string(event.id)
    }

    /// Writes the checksum of the line that begins at `start` and ends the bytes.
    static func seal(_ bytes: inout [UInt8], from start: Int) {
        let crc = CRC32C.checksum(bytes, start + prefixCount..<bytes.count - 1)
        var digits = HexText.digits(crc)
        for index in 0..<8 {
            bytes[start + opening.utf8CodeUnitCount + index] = UInt8(truncatingIfNeeded: digits)
            digits >>= 8
        }
    }

    private static func append(
        _ breaks: [Int], named name: StaticString, to bytes: inout [UInt8]
    ) {
        guard !breaks.isEmpty else { return }
        bytes.append(expecting: 32 + 8 * breaks.count) { out in
            out.raw(name)
            for (index, distance) in breaks.enumerated() {
                if index > 0 { out.byte(",") }
                out.number(Int64(distance))
            }
            out.byte("]")
        }
    }

    /// Makes every newline of a part a space.
    /// - Returns: the distance of each from the one before, the first from `start`.
    private static func replaceNewlines(
        _ bytes: inout [UInt8], from start: Int, to end: Int
    ) -> [Int] {
        var breaks: [Int] = []
        var from = start
        while let position = newline(in: bytes, from: from), position < end {
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
}
