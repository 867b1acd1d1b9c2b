/// What became of the events of one submission, in order. Most have one: it needs no memory of its own.
package struct AppendOutcomes: Sendable, Equatable {
    private var first: AppendOutcome?
    private var rest: [AppendOutcome] = []

    init(_ outcomes: ArraySlice<AppendOutcome>) {
        first = outcomes.first
        if outcomes.count > 1 { rest = Array(outcomes.dropFirst()) }
    }
}

extension AppendOutcomes: RandomAccessCollection, MutableCollection, ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: AppendOutcome...) { self.init(elements[...]) }

    package var startIndex: Int { 0 }
    package var endIndex: Int { first == nil ? 0 : rest.count + 1 }

    package subscript(_ index: Int) -> AppendOutcome {
        get {
            guard index == 0, let first else { return rest[index - 1] }
            return first
        }
        set {
            if index == 0, first != nil { first = newValue } else { rest[index - 1] = newValue }
        }
    }
}
