import JSON

/// A request's header fields as received: order, repeats, spelling and bytes are kept. One buffer
/// and ranges into it, so that taking over a parsed request copies nothing.
package struct HeaderFields: Sendable {
    /// Where one field's name and value lie in the buffer.
    package struct Entry: Sendable {
        package let nameStart: Int
        package let nameEnd: Int
        package let valueStart: Int
        package let valueEnd: Int

        package init(nameStart: Int, nameEnd: Int, valueStart: Int, valueEnd: Int) {
            self.nameStart = nameStart
            self.nameEnd = nameEnd
            self.valueStart = valueStart
            self.valueEnd = valueEnd
        }
    }

    private var buffer: [UInt8]
    private var entries: [Entry]

    /// No fields.
    package init() {
        buffer = []
        entries = []
    }

    /// Fields inside a buffer that is shared, not copied. Entries that reach outside the buffer
    /// are dropped.
    package init(buffer: [UInt8], entries: [Entry]) {
        self.buffer = buffer
        let bounds = 0...buffer.count
        let fits = entries.allSatisfy { bounds.holds($0) }
        self.entries = fits ? entries : entries.filter { bounds.holds($0) }
    }

    /// Fields from text.
    package init(_ fields: [(String, String)]) {
        self.init()
        for (name, value) in fields { append(name: Array(name.utf8), value: Array(value.utf8)) }
    }

    package mutating func append(name: [UInt8], value: [UInt8]) {
        let start = buffer.count
        buffer += name
        buffer += value
        entries.append(
            Entry(
                nameStart: start, nameEnd: start + name.count,
                valueStart: start + name.count, valueEnd: buffer.count))
    }

    package var count: Int { entries.count }

    /// Bytes of the buffer that the fields lie in, and room for what JSON puts around each.
    var byteCount: Int { buffer.count + entries.count * 8 }

    /// Whether there is a field named `name`, which is given in lower case.
    func contains(_ name: String) -> Bool {
        let name = name.utf8.span
        return entries.contains { matches($0, name) }
    }

    /// Whether the first field named `name`, which is given in lower case, has exactly this value.
    func isFirst(named name: String, _ value: String) -> Bool {
        let name = name.utf8.span
        for entry in entries where matches(entry, name) {
            return ByteText.isEqual(
                buffer.span.extracting(entry.valueStart..<entry.valueEnd), value.utf8.span)
        }
        return false
    }

    /// The value of the first field named `name`, which is given in lower case.
    func first(named name: String) -> ArraySlice<UInt8>? {
        let name = name.utf8.span
        for entry in entries where matches(entry, name) {
            return buffer[entry.valueStart..<entry.valueEnd]
        }
        return nil
    }

    /// The value of the field named `lowercasedName`; nil when there is none, or more than one.
    func only(named lowercasedName: Span<UInt8>) -> ArraySlice<UInt8>? {
        var found: Entry?
        for entry in entries where matches(entry, lowercasedName) {
            if found != nil { return nil }
            found = entry
        }
        return found.map { buffer[$0.valueStart..<$0.valueEnd] }
    }

    /// Every field in the order received.
    func forEach(_ body: (_ name: Span<UInt8>, _ value: Span<UInt8>) -> Void) {
        let bytes = buffer.span
        for entry in entries {
            body(
                bytes.extracting(entry.nameStart..<entry.nameEnd),
                bytes.extracting(entry.valueStart..<entry.valueEnd))
        }
    }

    /// Every field in the order received, its name in lower case.
    /// - Parameter name: where each name is put for the call.
    func forEachLowercased(
        _ name: inout [UInt8], _ body: (_ name: [UInt8], _ value: ArraySlice<UInt8>) -> Void
    ) {
        for entry in entries {
            name.removeAll(keepingCapacity: true)
            for place in entry.nameStart..<entry.nameEnd {
                name.append(asciiLowercased(buffer[place]))
            }
            body(name, buffer[entry.valueStart..<entry.valueEnd])
        }
    }

    /// Appends the values of every field of a name, joined by ", " (RFC 9110 §5.3), to `output`.
    ///
    /// - Parameters:
    ///   - lowercasedName: the name's bytes, ASCII letters lower-case.
    ///   - output: where the values go.
    /// - Returns: false, and nothing appended, when there is no such field.
    package func appendJoined(
        _ lowercasedName: [UInt8], to output: inout [UInt8]
    ) -> Bool {
        var found = false
        for entry in entries where matches(entry, lowercasedName.span) {
            if found { output += [UInt8(ascii: ","), UInt8(ascii: " ")] }
            output += buffer[entry.valueStart..<entry.valueEnd]
            found = true
        }
        return found
    }

    /// The joined values of a name, which is given in lower case, as text; bytes that are not UTF-8 are
    /// replaced. Nil when there is no such field.
    package func header(named lowercasedName: String) -> String? {
        let (name, fields) = (lowercasedName.utf8.span, buffer.span)
        var text: String?
        for place in entries.indices where matches(entries[place], name) {
            let value = entries[place].valueStart..<entries[place].valueEnd
            let part = ByteText.string(fields.extracting(value))
            text = text.map { $0 + ", " + part } ?? part
        }
        return text
    }

    private func matches(_ entry: Entry, _ lowercasedName: Span<UInt8>) -> Bool {
        entry.nameEnd - entry.nameStart == lowercasedName.count
            && Self.isNamed(
                lowercasedName, buffer.span.extracting(entry.nameStart..<entry.nameEnd))
    }

    /// Names are the same in any case (RFC 9110 §5.1).
    static func isNamed(_ lowercased: Span<UInt8>, _ name: Span<UInt8>) -> Bool {
        guard lowercased.count == name.count else { return false }
        for place in 0..<name.count where asciiLowercased(name[place]) != lowercased[place] {
            return false
        }
        return true
    }
}

extension ClosedRange<Int> {
    fileprivate func holds(_ entry: HeaderFields.Entry) -> Bool {
        contains(entry.nameStart) && contains(entry.valueEnd)
            && entry.nameStart <= entry.nameEnd && entry.nameEnd <= entry.valueStart
            && entry.valueStart <= entry.valueEnd
    }
}

/// A byte with ASCII `A`–`Z` made lower-case; other bytes unchanged.
func asciiLowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}
