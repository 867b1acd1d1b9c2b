import JSON

extension PlaceholderType {
    /// A found value as this type has it. What cannot be converted stays as it is; null is null in
    /// every type.
    func convert(_ value: JSONValue) -> JSONValue {
        if value.isNull { return .null }
        let text = value.stringValue.map(Self.trimmed)
        switch self {
        case .string, .undefined, .ignoreEmptyString, .any: return value
        case .null: return text == "null" ? .null : value
        case .boolean:
            switch text {
            case "true": return .bool(true)
            case "false": return .bool(false)
            default: return value
            }
        case .json:
            guard let text else { return value }
            return (try? JSONValue(parsing: Array(text.utf8))) ?? value
        case .integer:
            guard let number = Self.prefix(text ?? value.jsonString, isInteger: true) else {
                return value
            }
            return .number(JSONNumber(number))
        case .number:
            guard let text, let number = Self.prefix(text, isInteger: false) else { return value }
            return .number(JSONNumber(number))
        }
    }

    private static func trimmed(_ text: String) -> String {
        let isSpace: (Character) -> Bool = { $0.isWhitespace }
        guard let first = text.firstIndex(where: { !isSpace($0) }),
            let last = text.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(text[first...last])
    }

    /// The number that a text starts with, as ECMAScript's parseInt and parseFloat read it (without
    /// hexadecimal); nil when it starts with none.
    private static func prefix(_ text: String, isInteger: Bool) -> Double? {
        let bytes = Array(text.utf8)
        var end = 0
        if end < bytes.count, bytes[end] == UInt8(ascii: "-") || bytes[end] == UInt8(ascii: "+") {
            end += 1
        }
        func skipDigits() -> Bool {
            let start = end
            while end < bytes.count, bytes[end] >= 0x30, bytes[end] <= 0x39 { end += 1 }
            return end > start
        }
        guard skipDigits() else { return nil }
        if !isInteger, end < bytes.count, bytes[end] == UInt8(ascii: ".") {
            let point = end
            end += 1
            if !skipDigits() { end = point }
        }
        if !isInteger, end < bytes.count, bytes[end] | 0x20 == UInt8(ascii: "e") {
            let mark = end
            end += 1
            if end < bytes.count, bytes[end] == UInt8(ascii: "-") || bytes[end] == UInt8(ascii: "+")
            {
                end += 1
            }
            if !skipDigits() { end = mark }
        }
        let digits = bytes[..<end]
        let sign = digits.first == UInt8(ascii: "+") ? 1 : 0
        return Double(String(decoding: digits.dropFirst(sign), as: UTF8.self))
    }
}
