/// YAML 1.2's core schema (§10.3.2): what a plain scalar is. `yes`, `no`, `on` and `off` are strings.
package enum CoreSchema {
    /// The content of a plain (unquoted) scalar.
    package static func resolve(_ text: String) -> ConfigurationNode.Content {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: return isNumber(text) ? .number(text) : .string(text)
        }
    }

    /// True for the core schema's integers and floats.
    static func isNumber(_ text: String) -> Bool {
        var bytes = Array(text.utf8)[...]
        if let prefix = radix(bytes) {
            let digits = bytes.dropFirst(2)
            return !digits.isEmpty && digits.allSatisfy { digit($0, prefix) != nil }
        }
        if bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") {
            bytes = bytes.dropFirst()
        }
        switch String(decoding: bytes, as: UTF8.self) {
        case ".inf", ".Inf", ".INF": return true
        case ".nan", ".NaN", ".NAN": return bytes.count == text.utf8.count
        default: break
        }
        let whole = takeDigits(&bytes)
        var fraction = 0
        if bytes.first == UInt8(ascii: ".") {
            bytes = bytes.dropFirst()
            fraction = takeDigits(&bytes)
        }
        guard whole + fraction > 0 else { return false }
        if bytes.first == UInt8(ascii: "e") || bytes.first == UInt8(ascii: "E") {
            bytes = bytes.dropFirst()
            if bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") {
                bytes = bytes.dropFirst()
            }
            guard takeDigits(&bytes) > 0 else { return false }
        }
        return bytes.isEmpty
    }

    /// The nearest double of a text for which `isNumber` holds.
    static func double(_ text: String) -> Double {
        let bytes = Array(text.utf8)[...]
        if let radix = radix(bytes) {
            return bytes.dropFirst(2).reduce(0) {
                $0 * Double(radix) + Double(digit($1, radix) ?? 0)
            }
        }
        switch text.drop(while: { $0 == "-" || $0 == "+" }).lowercased() {
        case ".inf": return text.hasPrefix("-") ? -.infinity : .infinity
        case ".nan": return .nan
        default: return Double(normalized(text)) ?? .nan
        }
    }

    /// `+.5` and `5.` in the form that `Double` reads.
    private static func normalized(_ text: String) -> String {
        let unsigned = text.drop { $0 == "-" || $0 == "+" }
        let sign = text.hasPrefix("-") ? "-" : ""
        let parts = unsigned.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return sign + unsigned }
        let whole = parts[0].isEmpty ? "0" : parts[0]
        let fraction = parts[1].first.map { $0.isNumber } == true ? parts[1] : "0" + parts[1]
        return sign + whole + "." + fraction
    }

    private static func radix(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count > 2, bytes.first == UInt8(ascii: "0") else { return nil }
        switch bytes[bytes.startIndex + 1] {
        case UInt8(ascii: "x"): return 16
        case UInt8(ascii: "o"): return 8
        default: return nil
        }
    }

    private static func digit(_ byte: UInt8, _ radix: Int) -> Int? {
        Character(Unicode.Scalar(byte)).hexDigitValue.flatMap { $0 < radix ? $0 : nil }
    }

    private static func takeDigits(_ bytes: inout ArraySlice<UInt8>) -> Int {
        let rest = bytes.drop { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        defer { bytes = rest }
        return bytes.count - rest.count
    }
}
