extension FunctionRegistry {
    static let pictures: [NativeFunction] = []
}
