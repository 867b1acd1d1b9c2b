/// The built-in functions: one list, one entry each.
enum FunctionRegistry {
    /// Every function of the language, by name.
    static let all: [NativeFunction] =
        numbers + strings + matching + collections + objects + higherOrder + control + pictures
        + dates
}
