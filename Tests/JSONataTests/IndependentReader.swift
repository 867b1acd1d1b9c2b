import JSON

/// A small JSON reader of the tests' own, so that cases are not read by the code under test.
///
/// Foundation's would lose the order of members and refuses escaped lone surrogates; this one keeps
/// the former and reads the latter as the stand-ins that strings hold them with.
struct IndependentReader {
    private let text: [Unicode.Scalar]
    private var position = 0

    static func read(_ text: String) -> JSONValue? {
        var reader = IndependentReader(text: Array(text.unicodeScalars))
        guard let value = reader.value() else { return nil }
        reader.space()
        return reader.position == reader.text.count ? value : nil
    }

    private init(text: [Unicode.Scalar]) { self.text = text }

    private var current: Unicode.Scalar { position < text.count ? text[position] : "\0" }

    private mutating func space() {
        while [" ", "\n", "\r", "\t"].contains(current) { position += 1 }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        space()
        guard current == scalar else { return false }
        position += 1
        return true
    }

    private mutating func value() -> JSONValue? {
        space()
        switch current {
        case "{": return object()
        case "[": return array()
        case "\"": return string().map(JSONValue.string)
        default: return word()
        }
    }

    private mutating func word() -> JSONValue? {
        let start = position
        while current.properties.isAlphabetic || "+-.0123456789".unicodeScalars.contains(current) {
            position += 1
        }
        let word = String(String.UnicodeScalarView(text[start..<position]))
        switch word {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .null
        default: return Double(word).map { .number(JSONNumber($0)) }
        }
    }

    private mutating func array() -> JSONValue? {
        position += 1
        var items: [JSONValue] = []
        if take("]") { return .array([]) }
        repeat {
            guard let item = value() else { return nil }
            items.append(item)
        } while take(",")
        return take("]") ? .array(items) : nil
    }

    private mutating func object() -> JSONValue? {
        position += 1
        var object = JSONObject()
        if take("}") { return .object(object) }
        repeat {
            space()
            guard let key = string(), take(":"), let item = value() else { return nil }
            object[key] = item
        } while take(",")
        return take("}") ? .object(object) : nil
    }

    private mutating func string() -> String? {
        guard current == "\"" else { return nil }
        position += 1
        var out = String.UnicodeScalarView()
        var pending: UInt32?
        func lone(_ unit: UInt32) -> Unicode.Scalar {
            Unicode.Scalar(0x10F000 + (unit & 0x7FF)) ?? " "
        }
        while position < text.count, current != "\"" {
            var scalar = current
            position += 1
            if scalar == "\\" {
                let escape = current
                position += 1
                if escape == "u" {
                    let digits = String(String.UnicodeScalarView(text[position..<position + 4]))
                    position += 4
                    guard let unit = UInt32(digits, radix: 16) else { return nil }
                    if let high = pending, unit & 0xFC00 == 0xDC00 {
                        out.append(
                            Unicode.Scalar(0x10000 + ((high & 0x3FF) << 10 | unit & 0x3FF)) ?? " ")
                        pending = nil
                        continue
                    }
                    if let high = pending { out.append(lone(high)) }
                    pending = unit & 0xFC00 == 0xD800 ? unit : nil
                    if pending == nil { out.append(Unicode.Scalar(unit) ?? lone(unit)) }
                    continue
                }
                let plain: [Unicode.Scalar: Unicode.Scalar] = [
                    "b": "\u{8}", "f": "\u{c}", "n": "\n", "r": "\r", "t": "\t",
                ]
                scalar = plain[escape] ?? escape
            }
            if let high = pending { out.append(lone(high)) }
            pending = nil
            out.append(scalar)
        }
        if let high = pending { out.append(lone(high)) }
        position += 1
        return String(out)
    }
}
