import JSON

/// A strict reader of XML 1.0: well-formed documents only, no document type, no entities but the five
/// and numbers, bounded in depth. What is read cannot name a file or grow beyond its text.
struct XMLReader {
    /// How deep elements may nest.
    static let depthMax = 128

    /// Why a text is no document.
    struct Failure: Error {
        let reason: String
        let offset: Int
    }

    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0

    /// The document that a text is.
    static func read(_ text: String) throws(Failure) -> XMLDocument {
        var reader = XMLReader(bytes: Array(text.utf8))
        return try reader.document()
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func failure(_ reason: String) -> Failure { Failure(reason: reason, offset: index) }

    private func has(_ text: StaticString) -> Bool {
        let wanted = "\(text)".utf8
        return bytes.count - index >= wanted.count
            && bytes[index..<index + wanted.count].elementsEqual(wanted)
    }

    private mutating func take(_ text: StaticString) -> Bool {
        guard has(text) else { return false }
        index += text.utf8CodeUnitCount
        return true
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private mutating func skipSpaces() -> Bool {
        let start = index
        while index < bytes.count, Self.isSpace(bytes[index]) { index += 1 }
        return index > start
    }

    // MARK: Structure

    private mutating func document() throws(Failure) -> XMLDocument {
        var document = XMLDocument()
        _ = take("\u{FEFF}")
        if has("<?xml"), index + 5 < bytes.count, Self.isSpace(bytes[index + 5]) {
            index += 5
            document.declaration = try attributes()
            guard take("?>") else { throw failure("the declaration does not end") }
        }
        var hasRoot = false
        while true {
            _ = skipSpaces()
            guard index < bytes.count else { break }
            if let part = try markup() {
                document.parts.append(part)
            } else if has("<"), !hasRoot {
                hasRoot = true
                document.parts.append(.element(try element()))
            } else {
                throw failure(hasRoot ? "there is something after the root" : "there is no root")
            }
        }
        guard hasRoot else { throw failure("there is no root") }
        return document
    }

    /// A comment or a processing instruction, or nil.
    private mutating func markup() throws(Failure) -> XMLPart? {
        if take("<!--") {
            let text = try until("-->", "the comment does not end")
            guard !text.contains("--"), !text.hasSuffix("-") else {
                throw failure("a comment cannot hold two hyphens")
            }
            return .comment(text)
        }
        if take("<?") {
            let name = try name()
            guard name.lowercased() != "xml" else { throw failure("the declaration comes first") }
            _ = skipSpaces()
            return .instruction(
                name: name, text: try until("?>", "the processing instruction does not end"))
        }
        if has("<!DOCTYPE") { throw failure("document types are not read") }
        return nil
    }

    private mutating func element() throws(Failure) -> XMLElement {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else { throw failure("elements nest too deep") }
        index += 1
        var element = XMLElement(name: try name(), attributes: try attributes())
        if take("/>") { return element }
        guard take(">") else { throw failure("the tag does not end") }
        while true {
            if take("</") {
                guard try name() == element.name else {
                    throw failure("the end tag is of another element")
                }
                _ = skipSpaces()
                guard take(">") else { throw failure("the end tag does not end") }
                return element
            }
            if take("<![CDATA[") {
                element.parts.append(.cdata(try until("]]>", "the CDATA section does not end")))
            } else if let part = try markup() {
                element.parts.append(part)
            } else if has("<") {
                element.parts.append(.element(try self.element()))
            } else {
                guard index < bytes.count else { throw failure("the element does not end") }
                let (text, isBlank) = try text(until: UInt8(ascii: "<"))
                if !isBlank { element.parts.append(.text(text)) }
            }
        }
    }

    /// Attributes up to the end of the tag.
    private mutating func attributes() throws(Failure) -> JSONObject {
        var attributes = JSONObject()
        while skipSpaces() {
            guard index < bytes.count, !has(">"), !has("/>"), !has("?>") else { break }
            let name = try name()
            _ = skipSpaces()
            guard take("=") else { throw failure("the attribute has no value") }
            _ = skipSpaces()
            guard index < bytes.count, has("\"") || has("'") else {
                throw failure("the attribute has no quotes")
            }
            let quote = bytes[index]
            index += 1
            let (value, _) = try text(until: quote)
            guard index < bytes.count else { throw failure("the attribute does not end") }
            index += 1
            guard attributes[name] == nil else { throw failure("the attribute is there twice") }
            attributes[name] = .string(value)
        }
        return attributes
    }

    // MARK: Text

    private mutating func name() throws(Failure) -> String {
        let start = index
        while index < bytes.count {
            let byte = bytes[index]
            let isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
            let mayBegin = isLetter || byte >= 0x80 || byte == 0x5F || byte == 0x3A
            let mayFollow = byte >= 0x30 && byte <= 0x39 || byte == 0x2D || byte == 0x2E
            guard mayBegin || mayFollow && index > start else { break }
            index += 1
        }
        guard index > start else { throw failure("there is no name") }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func until(_ end: StaticString, _ reason: String) throws(Failure) -> String {
        let start = index
        while index < bytes.count {
            if has(end) {
                let text = String(decoding: bytes[start..<index], as: UTF8.self)
                index += end.utf8CodeUnitCount
                return text
            }
            index += 1
        }
        throw failure(reason)
    }

    /// Text with its references replaced, up to but without `end`; and whether it is white space as it
    /// stands.
    private mutating func text(until end: UInt8) throws(Failure) -> (String, isBlank: Bool) {
        var out: [UInt8] = []
        var isBlank = true
        while index < bytes.count, bytes[index] != end {
            let byte = bytes[index]
            if byte == UInt8(ascii: "&") {
                out += try reference()
                isBlank = false
                continue
            }
            if byte == UInt8(ascii: "<") { throw failure("an attribute cannot hold <") }
            if byte < 0x20, !Self.isSpace(byte) { throw failure("a control character") }
            if byte == UInt8(ascii: "]"), end == UInt8(ascii: "<"), has("]]>") {
                throw failure("text cannot hold ]]>")
            }
            if !Self.isSpace(byte) { isBlank = false }
            index += 1
            // Line breaks are read as one line feed (XML 1.0 §2.11).
            if byte == 0x0D {
                if index < bytes.count, bytes[index] == 0x0A { index += 1 }
                out.append(0x0A)
            } else {
                out.append(byte)
            }
        }
        return (String(decoding: out, as: UTF8.self), isBlank)
    }

    private mutating func reference() throws(Failure) -> [UInt8] {
        for (name, byte) in [
            ("&lt;" as StaticString, UInt8(ascii: "<")), ("&gt;", UInt8(ascii: ">")),
            ("&amp;", UInt8(ascii: "&")), ("&quot;", UInt8(ascii: "\"")),
            ("&apos;", UInt8(ascii: "'")),
        ] where take(name) {
            return [byte]
        }
        let start = index
        guard take("&#") else { throw failure("only the five entities are known") }
        let radix = take("x") ? 16 : 10
        let digits = try until(";", "the reference does not end")
        guard digits.utf8.count <= 8, digits.first?.isHexDigit == true,
            let value = UInt32(digits, radix: radix), let scalar = Unicode.Scalar(value),
            value >= 0x20 || value == 0x09 || value == 0x0A || value == 0x0D,
            value & 0xFFFE != 0xFFFE
        else {
            index = start
            throw failure("the reference is to no character")
        }
        return Array(String(Character(scalar)).utf8)
    }
}
