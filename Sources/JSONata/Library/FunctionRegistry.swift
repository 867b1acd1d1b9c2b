/// The built-in functions: one list, one entry each.
enum FunctionRegistry {
    /// Every function of the language, by name.
    static let all: [NativeFunction] =
        numbers + strings + matching + collections + objects + higherOrder + control + pictures

    /// The frame that every evaluation's own frame lies on.
    static let frame: [(name: String, value: NativeFunction)] = all.map { ($0.name, $0) }

    /// An argument, undefined when it is not given.
    static func argument(_ arguments: [Value], _ place: Int) -> Value {
        place < arguments.count ? arguments[place] : .undefined
    }
}
