extension Array {
    /// The elements, moved out; nothing is left.
    ///
    /// An array in a property of an object is changed in a variable and put back: then the compiler knows
    /// that no two accesses overlap, and none of them is checked at run time.
    @inline(__always) mutating func take() -> Self {
        var taken: Self = []
        swap(&taken, &self)
        return taken
    }
}
