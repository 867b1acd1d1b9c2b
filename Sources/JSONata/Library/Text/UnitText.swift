/// A text that is cut by UTF-16 code units, in constant time per unit.
struct UnitText {
    private let bytes: [UInt8]
    /// The code units, unless they are the bytes.
    private let units: CodeUnits?

    init(_ text: String) {
        bytes = Array(text.utf8)
        units = Text.isASCII(text) ? nil : CodeUnits(units: text)
    }

    /// The text of a range of code units, clamped.
    subscript(range: Range<Int>) -> String {
        let range = range.clamped(to: 0..<(units?.count ?? bytes.count))
        if let units { return String(codeUnits: units[range]) }
        return String(decoding: bytes[range], as: UTF8.self)
    }
}
