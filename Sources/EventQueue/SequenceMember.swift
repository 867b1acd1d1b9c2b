import JSON

/// The member `"sequence":"00000000000000000042"` that queues put at the front of a CloudEvent.
///
/// Twenty digits, so that text order is number order, as the CloudEvents extension `sequence` asks
/// (https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/sequence.md).
enum SequenceMember {
    /// Digits of a sequence in text.
    static let digitCount = 20

    /// Appends `document` with the member after its opening brace.
    static func splice(_ sequence: UInt64, into document: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(expecting: splicedCount(document)) {
            splice(sequence, into: document, to: &$0)
        }
    }

    /// Writes the same.
    static func splice(_ sequence: UInt64, into document: [UInt8], to out: inout TextOutput) {
        out.raw(opening)
        out.digits(sequence, digitCount)
        out.byte("\"")
        if hasMembers(document) { out.byte(",") }
        out.raw(document.span.extracting(droppingFirst: 1))
    }

    /// How many bytes `splice` appends.
    static func splicedCount(_ document: [UInt8]) -> Int {
        opening.utf8CodeUnitCount + digitCount + (hasMembers(document) ? 2 : 1)
            + max(document.count - 1, 0)
    }

    /// The first byte that is not white space (RFC 8259 §2) tells whether members follow.
    private static func hasMembers(_ document: [UInt8]) -> Bool {
        document.dropFirst().first { $0 > 0x20 } != UInt8(ascii: "}")
    }

    /// Reads twenty digits; nil for anything else.
    static func number(_ digits: some Collection<UInt8>) -> UInt64? {
        guard digits.count == digitCount else { return nil }
        var number: UInt64 = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            let (product, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
            if overflow || carry { return nil }
            number = sum
        }
        return number
    }

    private static let opening: StaticString = "{\"sequence\":\""
}
