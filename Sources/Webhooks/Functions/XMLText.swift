import JSON

/// Writes the compact form of `xml-js` (`_attributes`, `_text`, arrays for what repeats) as XML.
struct XMLText {
    /// How deep objects may nest.
    static let depthMax = 128

    /// What cannot be written.
    struct Failure: Error {
        let reason: String
    }

    /// Spaces a level; none writes all in one line.
    let spaces: Int
    private var out = ""

    static func write(_ value: JSONValue, spaces: Int) throws(Failure) -> String {
        guard let object = value.objectValue else { throw Failure(reason: "it is no object") }
        var writer = XMLText(spaces: min(max(0, spaces), 16))
        var parts: [JSONObject.Member] = []
        for (key, member) in object {
            if key == "_declaration" {
                writer.out += "<?xml"
                try writer.attributes(member["_attributes"])
                writer.out += "?>"
            } else {
                parts.append((key, member))
            }
        }
        try writer.content(parts, depth: 0)
        return writer.out
    }

    private init(spaces: Int) { self.spaces = spaces }

    private mutating func line(_ depth: Int) {
        guard spaces > 0, !out.isEmpty else { return }
        out += "\n" + String(repeating: " ", count: spaces * depth)
    }

    private static func text(_ value: JSONValue) -> String {
        value.isNull ? "" : value.stringValue ?? value.jsonString
    }

    private static func escaped(_ text: String, quotes: Bool = false) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"" where quotes: out += "&quot;"
            case "\n" where quotes: out += "&#10;"
            case "\r": out += "&#13;"
            case "\t" where quotes: out += "&#9;"
            default:
                // XML has no other control characters, not even as references.
                if scalar.value >= 0x20 || scalar == "\n" || scalar == "\t" {
                    out.unicodeScalars.append(scalar)
                }
            }
        }
        return out
    }

    private static func checked(_ name: String) throws(Failure) -> String {
        let bytes = name.utf8
        let isName = bytes.enumerated().allSatisfy { place, byte in
            let isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
            let isDigit = byte >= 0x30 && byte <= 0x39 || byte == 0x2D || byte == 0x2E
            return isLetter || byte >= 0x80 || byte == 0x5F || byte == 0x3A || isDigit && place > 0
        }
        guard isName, !bytes.isEmpty else { throw Failure(reason: "\(name) is no XML name") }
        return name
    }

    private mutating func attributes(_ value: JSONValue?) throws(Failure) {
        for (key, member) in value?.objectValue ?? JSONObject() {
            out += " \(try Self.checked(key))=\"\(Self.escaped(Self.text(member), quotes: true))\""
        }
    }

    private mutating func content(
        _ members: [JSONObject.Member], depth: Int
    ) throws(Failure) {
        guard depth <= Self.depthMax else { throw Failure(reason: "it nests too deep") }
        for (key, value) in members {
            for item in value.arrayValue ?? [value] {
                switch key {
                case "_attributes": continue
                case "_text": out += Self.escaped(Self.text(item))
                case "_cdata":
                    let parts = Self.text(item).split(
                        separator: "]]>", omittingEmptySubsequences: false)
                    out += "<![CDATA[" + parts.joined(separator: "]]]]><![CDATA[>") + "]]>"
                case "_comment":
                    let text = Self.text(item)
                    guard !text.contains("--"), !text.hasSuffix("-") else {
                        throw Failure(reason: "a comment cannot hold two hyphens")
                    }
                    line(depth)
                    out += "<!--\(text)-->"
                case "_instruction":
                    for (name, text) in item.objectValue ?? JSONObject() {
                        let text = Self.text(text)
                        guard !text.contains("?>") else {
                            throw Failure(reason: "an instruction cannot hold ?>")
                        }
                        line(depth)
                        out += "<?\(try Self.checked(name)) \(text)?>"
                    }
                default: try element(try Self.checked(key), item, depth)
                }
            }
        }
    }

    private mutating func element(
        _ name: String, _ value: JSONValue, _ depth: Int
    ) throws(Failure) {
        line(depth)
        out += "<\(name)"
        guard let object = value.objectValue else {
            let text = Self.escaped(Self.text(value))
            out += text.isEmpty ? "/>" : ">\(text)</\(name)>"
            return
        }
        try attributes(object["_attributes"])
        let members = object.filter { $0.key != "_attributes" }
        guard !members.isEmpty else {
            out += "/>"
            return
        }
        out += ">"
        try content(members, depth: depth + 1)
        // Text stays as it is: a line break beside it would become part of it.
        if !members.contains(where: { $0.key == "_text" || $0.key == "_cdata" }) { line(depth) }
        out += "</\(name)>"
    }
}
