import JSON

/// ECMAScript's text of a number.
enum ScriptNumber {
    /// Number::toString, also of infinities and NaN.
    static func string(_ number: Double) -> String { NumberText.ecmaScript(number) }
}
