/// An object whose members keep their order.
///
///     var object: JSONObject = ["b": 1, "a": 2]
///     object["b"] = 3
///     object.keys  // ["b", "a"]
///
/// Keys are equal when their code units are, not when they are canonically equivalent as Swift
/// strings: `é` in one code point and in two are two keys, as in every other JSON implementation.
public struct JSONObject: Sendable {
    /// One member.
    public typealias Member = (key: String, value: JSONValue)

    private var members: [Member] = []
    /// Key → place, made when there are more members than a scan finds fast.
    private var places: [CodeUnits: Int] = [:]
    private static let scanMax = 8

    /// An object without members.
    public init() {}

    /// Members in order, whose keys the caller knows to differ: no index is made until one is looked
    /// for by assignment.
    package init(distinct members: [Member]) { self.members = members }

    /// Members in order; of repeated keys the last value stands.
    public init(_ members: some Sequence<Member>) {
        for (key, value) in members { self[key] = value }
    }

    /// The value of `key`, or nil. Assigning replaces the value in place or appends the member;
    /// assigning nil removes it.
    public subscript(key: String) -> JSONValue? {
        get { place(of: key).map { members[$0].value } }
        set {
            if places.isEmpty, members.count > Self.scanMax { rebuild() }
            if let place = place(of: key) {
                if let newValue {
                    members[place].value = newValue
                } else {
                    members.remove(at: place)
                    rebuild()
                }
            } else if let newValue {
                append(key, newValue)
            }
        }
    }

    /// Adds a member that the caller knows is not there yet.
    package mutating func append(_ key: String, _ value: JSONValue) {
        if members.count >= Self.scanMax {
            if places.isEmpty { rebuild() }
            places[CodeUnits(key)] = members.count
        }
        members.append((key, value))
        if members.count == Self.scanMax + 1, places.count < members.count { rebuild() }
    }

    /// Makes room for `count` members.
    public mutating func reserveCapacity(_ count: Int) { members.reserveCapacity(count) }

    /// The keys in order.
    public var keys: [String] { members.map(\.key) }

    private func place(of key: String) -> Int? {
        if members.count > Self.scanMax, !places.isEmpty { return places[CodeUnits(key)] }
        return members.firstIndex { $0.key.hasSameCodeUnits(as: key) }
    }

    private mutating func rebuild() {
        places.removeAll(keepingCapacity: true)
        guard members.count > Self.scanMax - 1 else { return }
        for (place, member) in members.enumerated() { places[CodeUnits(member.key)] = place }
    }
}

extension JSONObject: RandomAccessCollection {
    /// The first member's place.
    public var startIndex: Int { 0 }
    /// One past the last member's place.
    public var endIndex: Int { members.count }
    /// The member at `position`.
    public subscript(position: Int) -> Member { members[position] }
}

extension JSONObject: Equatable {
    /// Equal when the same keys have equal values, in whatever order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Members in order; of repeated keys the last value stands.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements.map { (key: $0.0, value: $0.1) })
    }
}

/// A string that is compared and hashed by its code units.
package struct CodeUnits: Hashable, Sendable {
    package let string: String

    package init(_ string: String) { self.string = string }

    package static func == (left: CodeUnits, right: CodeUnits) -> Bool {
        left.string.hasSameCodeUnits(as: right.string)
    }

    package func hash(into hasher: inout Hasher) {
        var copy = string
        copy.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Equality as every JSON and ECMAScript implementation has it: unit by unit, where `==` would
    /// also accept canonically equivalent text.
    package func hasSameCodeUnits(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }
}
