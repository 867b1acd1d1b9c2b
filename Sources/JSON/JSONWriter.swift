/// Writes JSON text to a growing array of bytes.
///
///     var writer = JSONWriter()
///     writer.raw("{\"name\":")
///     writer.write("a \"b\"")
///     writer.raw("}")
///     writer.bytes  // {"name":"a \"b\""}
///
/// Members and elements are separated by the caller's own `raw` commas or through `write(_:)` of whole
/// values; nodes of documents are copied as received.
public struct JSONWriter: Sendable {
    /// What has been written.
    public var bytes: [UInt8] = []
    /// Spaces a level when the output is meant for people; nil writes it without white space.
    public var indentation: Int?
    private var level = 0

    /// A compact writer, or one that indents by `indentation` spaces.
    public init(indentation: Int? = nil) { self.indentation = indentation }

    /// A value.
    public mutating func write(_ value: JSONValue) {
        switch value {
        case .null: raw("null")
        case .bool(let flag): raw(flag ? "true" : "false")
        case .number(let number): write(number)
        case .string(let text): write(text)
        case .array(let elements):
            writeContainer("[", "]", count: elements.count) { writer, index in
                writer.write(elements[index])
            }
        case .object(let object):
            writeContainer("{", "}", count: object.count) { writer, index in
                writer.writeMember(object[index])
            }
        case .node(let node):
            if indentation == nil || (node.kind != .array && node.kind != .object) {
                bytes.append(contentsOf: node.rawBytes)
            } else if node.kind == .array {
                write(.array(JSONValue.node(node).arrayValue ?? []))
            } else {
                write(.object(JSONValue.node(node).objectValue ?? JSONObject()))
            }
        }
    }

    /// A number: the text it came with, or ECMAScript's text of the double; `null` for what JSON has no
    /// number for.
    public mutating func write(_ number: JSONNumber) {
        if let text = number.text { raw(text: text) } else { write(number.double) }
    }

    /// A double as ECMAScript writes it; infinities and NaN as `null`, as `JSON.stringify` does.
    public mutating func write(_ double: Double) {
        if double.isFinite { NumberText.append(double, to: &bytes) } else { raw("null") }
    }

    /// A string with its quotes, escaped as `JSON.stringify` does (ECMA-262 §25.5.2.3).
    public mutating func write(_ text: String) {
        writeString(text.utf8.span)
    }

    /// A string given as UTF-8.
    public mutating func write(utf8 text: [UInt8]) { writeString(text.span) }

    /// A string given as UTF-8.
    package mutating func write(utf8 text: Span<UInt8>) { writeString(text) }

    /// A string given as the bytes between its quotes in a checked text.
    package mutating func writeChecked(_ text: Span<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        raw(text)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Bytes as they are.
    package mutating func raw(_ text: Span<UInt8>) {
        unsafe text.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    /// A literal as it is.
    @inline(__always)
    public mutating func raw(_ text: StaticString) {
        // A literal's bytes live as long as the program.
        unsafe bytes.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// One byte of ASCII as it is.
    @inlinable package mutating func byte(_ byte: Unicode.Scalar) {
        bytes.append(UInt8(truncatingIfNeeded: byte.value))
    }

    /// Text as it is. It has a label, since literals without one would come here too: a string's
    /// way is the longer one.
    public mutating func raw(text: String) {
        var text = text
        text.withUTF8 { unsafe bytes.append(contentsOf: $0) }
    }

    /// Bytes as they are.
    public mutating func raw(_ slice: ArraySlice<UInt8>) { bytes.append(contentsOf: slice) }

    private mutating func writeMember(_ member: JSONObject.Member) {
        write(member.key)
        raw(indentation == nil ? ":" : ": ")
        write(member.value)
    }

    private mutating func writeContainer(
        _ open: StaticString, _ close: StaticString, count: Int,
        _ item: (inout JSONWriter, Int) -> Void
    ) {
        raw(open)
        level += 1
        for index in 0..<count {
            if index > 0 { byte(",") }
            newLine()
            item(&self, index)
        }
        level -= 1
        if count > 0 { newLine() }
        raw(close)
    }

    private mutating func newLine() {
        guard let indentation else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: level * indentation))
    }
}

extension JSONValue {
    /// The compact text.
    public func serialized() -> [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.bytes
    }

    /// The compact text as a string.
    public var jsonString: String { String(decoding: serialized(), as: UTF8.self) }

    /// The text with two spaces a level, for people.
    public var prettyString: String {
        var writer = JSONWriter(indentation: 2)
        writer.write(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
