/// A growing run of plain values: an array that cannot be shared, and so need not ask whether it is
/// before each change. Places are checked.
///
/// The reason for unsafe: the memory is its own from `init` to `deinit`, every access compares with
/// `count`, and the elements need neither be copied by anyone nor destroyed.
@safe struct Arena<Element: BitwiseCopyable>: ~Copyable {
    private var base: UnsafeMutablePointer<Element>
    private var capacity: Int
    /// How many there are.
    private(set) var count = 0

    /// An empty one with room for a few.
    init() {
        capacity = 32
        unsafe base = UnsafeMutablePointer.allocate(capacity: 32)
    }

    deinit { unsafe base.deallocate() }

    var isEmpty: Bool { count == 0 }

    subscript(place: Int) -> Element {
        get {
            precondition(UInt(bitPattern: place) < UInt(bitPattern: count))
            return unsafe base[place]
        }
        _modify {
            precondition(UInt(bitPattern: place) < UInt(bitPattern: count))
            yield unsafe &base[place]
        }
    }

    mutating func append(_ element: Element) {
        if count == capacity { grow(1) }
        unsafe (base + count).initialize(to: element)
        count &+= 1
    }

    mutating func append(repeating element: Element, count added: Int) {
        precondition(added >= 0)
        if capacity &- count < added { grow(added) }
        unsafe (base + count).initialize(repeating: element, count: added)
        count &+= added
    }

    mutating func append(_ elements: Span<Element>) {
        let added = elements.count
        if capacity &- count < added { grow(added) }
        unsafe elements.withUnsafeBufferPointer { source in
            guard let first = source.baseAddress else { return }
            unsafe (base + count).initialize(from: first, count: added)
        }
        count &+= added
    }

    /// Appends elements between two others.
    mutating func append(_ first: Element, _ elements: Span<Element>, _ last: Element) {
        let added = elements.count &+ 2
        if capacity &- count < added { grow(added) }
        unsafe elements.withUnsafeBufferPointer { source in
            unsafe (base + count).initialize(to: first)
            if let inner = source.baseAddress {
                unsafe (base + count + 1).initialize(from: inner, count: source.count)
            }
            unsafe (base + count + 1 + source.count).initialize(to: last)
        }
        count &+= added
    }

    /// Appends a copy of its own elements at `range`.
    mutating func append(copying range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        if capacity &- count < range.count { grow(range.count) }
        unsafe (base + count).initialize(from: base + range.lowerBound, count: range.count)
        count &+= range.count
    }

    mutating func append(contentsOf elements: some Sequence<Element>) {
        for element in elements { append(element) }
    }

    /// Removes the last one and gives it; there has to be one.
    @discardableResult mutating func removeLast() -> Element {
        precondition(count > 0)
        count &-= 1
        return unsafe base[count]
    }

    mutating func popLast() -> Element? { isEmpty ? nil : removeLast() }

    /// Removes what is beyond `count`.
    mutating func truncate(to count: Int) {
        precondition(count >= 0)
        if count < self.count { self.count = count }
    }

    /// Removes all; memory of more than 64 KiB is given back.
    mutating func forget() {
        count = 0
        if capacity * MemoryLayout<Element>.stride > 64 << 10 { self = Arena() }
    }

    mutating func swapAt(_ left: Int, _ right: Int) {
        let element = self[left]
        self[left] = self[right]
        self[right] = element
    }

    /// Calls `body` with the elements at `range`.
    func withSpan<Result>(
        _ range: Range<Int>, _ body: (Span<Element>) -> Result
    ) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return body(
            unsafe UnsafeBufferPointer(start: base + range.lowerBound, count: range.count).span)
    }

    /// The elements at `range` as an array.
    func array(_ range: Range<Int>) -> [Element] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return unsafe Array(
            UnsafeBufferPointer(start: base + range.lowerBound, count: range.count))
    }

    @inline(never) private mutating func grow(_ added: Int) {
        let larger = max(2 * capacity, count + added)
        let moved = UnsafeMutablePointer<Element>.allocate(capacity: larger)
        unsafe moved.moveInitialize(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = moved
        capacity = larger
    }
}

// Unchecked for the pointer: it is the one owner's (`~Copyable`), so whoever hands an arena to another
// thread keeps nothing of it. One that several threads read at once is a `let`, and reading changes nothing.
extension Arena: @unchecked Sendable where Element: Sendable {}
