/// The field lines of a request as received: order, repeats and spelling are kept.
///
/// One copy of the head's bytes and a range a line; nothing is allocated for a single field.
package struct HTTPFields: Sendable {
    /// Where a field's name and value lie in `bytes`.
    package struct Line: Sendable, Equatable {
        package let nameStart: UInt32
        package let nameEnd: UInt32
        package let valueStart: UInt32
        package let valueEnd: UInt32

        package var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
        package var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    }

    /// The head as received, request line included.
    package let bytes: [UInt8]
    /// The field lines in order.
    package let lines: [Line]

    package init(bytes: [UInt8] = [], lines: [Line] = []) {
        self.bytes = bytes
        self.lines = lines
    }

    package var count: Int { lines.count }

    /// The name as spelled by the sender.
    package func name(_ line: Line) -> String {
        String(decoding: bytes[line.name], as: UTF8.self)
    }

    /// The value without the white space around it; bytes that are no UTF-8 are replaced.
    package func value(_ line: Line) -> String {
        String(decoding: bytes[line.value], as: UTF8.self)
    }

    /// Every field in the order received, as bytes.
    package func forEach(_ body: (_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void) {
        for line in lines { body(bytes[line.name], bytes[line.value]) }
    }

    /// The first line named `name`, which is given in lower case.
    package func first(named name: StaticString) -> Line? {
        lines.first { isNamed($0, name) }
    }

    /// The first value of `name`, which is given in lower case.
    package func firstValue(named name: StaticString) -> String? {
        first(named: name).map(value)
    }

    /// True when the line's name is `name` (given in lower case) in any spelling (RFC 9110 §5.1).
    package func isNamed(_ line: Line, _ name: StaticString) -> Bool {
        let range = line.name
        guard range.count == name.utf8CodeUnitCount else { return false }
        for (offset, index) in range.enumerated() {
            let expected = unsafe name.utf8Start[offset]
            if asciiLowercased(bytes[index]) != expected { return false }
        }
        return true
    }
}

/// `A`–`Z` as `a`–`z`, any other byte as it is.
@inline(__always) func asciiLowercased(_ byte: UInt8) -> UInt8 {
    byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
}
