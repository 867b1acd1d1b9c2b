/// The built-in functions: one list, one entry each.
enum FunctionRegistry {
    /// Every function of the language, by name.
    static let all: [NativeFunction] =
        numbers + strings + matching + collections + objects + higherOrder + control + pictures
        + dates

    /// An argument, undefined when it is not given.
    static func argument(_ arguments: [Value], _ place: Int) -> Value {
        place < arguments.count ? arguments[place] : .undefined
    }
}
