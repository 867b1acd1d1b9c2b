import JSON

/// `application/x-www-form-urlencoded` (WHATWG URL §5), for query strings and bodies.
enum FormText {
    /// Names and values; a repeated name has an array. nil for a broken escape.
    static func parse(_ text: String) -> JSONObject? {
        var object = JSONObject()
        for part in text.utf8.split(separator: UInt8(ascii: "&")) {
            let mark = part.firstIndex(of: UInt8(ascii: "="))
            guard let name = decode(part[..<(mark ?? part.endIndex)]),
                let value = decode(
                    mark.map { part[part.index(after: $0)...] } ?? part[part.endIndex...])
            else { return nil }
            if let before = object[name] {
                object[name] = .array((before.arrayValue ?? [before]) + [.string(value)])
            } else {
                object[name] = .string(value)
            }
        }
        return object
    }

    private static func decode(_ text: Substring.UTF8View) -> String? {
        var out: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            index = text.index(after: index)
            if byte == UInt8(ascii: "+") {
                out.append(0x20)
            } else if byte == UInt8(ascii: "%") {
                guard let end = text.index(index, offsetBy: 2, limitedBy: text.endIndex),
                    let value = UInt8(String(Substring(text[index..<end])), radix: 16),
                    text[index] != UInt8(ascii: "+")
                else { return nil }
                out.append(value)
                index = end
            } else {
                out.append(byte)
            }
        }
        return String(validating: out, as: UTF8.self)
    }
}
