public import JSON

/// An object given to an evaluation whose members are made when an expression touches them, once.
///
///     let request = LazyObject(["path", "body"]) { place in
///         place == 0 ? "/hooks" : try? JSONValue(parsing: received)
///     }
///     let path = try Expression("path").evaluate(request)  // the body is not parsed
public struct LazyObject {
    /// The keys of lazy objects, prepared once for any number of them.
    ///
    ///     let keys = LazyObject.Keys(["path", "body"])
    ///     let other = LazyObject(keys) { place in .string(keys.names[place]) }
    public final class Keys: Sendable {
        /// In the order of the places that a member is asked for by.
        public let names: [String]
        /// The names one behind the other: the first text of an evaluation.
        let text: Arena<UInt8>
        /// For each a key in `text` and a member that is not made.
        let cells: Arena<Value>
        let hasIndexKeys: Bool

        /// - Parameter names: all different.
        public init(_ names: [String]) {
            self.names = names
            var text = Arena<UInt8>()
            var cells = Arena<Value>()
            for (place, name) in names.enumerated() {
                let start = text.count
                text.append(utf8: name)
                cells.append(.string(TextRange(TextRange.own, start..<text.count)))
                cells.append(.lazy(Int32(truncatingIfNeeded: place)))
            }
            self.text = text
            self.cells = cells
            hasIndexKeys = names.contains { Evaluator.arrayIndex($0.utf8) != nil }
        }
    }

    let members: any LazyMembers

    /// - Parameters:
    ///   - keys: all different.
    ///   - make: the value of the key at a place, asked for at most once an evaluation; nil makes the
    ///     member undefined.
    public init(_ keys: [String], make: @escaping (Int) -> JSONValue?) {
        self.init(Keys(keys), make: make)
    }

    /// The same, with keys that were prepared.
    public init(
        _ keys: Keys, adding added: JSONObject = JSONObject(), make: @escaping (Int) -> JSONValue?
    ) {
        self.init(ClosureMembers(keys, added, make))
    }

    /// - Parameter members: held while the object or an evaluation of it is.
    public init(_ members: any LazyMembers) { self.members = members }
}
