/// What ECMAScript calls white space, a line end and a word character.
enum TextRules {
    /// WhiteSpace or LineTerminator (ECMA-262 §12.2, §12.3): what `\s` matches and trimming removes.
    static func isSpace(_ unit: UInt16) -> Bool {
        switch unit {
        case 0x09...0x0D, 0x20, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F,
            0x3000, 0xFEFF:
            true
        default: false
        }
    }
}
